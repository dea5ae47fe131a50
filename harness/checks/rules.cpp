// SPDX-License-Identifier: MIT
#include "checks/rules.hpp"

#include "common/error.hpp"
#include "common/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace mpulab {
namespace {

enum class Group : size_t { // index into known_rule_groups()
#define NANONT_RULE_GROUP(NAME, name, what) NAME,
#include "nanont/include/nanont_rules.def"
};

std::string group_name(Group group) {
    return known_rule_groups()[static_cast<size_t>(group)].name;
}

/// A rule by its id or its name.
const RuleInfo* find_rule(std::string_view word) {
    for (const RuleInfo& rule : known_rules()) {
        if (equal_ignoring_ascii_case(rule.id(), word) || equal_ignoring_ascii_case(rule.name, word)) return &rule;
    }
    return nullptr;
}

const RuleGroup* find_group(std::string_view word) {
    for (const RuleGroup& group : known_rule_groups()) {
        if (equal_ignoring_ascii_case(group.name, word)) return &group;
    }
    return nullptr;
}

std::string group_names() {
    std::string list;
    for (const RuleGroup& group : known_rule_groups())
        list += (list.empty() ? "" : ", ") + group.name;
    return list;
}

[[noreturn]] void refuse(std::string what, std::string next) {
    throw Error("verifier: " + std::move(what), std::move(next), ExitCode::Usage);
}

/// The rules that can be switched, all of them.
RuleSet switchable() {
    RuleSet rules;
    for (const RuleInfo& rule : known_rules())
        rules[rule.number] = rule.can_be_off();
    return rules;
}

/// Rules that one word means.
RuleSet meant_by(std::string_view word, bool away) {
    RuleSet rules;
    if (find_group(word) != nullptr) {
        bool checked = false;
        for (const RuleInfo& rule : known_rules()) {
            const bool in_it = equal_ignoring_ascii_case(rule.group, word);
            rules[rule.number] = in_it && rule.can_be_off();
            checked |= in_it && rule.has_checker();
        }
        if (!checked) refuse(fmt::format("the rules of {} have no checker to switch", word), "leave it out");
        if (away && rules.none()) {
            refuse(fmt::format("the rules of {} cannot be switched off: where they are broken the guest cannot go on",
                               word),
                   "leave it out");
        }
        return rules;
    }
    const RuleInfo* rule = find_rule(word);
    if (rule == nullptr) {
        refuse(fmt::format("'{}' is neither a rule nor a group of rules", word),
               fmt::format("take all, none, V01 to V{}, or one of {}; \"mpulab rules\" lists them", kRules,
                           group_names()));
    }
    if (away && rule->judged == JudgedBy::Stops) {
        refuse(fmt::format("{} ({}) cannot be switched off: where it is broken the guest cannot go on", rule->id(),
                           rule->name),
               "leave it out");
    }
    if (!rule->has_checker()) {
        refuse(fmt::format("{} ({}) has no checker to switch: {}", rule->id(), rule->name, rule->how), "leave it out");
    }
    rules[rule->number] = rule->can_be_off();
    return rules;
}

} // namespace

std::string RuleInfo::id() const {
    return fmt::format("V{:02}", number);
}

bool RuleInfo::has_checker() const {
    return judged != JudgedBy::Driven && judged != JudgedBy::Nobody;
}

bool RuleInfo::can_be_off() const {
    return has_checker() && judged != JudgedBy::Stops;
}

const std::vector<RuleGroup>& known_rule_groups() {
    static const std::vector<RuleGroup> groups = {
#define NANONT_RULE_GROUP(NAME, name, what) {name, what},
#include "nanont/include/nanont_rules.def"
    };
    return groups;
}

const std::vector<RuleInfo>& known_rules() {
    static const std::vector<RuleInfo> rules = {
#define NANONT_RULE(number, name, GROUP, JUDGED, rule, windows, how)                                                   \
    {number, name, group_name(Group::GROUP), JudgedBy::JUDGED, rule, windows, how},
#include "nanont/include/nanont_rules.def"
    };
    return rules;
}

std::string_view judged_word(JudgedBy judged) {
    switch (judged) {
    case JudgedBy::Guest:
        return "guest";
    case JudgedBy::Stops:
        return "guest, stops";
    case JudgedBy::Log:
        return "log";
    case JudgedBy::Both:
        return "guest and log";
    case JudgedBy::Driven:
        return "driven";
    case JudgedBy::Nobody:
        return "not covered";
    }
    return "not covered";
}

RuleSet parse_verifier(std::string_view text) {
    RuleSet on;
    std::map<std::string, bool> seen; // word → was it taken away
    bool first = true;
    for (size_t at = 0; at <= text.size(); first = false) {
        const size_t comma = std::min(text.find(',', at), text.size());
        std::string_view word = text.substr(at, comma - at);
        at = comma + 1;
        while (!word.empty() && word.front() == ' ')
            word.remove_prefix(1);
        while (!word.empty() && word.back() == ' ')
            word.remove_suffix(1);
        const bool away = !word.empty() && word.front() == '-';
        if (away) word.remove_prefix(1);
        if (word.empty()) refuse(fmt::format("'{}' has an empty word", text), "example: --verifier all,-V16");
        const bool whole = equal_ignoring_ascii_case(word, "all") || equal_ignoring_ascii_case(word, "none");
        if (whole && (!first || away)) {
            refuse(fmt::format("'{}' stands behind other words or after a minus in '{}'", word, text),
                   "begin with all or none, and add or take away from there");
        }
        std::string key(word);
        std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
        if (const RuleInfo* rule = whole ? nullptr : find_rule(word)) key = rule->id();
        if (const auto [entry, fresh] = seen.emplace(key, away); !fresh) {
            refuse(fmt::format("{} is given {} in '{}'", word,
                               entry->second == away ? "twice" : "both with and without a minus", text),
                   "give it once");
        }
        if (first && (equal_ignoring_ascii_case(word, "all") || away)) on = switchable();
        if (whole) continue;
        const RuleSet rules = meant_by(word, away);
        if (rules.any() && (away ? on & rules : rules & ~on).none()) {
            refuse(fmt::format("{}{} changes nothing in '{}'", away ? "-" : "", word, text),
                   fmt::format("leave it out: it is {} there", away ? "off" : "on"));
        }
        on = away ? on & ~rules : on | rules;
    }
    return switchable() & ~on;
}

std::string verifier_text(const RuleSet& off) {
    if (off.none()) return "all";
    if (off == switchable()) return "none";
    std::string text = "all";
    for (const RuleInfo& rule : known_rules()) {
        if (off[rule.number]) text += ",-" + rule.id();
    }
    return text;
}

std::string rules_text() {
    std::string out = "# The rules a driver is held to\n\n"
                      "Written by `mpulab rules` from `nanont/include/nanont_rules.def`; do not edit.\n\n"
                      "All that can be judged are on. `--verifier` of `mpulab play` and `mpulab run`, and `verifier:` "
                      "in a scenario, take\n"
                      "`all`, `none`, or a list of groups and rules: `deadlock,V16`; a minus takes away: `all,-V24`. A "
                      "run's result says of\n"
                      "each rule whether it passed, fired, was never exercised, was off or is not covered, and how "
                      "often it could have fired.\n\n"
                      "| group | what it looks at | rules |\n|---|---|---|\n";
    for (const RuleGroup& group : known_rule_groups()) {
        std::string rules;
        for (const RuleInfo& rule : known_rules()) {
            if (rule.group == group.name) rules += (rules.empty() ? "" : ", ") + rule.id();
        }
        out += fmt::format("| {} | {} | {} |\n", group.name, group.what, rules);
    }
    out +=
        "\nEach run proves that the rules can fire: before the driver is loaded nanont and portcls.sys do themselves "
        "what a rule of\neach family is to catch (SELFTEST records), and the harness walks a log that breaks it for "
        "each of its own. The check\n*armed* says so, or makes the run the bench's error; `mpulab selftest` does it "
        "with real drivers.\n"
        "\nJudged by: *guest*, nanont, which tells a finding and goes on; *guest, stops*, nanont, which ends the "
        "run with\n"
        "Windows' bugcheck and cannot be switched off; *log*, the harness over the event log; *driven*, no checker "
        "of its own.\n\n"
        "| rule | name | group | judged by | what must hold | Windows gives | how, or why not |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const RuleInfo& rule : known_rules()) {
        out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", rule.id(), rule.name, rule.group,
                           judged_word(rule.judged), rule.rule, rule.windows, rule.how);
    }
    return out;
}

nlohmann::ordered_json rules_json() {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const RuleInfo& rule : known_rules()) {
        list.push_back({{"rule", rule.id()},
                        {"name", rule.name},
                        {"group", rule.group},
                        {"judged_by", judged_word(rule.judged)},
                        {"holds", rule.rule},
                        {"windows", rule.windows},
                        {"how", rule.how}});
    }
    return list;
}

} // namespace mpulab
