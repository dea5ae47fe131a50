// SPDX-License-Identifier: MIT
// interrupts: check_interrupts(), and how many were taken, how soon, for how long, how many bytes each brought, and
// whether they came in a storm, and whether a rise of the line stood too long before anybody came for it. Over seeds:
// the same bounds for the interrupts of all of them together.
#include "checks/bounds.hpp"
#include "checks/interrupts.hpp"
#include "scenario/values.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;

/// A key that starts with `prefix` stands there.
bool bounds_any(const Json& check, const std::string& prefix) {
    for (const auto& [key, value] : check.items()) {
        if (key.starts_with(prefix)) return true;
    }
    return false;
}

std::optional<uint64_t> last_interrupt(const EventLog& log) {
    const auto records = log.records();
    for (size_t i = records.size(); i-- > 0;) {
        if (records[i].kind == MPULAB_KIND_INTERRUPT) return i;
    }
    return std::nullopt;
}

std::string summary(const InterruptStatistics& numbers) {
    std::string text;
    const auto add = [&text](const char* what, const Distribution& seen, const char* unit) {
        if (seen.count() != 0) text += fmt::format("; {} {}", what, percentiles_text(seen, unit));
    };
    add("latency", numbers.latency_ns, " ns");
    add("duration", numbers.duration_ns, " ns");
    add("bytes", numbers.bytes, "");
    return text;
}

/// Whether there is nothing that the check bounds.
std::optional<CheckResult> nothing_measured(const Json& check, const InterruptStatistics& numbers) {
    const std::pair<const char*, const Distribution*> measured[] = {
        {"latency-", &numbers.latency_ns}, {"duration-", &numbers.duration_ns}, {"bytes-", &numbers.bytes}};
    for (const auto& [prefix, seen] : measured) {
        if (bounds_any(check, prefix) && seen->count() == 0)
            return nothing_seen(name_of_check(check), fmt::format("there is nothing to take {}* from", prefix));
    }
    return std::nullopt;
}

std::vector<Bound> count_bounds(const InterruptStatistics& numbers, std::optional<uint64_t> last) {
    return {{"at-least", "the number of interrupts taken", numbers.taken, false, false, last},
            {"at-most", "the number of interrupts taken", numbers.taken, true, false, last},
            {"unserviced", "the longest that a rise of the line stood unserviced", numbers.unserviced_ns, true, true,
             numbers.rises == 0 ? std::nullopt : std::optional(numbers.unserviced_at)}};
}

std::vector<Bound> measured_bounds(const InterruptStatistics& numbers, std::optional<uint64_t> last) {
    std::vector<Bound> bounds = time_bounds("latency", numbers.latency_ns, numbers.slowest);
    for (Bound& bound : time_bounds("duration", numbers.duration_ns, numbers.longest))
        bounds.push_back(std::move(bound));
    bounds.push_back(
        {"bytes-least", "what the least of the interrupts brought", numbers.bytes.min(), false, false, last});
    bounds.push_back({"bytes-most", "what the most of the interrupts brought", numbers.bytes.max(), true, false, last});
    return bounds;
}

} // namespace

CheckResult check_interrupts_over_seeds(const InterruptStatistics& numbers, const Json& check) {
    const std::string name = name_of_check(check);
    if (numbers.taken == 0) return nothing_seen(name, "no interrupt was taken under any seed");
    if (const auto nothing = nothing_measured(check, numbers)) return *nothing;
    std::vector<Bound> bounds = count_bounds(numbers, std::nullopt);
    for (Bound& bound : measured_bounds(numbers, std::nullopt))
        bounds.push_back(std::move(bound));
    if (const Bound* broken = find_broken(check, bounds)) return broken_bound(check, numbers.taken, *broken);
    return passed(name, numbers.taken, fmt::format("{} taken", numbers.taken) + summary(numbers));
}

CheckResult check_interrupt_bounds(const RunView& view, const Json& check) {
    CheckResult result = check_interrupts(view);
    result.name = name_of_check(check);
    if (result.status == CheckStatus::Failed) return result;
    const InterruptStatistics numbers = interrupt_statistics(view.log, view.unit);
    // To see none is what was asked for.
    if (check.contains("at-most") && numbers.taken == 0)
        result = passed(name_of_check(check), view.log.records().size(), "no interrupt was taken");
    if (check.contains("unserviced") && numbers.rises == 0)
        return nothing_seen(name_of_check(check), "the card's line never rose");
    const std::optional<uint64_t> last = last_interrupt(view.log);
    const uint64_t looked_at = result.looked_at;
    if (const auto broken = first_broken(view.log, check, looked_at, count_bounds(numbers, last))) return *broken;
    if (result.status != CheckStatus::Passed) return result;
    if (const auto nothing = nothing_measured(check, numbers)) return *nothing;
    std::vector<Bound> bounds = measured_bounds(numbers, last);
    if (check.contains("storm")) {
        const uint64_t within = check.at("within").get<uint64_t>();
        uint64_t end = 0;
        const uint64_t most = densest_interrupts(view.log, view.unit, within, end);
        bounds.push_back({"storm",
                          fmt::format("the most interrupts within {}", time_text(static_cast<int64_t>(within))), most,
                          true, false, most == 0 ? std::nullopt : std::optional(end)});
    }
    if (const auto broken = first_broken(view.log, check, looked_at, bounds)) return *broken;
    result.message += summary(numbers);
    return result;
}

} // namespace mpulab
