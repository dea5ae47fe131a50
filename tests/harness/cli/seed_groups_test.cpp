// SPDX-License-Identifier: MIT
// Several seeds of a scenario: a run each, and one judgement over all their interrupts.
#include "cli/seed_groups.hpp"

#include "support/catch.hpp"

using namespace mpulab;

namespace {

Scenario scenario(const std::string& more) {
    std::vector<Complaint> complaints;
    auto found = parse_scenarios("scenario: x\nseed: 10\nsteps:\n  - marker: 1\nchecks:\n  - never: OVERRUN\n" + more,
                                 "a.yaml", {}, complaints);
    for (const Complaint& complaint : complaints)
        FAIL(complaint.text());
    return found.at(0);
}

Scenario three_seeds(const std::string& check = "") {
    return scenario(check + "seeds: 3\n");
}

/// A run with one interrupt of this latency; 0: without any.
RunFacts run(uint64_t latency_ns) {
    RunFacts facts;
    if (latency_ns == 0) return facts;
    facts.interrupts.taken = 1;
    facts.interrupts.latency_ns.add(latency_ns);
    return facts;
}

/// Three runs of these latencies, all of them passed.
SeedSummary over(const std::string& check, std::vector<uint64_t> latencies, bool over_seeds = true) {
    const auto scenarios = expand_seeds({three_seeds(check)}, std::nullopt);
    SeedGroups groups(scenarios, over_seeds);
    CHECK(!groups.add(0, run(latencies[0]), Verdict::Passed));
    CHECK(!groups.add(2, run(latencies[2]), Verdict::Passed)); // in any order
    return groups.add(1, run(latencies[1]), Verdict::Passed).value();
}

constexpr const char* kWithin2us = "  - interrupts: over-seeds\n    latency-max: 2us\n";

} // namespace

TEST_CASE("seeds: n makes n runs, each with its own seed and name, but one seed changes nothing") {
    const auto all = expand_seeds({three_seeds(), scenario("")}, std::nullopt);
    REQUIRE(all.size() == 4);
    CHECK(all[0].name == "a[seed=10]");
    CHECK(all[2].name == "a[seed=12]");
    CHECK(all[2].seed == 12);
    CHECK(all[3].name == "a");
    CHECK(all[3].seed == 10);
}

TEST_CASE("a number of seeds from outside takes the place of the file's") {
    CHECK(expand_seeds({three_seeds(), scenario("")}, 2).size() == 4);
    CHECK(expand_seeds({three_seeds()}, 1).at(0).name == "a");
}

TEST_CASE("percentiles are of all seeds together, told when the last of them has ended") {
    const SeedSummary summary = over("", {1'000, 3'000, 2'000});
    CHECK(summary.verdict == Verdict::Passed);
    CHECK_THAT(summary.text, StartsWith("seeds   a "));
    CHECK_THAT(summary.text, ContainsSubstring("3 seeds from 10 on: 3 passed\n"));
    CHECK_THAT(summary.text, ContainsSubstring("ISR latency min 1000 / p50 2000 / p95 3000"));
    CHECK(summary.document["interrupts"]["isr_latency_ns"]["p50"] == 2000);
    CHECK(summary.document["seeds"] == 3);
    CHECK(summary.document["runs"]["passed"] == 3);
    CHECK(summary.document["verdict"] == "passed");
}

TEST_CASE("a bound over seeds is kept by all of them together, or broken") {
    CHECK(over(kWithin2us, {1'000, 2'000, 2'000}).verdict == Verdict::Passed);
    const SeedSummary broken = over(kWithin2us, {1'000, 3'000, 2'000});
    CHECK(broken.verdict == Verdict::Failed);
    CHECK(broken.reason == "interrupts:7: the worst latency is 3us");
    CHECK(broken.document["checks"][0]["status"] == "failed");
    CHECK_THAT(broken.text, ContainsSubstring("expected at most 2us"));
    CHECK(over("  - interrupts: over-seeds\n    latency-p50: 2us\n", {1'000, 3'000, 2'000}).verdict == Verdict::Passed);
    CHECK(over("  - interrupts: over-seeds\n    at-least: 4\n", {1'000, 3'000, 2'000}).verdict == Verdict::Failed);
}

TEST_CASE("a bound over seeds with nothing to look at is an error, and with red cues none is judged") {
    CHECK(over(kWithin2us, {0, 0, 0}).verdict == Verdict::Error);
    CHECK(over("  - interrupts: over-seeds\n    duration-max: 2us\n", {1'000, 1'000, 1'000}).verdict == Verdict::Error);
    CHECK(over(kWithin2us, {9'000, 0, 0}, false).verdict == Verdict::Passed);
}

TEST_CASE("runs that did not pass are counted by their verdicts, and one seed has no summary") {
    const auto scenarios = expand_seeds({three_seeds(), scenario("")}, std::nullopt);
    SeedGroups groups(scenarios, true);
    CHECK(!groups.add(3, run(1), Verdict::Passed));
    CHECK(!groups.add(0, run(1), Verdict::Failed));
    CHECK(!groups.add(1, run(1), Verdict::Passed));
    const auto summary = groups.add(2, run(0), Verdict::Crash);
    REQUIRE(summary);
    CHECK_THAT(summary->text, ContainsSubstring("1 crash, 1 failed, 1 passed"));
}
