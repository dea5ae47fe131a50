// SPDX-License-Identifier: MIT
// The rules a driver is held to (guest-images/nanont/include/nanont_rules.def), and which of them a run has switched
// off.
#pragma once

#include <bitset>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace mpulab {

enum class JudgedBy {
    Guest,  // nanont: a FINDING, and it goes on
    Stops,  // nanont: a bugcheck; cannot be switched off
    Log,    // the harness, over the event log
    Both,   // nanont and the harness
    Driven, // no checker of its own: scenarios and tests bring it about
    Nobody, // not covered
};

struct RuleGroup {
    std::string name; // "deadlock"
    std::string what;
};

struct RuleInfo {
    uint32_t number = 0;
    std::string name; // "lock-order"
    std::string group;
    JudgedBy judged = JudgedBy::Nobody;
    std::string rule;    // what must hold
    std::string windows; // what Driver Verifier or the kernel gives there; "-": nothing
    std::string how;     // it is judged, or why not

    std::string id() const;   // "V08"
    bool has_checker() const; // somebody looks
    bool can_be_off() const;
};

inline constexpr size_t kRules = 84;
using RuleSet = std::bitset<kRules + 1>; // by number; bit 0 is never set

/// In the order of their numbers.
const std::vector<RuleInfo>& known_rules();
const std::vector<RuleGroup>& known_rule_groups();

/// "guest", "guest, stops", "log", …
std::string_view judged_word(JudgedBy judged);

/// What `--verifier` and a scenario's `verifier` say: "all", "none", or a list of groups and rules ("deadlock,V16"), a
/// minus before one takes it away ("all,-V16"; a list that begins with a minus starts from all). The rules that are off
/// then. Throws Error with ExitCode::Usage that names the word and what there is: an unknown one, one given twice or
/// both ways, one that cannot be switched off.
RuleSet parse_verifier(std::string_view text);

/// The rules in words that parse_verifier() takes: "all", "none", "all,-V16".
std::string verifier_text(const RuleSet& off);

/// mpulab rules: the page guest-images/verifier.md; the rules as JSON.
std::string rules_text();
nlohmann::ordered_json rules_json();

} // namespace mpulab
