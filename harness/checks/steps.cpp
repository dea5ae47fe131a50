// SPDX-License-Identifier: MIT
// Every step of the score that began has ended, each with a success status.
#include "checks/check.hpp"

#include "events/names.hpp"

#include <fmt/format.h>
#include <map>

namespace mpulab {

bool step_failed(uint64_t status) {
    constexpr uint64_t kStatusTimeout = 0x102;
    return (status & 0x80000000u) != 0 || status == kStatusTimeout;
}

CheckResult check_steps(const RunView& view) {
    uint64_t ended = 0;
    std::map<uint64_t, uint64_t> open; // corr → record of STEP_BEGIN
    for (const mpulab_record& record : view.log.records()) {
        if (record.kind == MPULAB_KIND_STEP_BEGIN) open[record.corr] = record.seq;
        if (record.kind != MPULAB_KIND_STEP_END) continue;
        open.erase(record.corr);
        ++ended;
        if (step_failed(record.b) && !view.may_fail.contains(MPULAB_CORR_NUMBER(record.corr))) {
            return failed(view.log, "steps", ended,
                          fmt::format("step {} ({}) failed", MPULAB_CORR_NUMBER(record.corr), opcode_name(record.a)),
                          "a success status", status_name(record.b), record.seq);
        }
    }
    if (ended == 0 && open.empty()) return nothing_seen("steps", "no step of the score began");
    if (!open.empty()) {
        const auto& [corr, record] = *open.begin();
        return failed(view.log, "steps", ended,
                      fmt::format("step {} ({}) never ended", MPULAB_CORR_NUMBER(corr),
                                  opcode_name(view.log.records()[record].a)),
                      "its STEP_END", "none", record);
    }
    return passed("steps", ended, fmt::format("{} steps played", ended));
}

} // namespace mpulab
