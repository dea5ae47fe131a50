// SPDX-License-Identifier: MIT
#include "checks/check.hpp"

#include "events/format.hpp"

namespace mpulab {

CheckResult passed(std::string name, uint64_t looked_at, std::string message) {
    CheckResult result;
    result.name = std::move(name);
    result.looked_at = looked_at;
    result.message = std::move(message);
    return result;
}

CheckResult nothing_seen(std::string name, std::string what) {
    CheckResult result;
    result.name = std::move(name);
    result.status = CheckStatus::Error;
    result.message = "nothing to look at: " + std::move(what);
    return result;
}

CheckResult failed(const CheckInput& input, std::string name, uint64_t looked_at, std::string message,
                   std::string expected, std::string seen, std::optional<uint64_t> record) {
    CheckResult result;
    result.name = std::move(name);
    result.status = CheckStatus::Failed;
    result.looked_at = looked_at;
    result.message = std::move(message);
    result.expected = std::move(expected);
    result.seen = std::move(seen);
    result.record = record;
    if (record) {
        result.time_ns = input.log.records()[*record].time_ns;
        result.around = format_around(input.log, *record);
    }
    return result;
}

std::optional<uint64_t> render_run_time(const CheckInput& input) {
    const uint64_t corr = MPULAB_CORR(MPULAB_CORR_STEP, input.run.render_run_step);
    for (const mpulab_record& record : input.log.records()) {
        if (record.kind == MPULAB_KIND_STEP_END && record.corr == corr) return record.time_ns;
    }
    return std::nullopt;
}

std::vector<CheckResult> run_checks(const CheckInput& input) {
    std::vector<CheckResult> results = {check_integrity(input), check_steps(input), check_wire_bytes(input),
                                        check_wire_times(input)};
    if (input.run.capture) {
        results.push_back(check_injected(input));
        results.push_back(check_captured(input));
        results.push_back(check_interrupts(input));
    }
    results.push_back(check_nothing_lost(input));
    results.push_back(check_findings(input));
    return results;
}

} // namespace mpulab
