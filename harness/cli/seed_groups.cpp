// SPDX-License-Identifier: MIT
#include "cli/seed_groups.hpp"

#include "checks/named_checks.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

using Json = nlohmann::ordered_json;

bool is_over_seeds(const nlohmann::json& check) {
    return check.at("verb") == "interrupts" && check.at("interrupts") == kOverSeeds;
}

Verdict verdict_of(CheckStatus status) {
    return status == CheckStatus::Passed   ? Verdict::Passed
           : status == CheckStatus::Failed ? Verdict::Failed
                                           : Verdict::Error;
}

/// "18 passed, 2 failed".
std::string counts_text(const std::map<std::string, size_t>& verdicts) {
    std::string text;
    for (const auto& [verdict, runs] : verdicts)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", runs, verdict);
    return text;
}

} // namespace

std::vector<Scenario> expand_seeds(std::vector<Scenario> scenarios, std::optional<uint32_t> seeds) {
    std::vector<Scenario> all;
    for (Scenario& scenario : scenarios) {
        if (seeds) scenario.seeds = *seeds;
        for (uint32_t i = 0; i < scenario.seeds; ++i) {
            all.push_back(scenario);
            all.back().seed_index = i;
            all.back().seed = scenario.seed + i;
            if (scenario.seeds > 1) all.back().name += fmt::format("[seed={}]", all.back().seed);
        }
    }
    return all;
}

SeedGroups::SeedGroups(const std::vector<Scenario>& scenarios, bool over_seeds) : over_seeds_(over_seeds) {
    for (const Scenario& scenario : scenarios) {
        if (scenario.seed_index == 0) groups_.push_back({&scenario, 0, {}, {}});
        ++groups_.back().left;
        group_of_.push_back(groups_.size() - 1);
    }
}

std::optional<SeedSummary> SeedGroups::add(size_t index, const RunFacts& facts, Verdict verdict) {
    Group& group = groups_.at(group_of_.at(index));
    group.interrupts.add(facts.interrupts);
    ++group.verdicts[verdict_name(verdict)];
    if (--group.left != 0 || group.first->seeds == 1) return std::nullopt;
    return summary(group);
}

SeedSummary SeedGroups::summary(const Group& group) const {
    const Scenario& first = *group.first;
    SeedSummary result;
    result.name = first.name.substr(0, first.name.rfind("[seed="));
    result.file = first.file;
    result.text = fmt::format("seeds   {:<28} {} seeds from {} on: {}\n{}", result.name, first.seeds, first.seed,
                              counts_text(group.verdicts), interrupts_text(group.interrupts));
    Json checks = Json::array();
    for (const nlohmann::json& check : first.checks) {
        if (!over_seeds_ || !is_over_seeds(check)) continue;
        const CheckResult judged = check_interrupts_over_seeds(group.interrupts, check);
        checks.push_back(check_json(judged));
        result.text += check_text(judged);
        const Verdict verdict = verdict_of(judged.status);
        // The driver's failure outweighs a check without anything to look at.
        if (verdict == Verdict::Passed || result.verdict == Verdict::Failed) continue;
        if (result.verdict == Verdict::Error && verdict == Verdict::Error) continue;
        result.verdict = verdict;
        result.reason = fmt::format("{}: {}", judged.name, judged.message);
    }
    result.document = {{"mpulab_seeds", kResultVersion},
                       {"scenario", {{"path", result.file.string()}, {"name", result.name}}},
                       {"verdict", verdict_name(result.verdict)},
                       {"reason", result.reason},
                       {"first_seed", first.seed},
                       {"seeds", first.seeds},
                       {"runs", group.verdicts},
                       {"interrupts", interrupts_json(group.interrupts)},
                       {"checks", std::move(checks)}};
    return result;
}

} // namespace mpulab
