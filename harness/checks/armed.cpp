// SPDX-License-Identifier: MIT
// armed: the verifier's checkers have fired on what was planted for them in this run: in the guest before the driver
// was loaded (SELFTEST records), in the harness over logs that break its rules. One that did not, or a family without
// any, is the bench's error: "no rule broken" would mean nothing.
#include "checks/check.hpp"
#include "checks/log_selftest.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

/// Planted by portcls.sys, which a run without PortCls drivers lacks.
constexpr const char* kOfPortcls[] = {"portcls", "power"};

bool has_portcls(const EventLog& log) {
    return std::ranges::any_of(log.modules(), [](const Module& module) { return module.name == "portcls.sys"; });
}

bool has_guest_checker(const RuleGroup& group) {
    return std::ranges::any_of(known_rules(), [&](const RuleInfo& rule) {
        return rule.group == group.name && rule.has_checker() && rule.judged != JudgedBy::Log;
    });
}

std::string listed(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

} // namespace

CheckResult check_armed(const RunView& view) {
    constexpr const char* kName = "armed";
    std::set<std::string> fired; // families
    std::vector<std::string> missed;
    uint64_t planted = 0;
    for (const mpulab_record& record : view.log.records()) {
        if (record.kind != MPULAB_KIND_SELFTEST || record.a < 1 || record.a > kRules) continue;
        const RuleInfo& rule = known_rules()[record.a - 1];
        ++planted;
        if (record.b != 0) fired.insert(rule.group);
        if (record.b == 0) missed.push_back(rule.id());
    }
    if (planted == 0) return nothing_seen(kName, "the guest has not tested its own rules: there is no SELFTEST record");
    for (const RuleGroup& group : known_rule_groups()) {
        const bool of_portcls = std::ranges::find(kOfPortcls, group.name) != std::end(kOfPortcls);
        if (!has_guest_checker(group) || fired.contains(group.name) || (of_portcls && !has_portcls(view.log))) continue;
        if (group.name != "card") missed.push_back("any of " + group.name);
    }
    const LogSelftest& log = log_selftest();
    for (const uint32_t rule : log.missed)
        missed.push_back(known_rules()[rule - 1].id() + " (over the log)");
    planted += log.tried.size();
    for (const uint32_t rule : log.tried)
        fired.insert(known_rules()[rule - 1].group);
    if (!missed.empty()) {
        CheckResult result = nothing_seen(kName, "");
        result.message = fmt::format("planted defects that no checker told, so that its silence means nothing: {}; "
                                     "\"mpulab selftest\" says more",
                                     listed(missed));
        return result;
    }
    return passed(kName, planted,
                  fmt::format("{} planted defects, each told by its rule, in {} families", planted, fired.size()));
}

} // namespace mpulab
