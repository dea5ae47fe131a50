// SPDX-License-Identifier: MIT
// What became of each rule in a run: whether it was armed, how often it could have fired, whether it did.
#pragma once

#include "checks/log_rules.hpp"

namespace mpulab {

enum class RuleStatus { Passed, Fired, NotExercised, Off, NotCovered };

struct RuleState {
    uint32_t rule = 0;
    RuleStatus status = RuleStatus::NotCovered;
    uint64_t opportunities = 0;
    uint64_t findings = 0;
};

/// One for each rule, in their order. `checks`: those of the run, for the rules that are checks of their own (V27 to
/// V29).
std::vector<RuleState> rule_states(const RunView& view, const std::vector<CheckResult>& checks);

/// "passed", "fired", "not-exercised", "off", "not-covered".
std::string_view rule_status_word(RuleStatus status);

/// "41 rules exercised, 0 findings; 12 never exercised: V07, …; 2 off: …; 20 not covered".
std::string rule_summary(const std::vector<RuleState>& states);

} // namespace mpulab
