// SPDX-License-Identifier: MIT
#include "cli/selftest.hpp"

#include "checks/log_rules.hpp"
#include "cli/first_look.hpp"
#include "cli/guest.hpp"
#include "cli/parts.hpp"
#include "cli/play_inputs.hpp"
#include "cli/profile.hpp"
#include "common/json_text.hpp"
#include "scenario/plan.hpp"

#include <fmt/format.h>
#include <map>
#include <set>

namespace mpulab {
namespace {

namespace fs = std::filesystem;

struct Planted {
    uint32_t rule;
    const char* driver;
};

constexpr Planted kPlanted[] = {
#define MPULAB_SELFTEST(rule, driver) {rule, driver},
#include "cli/selftests.def"
#undef MPULAB_SELFTEST
};

struct Outcome {
    Planted planted;
    std::string text; // of the finding; empty: the rule did not fire
};

fs::path driver_at(const fs::path& folder, const char* name) {
    const fs::path path = folder / name;
    if (!fs::exists(path)) {
        throw Error(fmt::format("the self-test's driver {} is not there", path.string()),
                    "build it with \"ninja -C build tests/guest-images/all\", or name a folder with --drivers");
    }
    return path;
}

/// What the rules say of a driver that is started and left alone.
RuleBooks books_of(const fs::path& driver) {
    PackageChoice choice;
    choice.driver = driver;
    choice.target = find_profile(kDefaultProfile);
    const Guest guest = make_guest(choice, 1);
    MachineSpec spec = find_machine_parts();
    spec.cards.push_back(card_of(guest.package, {"", {}}));
    const FirstLook look = look_at_driver(guest, spec, {options_section(0)}, watchdog_limits(false));
    if (look.outcome.trouble) throw *look.outcome.trouble;
    if (!look.log) throw Error(fmt::format("{} left no event log", driver.string()), "see \"mpulab doctor\"");
    const std::set<uint64_t> may_fail;
    return judge_rules({*look.log, may_fail});
}

std::string finding_of(const RuleBooks& books, uint32_t rule) {
    for (const RuleFinding& finding : books.told) {
        if (finding.rule == rule) return finding.text;
    }
    return {};
}

std::string group_of(uint32_t rule) {
    return known_rules()[rule - 1].group;
}

/// Groups with a checker, none of whose rules is tried here.
std::vector<std::string> untried_groups() {
    std::set<std::string> tried;
    for (const Planted& planted : kPlanted)
        tried.insert(group_of(planted.rule));
    std::set<std::string> untried;
    for (const RuleInfo& rule : known_rules()) {
        if (rule.has_checker() && !tried.contains(rule.group)) untried.insert(rule.group);
    }
    return {untried.begin(), untried.end()};
}

void print_text(const std::vector<Outcome>& outcomes, const std::vector<std::string>& untried) {
    size_t caught = 0;
    for (const RuleGroup& group : known_rule_groups()) {
        for (const Outcome& outcome : outcomes) {
            if (group_of(outcome.planted.rule) != group.name) continue;
            caught += !outcome.text.empty();
            fmt::print("  {:<7} {:<10} V{:02} {:<20} {}\n", outcome.text.empty() ? "MISSED" : "caught", group.name,
                       outcome.planted.rule, known_rules()[outcome.planted.rule - 1].name,
                       outcome.text.empty() ? outcome.planted.driver : outcome.text);
        }
    }
    for (const std::string& group : untried)
        fmt::print("  MISSED  {:<10} no driver tries a rule of it\n", group);
    fmt::print("self-test: {} of {} planted defects caught\n", caught, outcomes.size());
}

void print_json(const std::vector<Outcome>& outcomes, const std::vector<std::string>& untried) {
    nlohmann::ordered_json json = {{"planted", nlohmann::ordered_json::array()}, {"untried_groups", untried}};
    for (const Outcome& outcome : outcomes) {
        json["planted"].push_back({{"rule", known_rules()[outcome.planted.rule - 1].id()},
                                   {"group", group_of(outcome.planted.rule)},
                                   {"driver", outcome.planted.driver},
                                   {"caught", !outcome.text.empty()},
                                   {"finding", outcome.text}});
    }
    fmt::print("{}\n", json_text(json));
}

} // namespace

ExitCode selftest(const SelftestOptions& options) {
    const fs::path folder = options.drivers.empty() ? find_part(Part::TestDrivers) : options.drivers;
    std::map<std::string, RuleBooks> books; // each driver runs once
    std::vector<Outcome> outcomes;
    bool all = true;
    for (const Planted& planted : kPlanted) {
        auto known = books.find(planted.driver);
        if (known == books.end())
            known = books.emplace(planted.driver, books_of(driver_at(folder, planted.driver))).first;
        outcomes.push_back({planted, finding_of(known->second, planted.rule)});
        all = all && !outcomes.back().text.empty();
    }
    const std::vector<std::string> untried = untried_groups();
    if (options.json) {
        print_json(outcomes, untried);
    } else {
        print_text(outcomes, untried);
    }
    return all && untried.empty() ? ExitCode::Passed : ExitCode::Failed;
}

} // namespace mpulab
