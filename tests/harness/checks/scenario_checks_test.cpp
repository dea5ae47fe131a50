// SPDX-License-Identifier: MIT
// Each check of a scenario over a run in which all is well, and over one with the defect it is for.
#include "checks/scenario_checks.hpp"

#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// The check as a scenario has it, over a run.
struct Judged {
    GoodRun good;
    ScenarioRun run;

    Judged() { run.written = run.injected = good.song.wire; }

    /// The log goes on where it ended, and ends again.
    template <typename More> void before_the_end(const More& more) {
        good.log.drop_all(MPULAB_KIND_RUN_ENDED);
        more(good.log);
        good.log.ended();
    }

    std::vector<CheckResult> all(const std::string& checks) const {
        std::vector<Complaint> complaints;
        auto scenarios =
            parse_scenarios("scenario: x\nseed: 42\nsteps:\n  - marker: 1\n  - marker: 2\nchecks:\n" + checks, "a.yaml",
                            {}, complaints);
        for (const Complaint& complaint : complaints)
            FAIL(complaint.text());
        const EventLog log = good.log.log();
        return run_scenario_checks(log, scenarios.at(0), run);
    }
    CheckResult one(const std::string& check) const { return all(check).back(); }
};

CheckStatus status_of(const std::string& check) {
    return Judged().one(check).status;
}

} // namespace

TEST_CASE("integrity, steps and findings come first, then the checks in their order, named by their line") {
    const auto results = Judged().all("  - wire-equals: written\n  - never: OVERRUN\n");
    REQUIRE(results.size() == 5);
    CHECK(results[0].name == "integrity");
    CHECK(results[1].name == "steps");
    CHECK(results[2].name == "findings");
    CHECK(results[3].name == "wire-equals:7");
    CHECK(results[4].name == "never:8");
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
    CHECK(lost.one("  - captured-equals: injected\n").status == CheckStatus::Failed);
    CHECK(lost.one("  - captured-equals: nothing\n").status == CheckStatus::Passed);
}

TEST_CASE("interrupts must be claimed, as many as asked for, and as soon") {
    CHECK(
        status_of(
            "  - interrupts: claimed\n    at-least: 2\n    at-most: 2\n    latency-p99: 2us\n    latency-max: 2us\n") ==
        CheckStatus::Passed);
    CHECK(status_of("  - interrupts: claimed\n    at-least: 3\n") == CheckStatus::Failed);
    CHECK(status_of("  - interrupts: claimed\n    at-most: 1\n") == CheckStatus::Failed);
    CHECK(status_of("  - interrupts: claimed\n    latency-max: 1us\n") == CheckStatus::Failed);
    Judged spurious;
    spurious.before_the_end([](LogBuilder& log) { log.at(900 * kMs).add(MPULAB_KIND_INTERRUPT, 7, 0); });
    CHECK(spurious.one("  - interrupts: claimed\n").status != CheckStatus::Passed);
    Judged none;
    none.good.log.drop_all(MPULAB_KIND_INTERRUPT);
    CHECK(none.one("  - interrupts: claimed\n").status == CheckStatus::Error);
    CHECK(none.one("  - interrupts: claimed\n    at-most: 0\n").status == CheckStatus::Passed);
}

TEST_CASE("never and count look at records of a kind, and at their words") {
    CHECK(status_of("  - never: WIRE_OUT\n") == CheckStatus::Failed);
    CHECK(status_of("  - never: WIRE_OUT\n    a: 0x55\n") == CheckStatus::Passed);
    CHECK(status_of("  - count: WIRE_OUT\n    a: 0x3c\n    exactly: 2\n") == CheckStatus::Passed);
    CHECK(status_of("  - count: WIRE_OUT\n    at-least: 10\n") == CheckStatus::Failed);
    CHECK(status_of("  - count: WIRE_OUT\n    at-most: 8\n") == CheckStatus::Failed);
    CHECK(status_of("  - count: WIRE_OUT\n    unit: 1\n    at-most: 0\n") == CheckStatus::Passed);
    CHECK(status_of("  - count: OVERRUN\n") == CheckStatus::Failed); // without a bound: at least one
}

TEST_CASE("markers bound what is looked at, and a stretch without a record is an error, not a pass") {
    Judged judged;
    judged.before_the_end(
        [](LogBuilder& log) { log.add(MPULAB_KIND_MARKER, 1).add(MPULAB_KIND_OVERRUN).add(MPULAB_KIND_MARKER, 2); });
    CHECK(judged.one("  - never: WIRE_OUT\n    after-marker: 1\n    before-marker: 2\n").status == CheckStatus::Passed);
    CHECK(judged.one("  - never: OVERRUN\n    after-marker: 1\n    before-marker: 2\n").status == CheckStatus::Failed);
    CHECK(judged.one("  - never: OVERRUN\n    before-marker: 1\n").status == CheckStatus::Passed);
    CHECK(Judged().one("  - never: OVERRUN\n    after-marker: 1\n").status == CheckStatus::Error); // was never reached
}

TEST_CASE("follows wants one record after each of another, soon enough") {
    CHECK(status_of("  - follows: CALL_ENTER\n    each: IRQ\n    each-a: 1\n    within: 2us\n") == CheckStatus::Passed);
    const CheckResult late = Judged().one("  - follows: CALL_ENTER\n    each: IRQ\n    each-a: 1\n    within: 1us\n");
    CHECK(late.status == CheckStatus::Failed);
    CHECK(late.record);
    CHECK(status_of("  - follows: CALL_ENTER\n    each: OVERRUN\n    within: 1us\n") == CheckStatus::Error);
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
                              "  - nothing-lost: true\n"})
        CHECK(judged.one(check).status == CheckStatus::NotApplicable);
}
