// SPDX-License-Identifier: MIT
// Runs of one scenario under several seeds, seen as one: percentiles of all their interrupts, and the checks over them.
#pragma once

#include "report/result.hpp"
#include "scenario/scenario.hpp"

#include <map>

namespace mpulab {

/// Each scenario with `seeds: n`, n times, one seed each; `seeds` (of --seeds) in place of the files' own.
std::vector<Scenario> expand_seeds(std::vector<Scenario> scenarios, std::optional<uint32_t> seeds);

/// What a scenario came to under all its seeds.
struct SeedSummary {
    std::string name; // of the scenario, without a seed
    std::filesystem::path file;
    Verdict verdict = Verdict::Passed; // of the checks over seeds; single runs have theirs
    std::string text;                  // for people, with a line each for latency and duration
    std::string reason;                // why it is not green
    nlohmann::ordered_json document;
};

class SeedGroups {
  public:
    /// `scenarios`: as expand_seeds() gave them; without `over_seeds` their checks over seeds are passed over.
    SeedGroups(const std::vector<Scenario>& scenarios, bool over_seeds);

    /// Run `index`, the first of its scenario and seed, has ended. When it was the last of its group: what that came
    /// to.
    std::optional<SeedSummary> add(size_t index, const RunFacts& facts, Verdict verdict);

  private:
    struct Group {
        const Scenario* first = nullptr;
        size_t left = 0;
        std::map<std::string, size_t> verdicts; // runs, by verdict
        InterruptStatistics interrupts;
    };

    SeedSummary summary(const Group& group) const;

    bool over_seeds_;
    std::vector<size_t> group_of_; // of each scenario
    std::vector<Group> groups_;
};

} // namespace mpulab
