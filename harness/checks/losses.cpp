// SPDX-License-Identifier: MIT
// No byte was lost in the card: no OVERRUN, of the host's latch or of the RX FIFO, and none that came while the card
// did not listen. And no rule was broken: no FINDING, and nothing in the log against those that are judged there.
#include "checks/log_rules.hpp"
#include "events/format.hpp"
#include "events/names.hpp"

#include <fmt/format.h>

namespace mpulab {

CheckResult check_nothing_lost(const RunView& view) {
    constexpr const char* kName = "nothing-lost";
    uint64_t bytes = 0;
    uint64_t lost = 0;
    uint64_t unheard = 0;
    std::optional<uint64_t> first;
    std::optional<uint64_t> first_unheard;
    for (const mpulab_record& record : view.log.records()) {
        if (record.kind == MPULAB_KIND_WIRE_OUT || record.kind == MPULAB_KIND_WIRE_IN) ++bytes;
        if (record.kind == MPULAB_KIND_WIRE_IN && record.corr == 0) { // no RX number: the card did not take it
            ++unheard;
            if (!first_unheard) first_unheard = record.seq;
        }
        if (record.kind == MPULAB_KIND_OVERRUN) {
            ++lost;
            if (!first) first = record.seq;
        }
    }
    if (lost != 0) {
        const mpulab_record& record = view.log.records()[*first];
        return failed(view.log, kName, bytes,
                      fmt::format("{} bytes were lost, the first in the {}", lost, overrun_name(record.a)),
                      "no overrun", fmt::format("byte 0x{:02x} lost", record.b), first);
    }
    if (unheard != 0) {
        const mpulab_record& record = view.log.records()[*first_unheard];
        return failed(
            view.log, kName, bytes,
            fmt::format("{} bytes came to MIDI IN while the card did not listen: the driver had not brought it "
                        "into UART mode, or did not wait until it was ready there",
                        unheard),
            "each byte taken", fmt::format("byte 0x{:02x} not taken at {} s", record.a, format_time(record.time_ns)),
            first_unheard);
    }
    if (bytes == 0) return nothing_seen(kName, "no byte crossed the wire");
    return passed(kName, bytes, fmt::format("{} bytes, none lost in the card", bytes));
}

CheckResult check_findings(const RunView& view) {
    constexpr const char* kName = "findings";
    uint64_t calls = 0;
    for (const mpulab_record& record : view.log.records())
        calls += record.kind == MPULAB_KIND_CALL_ENTER;
    const RuleBooks books = judge_rules(view);
    if (!books.told.empty()) {
        const RuleFinding& first = books.told.front();
        return failed(view.log, kName, calls, first.text, first.expected,
                      fmt::format("{} ({} findings in all)", first.seen, books.all_findings()), first.record);
    }
    if (calls == 0) return nothing_seen(kName, "the driver was never called");
    return passed(kName, calls, fmt::format("{} calls into the driver, no rule broken", calls));
}

} // namespace mpulab
