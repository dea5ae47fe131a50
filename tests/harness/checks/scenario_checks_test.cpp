// SPDX-License-Identifier: MIT
// Each check of a scenario over a run in which all is well, and over one with the defect it is for.
#include "harness/checks/judged.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("integrity, steps, findings and armed come first, then the checks in their order, named by their line") {
    const auto results = Judged().all("  - wire-equals: written\n  - never: OVERRUN\n");
    REQUIRE(results.size() == 6);
    CHECK(results[0].name == "integrity");
    CHECK(results[1].name == "steps");
    CHECK(results[2].name == "findings");
    CHECK(results[3].name == "armed");
    CHECK(results[4].name == "wire-equals:7");
    CHECK(results[5].name == "never:8");
    for (const CheckResult& result : results)
        CHECK(result.status == CheckStatus::Passed);
}

TEST_CASE("wire-equals passes for the bytes that came, and for no others") {
    CHECK(status_of("  - wire-equals: 90 3c 40 91 3e 41 80 3c 00\n") == CheckStatus::Passed);
    CHECK(status_of("  - wire-equals: nothing\n") == CheckStatus::Failed);
    const CheckResult result = Judged().one("  - wire-equals: 90 3c 40 91 3e 42 80 3c 00\n");
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.looked_at == 5);
    CHECK_THAT(result.expected, StartsWith("42"));
    CHECK_THAT(result.seen, StartsWith("41"));
    CHECK(result.record);
    CHECK(status_of("  - wire-equals: 90 3c 40\n") == CheckStatus::Failed);
    CHECK(status_of("  - wire-equals: 90 3c 40 91 3e 41 80 3c 00 00\n") == CheckStatus::Failed);
}

TEST_CASE("wire-contains counts where the bytes stand one after the other") {
    CHECK(status_of("  - wire-contains: 40 91\n") == CheckStatus::Passed);
    CHECK(status_of("  - wire-contains: 3c\n    times: 2\n") == CheckStatus::Passed);
    CHECK(status_of("  - wire-contains: 3c\n    times: 1\n") == CheckStatus::Failed);
    CHECK(status_of("  - wire-contains: 90 40\n") == CheckStatus::Failed);
}

TEST_CASE("captured-equals compares what reads gave") {
    CHECK(status_of("  - captured-equals: injected\n") == CheckStatus::Passed);
    Judged lost;
    lost.good.log.drop_all(MPULAB_KIND_CAPTURED);
    CHECK(lost.one("  - captured-equals: nothing\n").status == CheckStatus::Error); // nobody read
    lost.run.read_pins["capture"] = {0, {}};
    CHECK(lost.one("  - captured-equals: injected\n").status == CheckStatus::Failed);
    CHECK(lost.one("  - captured-equals: nothing\n").status == CheckStatus::Passed);
}

TEST_CASE("all that was written, or injected, is an error where nothing was") {
    Judged judged;
    judged.run.written.clear();
    judged.run.injected.clear();
    CHECK(judged.one("  - wire-equals: written\n").status == CheckStatus::Error);
    CHECK(judged.one("  - captured-equals: injected\n").status == CheckStatus::Error);
}

TEST_CASE("only a comparison with all that went in is of the rules' (V27, V29)") {
    CHECK(Judged().one("  - wire-equals: written\n").all_bytes);
    CHECK(Judged().one("  - captured-equals: injected\n").all_bytes);
    CHECK_FALSE(Judged().one("  - wire-equals: 90 3c 40\n").all_bytes);
    CHECK_FALSE(Judged().one("  - captured-equals: nothing\n").all_bytes);
}

TEST_CASE("captured-equals of a pin looks at that pin's reads, and at what its own card was given") {
    Judged judged;
    for (size_t i = 0; i < 2; ++i) // 6 bytes of one read step, 3 of another
        judged.good.log.nth(MPULAB_KIND_CAPTURED, i).corr = MPULAB_CORR(MPULAB_CORR_STEP, 6 + i);
    judged.run.injected[1] = judged.good.song.wire;
    judged.run.read_pins["other"] = {1, {6, 7}};
    judged.run.read_pins["capture"] = {0, {6}};
    const auto status = [&](const std::string& check) {
        std::vector<Complaint> complaints;
        auto scenarios = parse_scenarios(
            "scenario: x\nsteps:\n  - open: capture\n  - read: capture\n  - open: capture\n    as: other\n"
            "  - read: other\nchecks:\n" +
                check,
            "a.yaml", {}, complaints);
        for (const Complaint& complaint : complaints)
            FAIL(complaint.text());
        const EventLog log = judged.good.log.log();
        return run_scenario_checks(scenario_view(log, scenarios.at(0), judged.run), scenarios.at(0), judged.run)
            .back()
            .status;
    };
    CHECK(status("  - captured-equals: injected\n    of: other\n") == CheckStatus::Passed);
    CHECK(status("  - captured-equals: injected\n    of: capture\n") == CheckStatus::Failed);
    judged.run.injected[1].pop_back();
    CHECK(status("  - captured-equals: injected\n    of: other\n") == CheckStatus::Failed);
}

TEST_CASE("a step must end with the status it was expected to end with, and the message names the file's line") {
    Judged judged;
    judged.run.expected[3] = {"close (a.yaml:9)", 0xc0000184};
    const auto results = judged.all("  - never: OVERRUN\n");
    CHECK(results[1].status == CheckStatus::Failed);
    CHECK_THAT(results[1].message, StartsWith("close (a.yaml:9) ended with another status"));
    CHECK_THAT(results[1].expected, ContainsSubstring("0xc0000184"));
}

TEST_CASE("a finding fails a scenario, unless it asks for that rule, and then its absence does") {
    Judged judged;
    judged.before_the_end([](LogBuilder& log) { log.add(MPULAB_KIND_FINDING, 20, 1, 0).name("pool never freed"); });
    CHECK(judged.all("  - never: OVERRUN\n")[2].status == CheckStatus::Failed);
    CHECK(judged.all("  - finding: 20\n")[2].status == CheckStatus::Passed);
    CHECK(judged.all("  - finding: 21\n")[2].status == CheckStatus::Failed);
    CHECK(Judged().all("  - finding: 20\n")[2].status == CheckStatus::Failed);
}

TEST_CASE("without a card what needs the wire is not applicable, never passed") {
    Judged judged;
    judged.run.wire = false;
    for (const char* check : {"  - wire-equals: written\n", "  - wire-contains: 90\n", "  - interrupts: claimed\n",
                              "  - nothing-lost: true\n", "  - fifo: rx\n", "  - registers: never-read-empty\n"})
        CHECK(judged.one(check).status == CheckStatus::NotApplicable);
}
