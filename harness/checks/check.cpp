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

CheckResult not_applicable(std::string name, std::string why) {
    CheckResult result;
    result.name = std::move(name);
    result.status = CheckStatus::NotApplicable;
    result.message = std::move(why);
    return result;
}

CheckResult failed(const EventLog& log, std::string name, uint64_t looked_at, std::string message, std::string expected,
                   std::string seen, std::optional<uint64_t> record) {
    CheckResult result;
    result.name = std::move(name);
    result.status = CheckStatus::Failed;
    result.looked_at = looked_at;
    result.message = std::move(message);
    result.expected = std::move(expected);
    result.seen = std::move(seen);
    result.record = record;
    if (record) {
        result.time_ns = log.records()[*record].time_ns;
        result.around = format_around(log, *record);
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
    constexpr const char* kNoWire = "the package has no hardware: there is no wire to look at";
    constexpr const char* kNoRender = "the driver has no render pin for MIDI";
    const SongRun& run = input.run;
    // A check that a package gives nothing to says so in the place where it would stand.
    const auto unless = [&input](const char* name, const char* why, auto check) {
        return why == nullptr ? check(input) : not_applicable(name, why);
    };
    const char* no_out = !run.wire ? kNoWire : !run.render ? kNoRender : nullptr;
    const char* no_wire = !run.wire ? kNoWire : nullptr;
    const char* no_interrupt = run.interrupt ? no_wire : "the INF's LogConfig gives the card no interrupt";
    std::vector<CheckResult> results = {check_integrity(input), check_steps(input),
                                        unless("wire", no_out, check_wire_bytes),
                                        unless("times", no_out, check_wire_times)};
    if (run.capture) {
        results.push_back(unless("injected", no_wire, check_injected));
        results.push_back(check_captured(input));
        results.push_back(unless("interrupts", no_interrupt, check_interrupts));
    }
    results.push_back(unless("nothing-lost", no_wire, check_nothing_lost));
    results.push_back(check_findings(input));
    results.push_back(check_armed(input));
    if (run.counters_step != 0) results.push_back(check_counters(input));
    return results;
}

} // namespace mpulab
