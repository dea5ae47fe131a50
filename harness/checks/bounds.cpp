// SPDX-License-Identifier: MIT
#include "checks/bounds.hpp"

#include "scenario/values.hpp"

#include <fmt/format.h>

namespace mpulab {

std::vector<Bound> time_bounds(const std::string& what, const Distribution& seen, std::optional<uint64_t> record) {
    std::vector<Bound> bounds;
    for (const unsigned percent : {50u, 95u, 99u}) {
        bounds.push_back({fmt::format("{}-p{}", what, percent), fmt::format("percentile {} of {}", percent, what),
                          seen.percentile(percent), true, true, record});
    }
    bounds.push_back({what + "-max", "the worst " + what, seen.max(), true, true, record});
    return bounds;
}

const Bound* find_broken(const nlohmann::json& check, const std::vector<Bound>& bounds) {
    for (const Bound& bound : bounds) {
        if (!check.contains(bound.key)) continue;
        const uint64_t limit = check[bound.key].get<uint64_t>();
        if (bound.at_most ? bound.seen > limit : bound.seen < limit) return &bound;
    }
    return nullptr;
}

CheckResult broken_bound(const nlohmann::json& check, uint64_t looked_at, const Bound& bound) {
    const auto text = [&bound](uint64_t n) {
        return bound.is_time ? time_text(static_cast<int64_t>(n)) : fmt::format("{}", n);
    };
    CheckResult result;
    result.name = name_of_check(check);
    result.status = CheckStatus::Failed;
    result.looked_at = looked_at;
    result.message = fmt::format("{} is {}", bound.what, text(bound.seen));
    result.expected = fmt::format("at {} {}", bound.at_most ? "most" : "least", text(check[bound.key].get<uint64_t>()));
    result.seen = text(bound.seen);
    return result;
}

std::optional<CheckResult> first_broken(const EventLog& log, const nlohmann::json& check, uint64_t looked_at,
                                        const std::vector<Bound>& bounds) {
    const Bound* bound = find_broken(check, bounds);
    if (bound == nullptr) return std::nullopt;
    const CheckResult said = broken_bound(check, looked_at, *bound);
    return failed(log, said.name, said.looked_at, said.message, said.expected, said.seen, bound->record);
}

std::string percentiles_text(const Distribution& seen, const char* unit) {
    return fmt::format("min {} / p50 {} / p95 {} / p99 {} / max {}{}", seen.min(), seen.percentile(50),
                       seen.percentile(95), seen.percentile(99), seen.max(), unit);
}

} // namespace mpulab
