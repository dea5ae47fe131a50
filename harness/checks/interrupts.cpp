// SPDX-License-Identifier: MIT
// Interrupts: some were taken, none was spurious: taken by the kernel, claimed by no routine, and no fault of the
// card's. An edge stays latched when the driver reads the byte before the routine runs, as one may do under the
// interrupt's lock (reference portcls-midi §2.2: the ACK in CallSynchronizedRoutine) or in the routine's own loop: that
// one is excused.
#include "checks/interrupts.hpp"

#include "checks/check.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {

InterruptStatistics interrupt_statistics(const EventLog& log, uint32_t unit) {
    InterruptStatistics numbers;
    std::vector<uint64_t> latencies;
    constexpr uint64_t kNotRisen = UINT64_MAX;
    uint64_t risen = kNotRisen; // time of the first rise that no ISR has answered yet
    bool excused = false;       // a byte was read between its rise and the routine
    for (const mpulab_record& record : log.records()) {
        switch (record.kind) {
        case MPULAB_KIND_INTERRUPT:
            if (record.b != 0) {
                ++numbers.taken;
            } else if (excused) {
                ++numbers.polled;
            } else if (++numbers.spurious == 1) {
                numbers.first_spurious = record.seq;
            }
            if (record.b == 0) excused = false; // one rise excuses one interrupt
            break;
        case MPULAB_KIND_IRQ:
            if (record.unit != unit) break;
            if (record.a == 0) {
                excused = excused || risen != kNotRisen;
                risen = kNotRisen; // somebody took the byte by polling: no routine answers this rise
            } else {
                ++numbers.rises;
                if (risen == kNotRisen) risen = record.time_ns;
            }
            break;
        case MPULAB_KIND_CALL_ENTER:
            if (record.a == MPULAB_CALLBACK_InterruptRoutine && risen != kNotRisen) {
                latencies.push_back(record.time_ns - risen);
                risen = kNotRisen;
            }
            break;
        default:
            break;
        }
    }
    if (latencies.empty()) return numbers;
    std::sort(latencies.begin(), latencies.end());
    const auto rank = [&latencies](size_t percent) { // nearest rank
        return latencies[(latencies.size() * percent + 99) / 100 - 1];
    };
    numbers.latencies = latencies.size();
    numbers.min_ns = latencies.front();
    numbers.p50_ns = rank(50);
    numbers.p99_ns = rank(99);
    numbers.max_ns = latencies.back();
    return numbers;
}

CheckResult check_interrupts(const RunView& view) {
    constexpr const char* kName = "interrupts";
    const InterruptStatistics numbers = interrupt_statistics(view.log, view.unit);
    if (numbers.spurious != 0) {
        return failed(view.log, kName, numbers.taken + numbers.polled + numbers.spurious,
                      fmt::format("{} spurious interrupts beside {} taken", numbers.spurious, numbers.taken),
                      "every interrupt claimed by an ISR", "one that none claimed, though no byte was read before it",
                      numbers.first_spurious);
    }
    if (numbers.taken == 0) return nothing_seen(kName, "no interrupt was taken");
    const std::string polled =
        numbers.polled == 0 ? "" : fmt::format("{} for bytes read before it came, ", numbers.polled);
    return passed(kName, numbers.taken, fmt::format("{} taken, {}0 spurious", numbers.taken, polled));
}

} // namespace mpulab
