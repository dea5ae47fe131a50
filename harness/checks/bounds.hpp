// SPDX-License-Identifier: MIT
// Keys of a check that bound a number: "latency-p99: 20us".
#pragma once

#include "checks/distribution.hpp"
#include "checks/named_checks.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mpulab {

struct Bound {
    std::string key;  // in the scenario
    std::string what; // is bounded: "the worst latency"
    uint64_t seen = 0;
    bool at_most = true; // else at least
    bool is_time = false;
    std::optional<uint64_t> record; // where to look when it is not kept
};

/// "latency-p50" … "latency-max": bounds of a distribution of times; `what`: "latency".
std::vector<Bound> time_bounds(const std::string& what, const Distribution& seen, std::optional<uint64_t> record);

/// The first bound that `check` names and that is not kept; nullptr: there is none.
const Bound* find_broken(const nlohmann::json& check, const std::vector<Bound>& bounds);

/// What a bound that is not kept says, without a place in a log.
CheckResult broken_bound(const nlohmann::json& check, uint64_t looked_at, const Bound& bound);

/// The failure of the first bound that `check` names and that is not kept.
std::optional<CheckResult> first_broken(const EventLog& log, const nlohmann::json& check, uint64_t looked_at,
                                        const std::vector<Bound>& bounds);

/// "min 1240 / p50 1240 / p95 1240 / p99 1247 / max 2928 ns".
std::string percentiles_text(const Distribution& seen, const char* unit);

} // namespace mpulab
