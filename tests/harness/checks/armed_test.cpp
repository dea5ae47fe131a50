// SPDX-License-Identifier: MIT
// A run whose checkers did not catch what was planted for them is no green run.
#include "checks/log_selftest.hpp"
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("a run in which each family's checker fired is armed, and says how many defects were planted") {
    const CheckResult result = GoodRun().check(check_armed);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 7 + log_selftest().tried.size());
    CHECK(result.message == "23 planted defects, each told by its rule, in 8 families");
}

TEST_CASE("a checker that did not tell its planted defect makes the run the bench's error, by name") {
    GoodRun good;
    good.log.nth(MPULAB_KIND_SELFTEST, 1).b = 0;
    const CheckResult result = good.check(check_armed);
    CHECK(result.status == CheckStatus::Error);
    CHECK(result.message.find("V52, any of pool;") != std::string::npos);
}

TEST_CASE("a family that nothing was planted for is missed") {
    GoodRun good;
    good.log.nth(MPULAB_KIND_SELFTEST, 4).a = 1; // V08, the only one of deadlock
    const CheckResult result = good.check(check_armed);
    CHECK(result.status == CheckStatus::Error);
    CHECK(result.message.find("any of deadlock;") != std::string::npos);
}

TEST_CASE("where portcls.sys is loaded its rules and those of power are awaited, too") {
    GoodRun good;
    good.log.drop_all(MPULAB_KIND_RUN_ENDED);
    good.log.module("portcls.sys", kDriver + 0x100000, 0x8000);
    CHECK(good.check(check_armed).message.find("any of power, any of portcls;") != std::string::npos);
    good.log.add(MPULAB_KIND_SELFTEST, 44, 1).add(MPULAB_KIND_SELFTEST, 73, 1);
    CHECK(good.check(check_armed).status == CheckStatus::Passed);
}

TEST_CASE("a log without the guest's own test, or with rules that are not there, says nothing") {
    GoodRun none;
    none.log.drop_all(MPULAB_KIND_SELFTEST);
    CHECK(none.check(check_armed).status == CheckStatus::Error);
    none.log.add(MPULAB_KIND_SELFTEST, 85, 1).add(MPULAB_KIND_SELFTEST, 0, 1);
    CHECK(none.check(check_armed).status == CheckStatus::Error);
}

TEST_CASE("each rule that is judged over the log alone tells the log that breaks it") {
    std::vector<uint32_t> judged;
    for (const RuleInfo& rule : known_rules()) {
        const bool by_checks = rule.number >= 27 && rule.number <= 29; // wire and captured: comparisons of this run's
        const bool other_half = rule.number == 4; // stops the guest, and what is inline in the driver the log shows
        if ((rule.judged == JudgedBy::Log || rule.judged == JudgedBy::Both || other_half) && !by_checks)
            judged.push_back(rule.number);
    }
    CHECK(log_selftest().tried == judged);
    CHECK(log_selftest().missed.empty());
}
