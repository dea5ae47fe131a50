// SPDX-License-Identifier: MIT
// Rules that only the event log shows: what the card saw against what the driver was doing (nanont_rules.def, judged
// Log).
#pragma once

#include "checks/check.hpp"
#include "events/code_place.hpp"

#include <array>

namespace mpulab {

/// One breach of a rule, by the guest or by the log.
struct RuleFinding {
    uint32_t rule = 0;
    uint64_t record = 0; // where: its number
    std::string text;    // "V14: an ISR read …"
    std::string seen;
    std::string expected;
    std::vector<CodePlace> places = {}; // in the driver, where it was broken first: find_places()
};

/// What was looked at, and what was found, by rule number.
struct RuleBooks {
    std::array<uint64_t, kRules + 1> looks{};
    std::array<uint64_t, kRules + 1> findings{};
    std::vector<RuleFinding> told; // in the log's order; each rule's first kMostTold

    static constexpr size_t kMostTold = 16;
    uint64_t all_findings() const;
    void found(RuleFinding finding);
    void add(RuleBooks more);
};

/// The rules that are judged here, all but those of view.off.
RuleBooks judge_log_rules(const RunView& view);

/// All of a run: the guest's findings and counts, the log's rules. view.books where there are any.
RuleBooks judge_rules(const RunView& view);

} // namespace mpulab
