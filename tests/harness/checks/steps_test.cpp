// SPDX-License-Identifier: MIT
// Every step that began has ended, each with success. And: the log is whole.
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("steps that all ended well are passed and counted") {
    const CheckResult result = GoodRun().check(check_steps);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 3);
}

TEST_CASE("a step that failed is found, with its number, name and status") {
    for (const uint64_t status :
         {0xc000000dull, 0x80000005ull, 0xffffffffc000000dull}) { // error, warning, sign-extended
        GoodRun good;
        good.log.nth(MPULAB_KIND_STEP_END, 2).b = status;
        const CheckResult result = good.check(check_steps);
        CHECK(result.status == CheckStatus::Failed);
        CHECK(result.message == "step 3 (CLOSE) failed");
        CHECK(result.expected == "a success status");
        CHECK_THAT(result.seen, StartsWith(status == 0x80000005 ? "0x80000005" : "0xc000000d"));
        check_place(good, result, MPULAB_KIND_STEP_END);
    }
}

TEST_CASE("a wait that timed out is a step that failed, though NT counts STATUS_TIMEOUT as success") {
    GoodRun good;
    good.log.at(790 * kMs).step(4, MPULAB_OP_WAIT_CAPTURED, 0x102);
    const CheckResult result = good.check(check_steps);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "step 4 (WAIT_CAPTURED) failed");
    CHECK(result.seen == "0x00000102 STATUS_TIMEOUT");
}

TEST_CASE("other success statuses are no failure") {
    GoodRun good;
    good.log.nth(MPULAB_KIND_STEP_END, 2).b = 0x40000000; // STATUS_OBJECT_NAME_EXISTS, informational
    CHECK(good.check(check_steps).status == CheckStatus::Passed);
}

TEST_CASE("a step that never ended is found where it began, a write that ends after others is not one") {
    GoodRun good;
    good.log.at(200 * kMs).begin_step(4, MPULAB_OP_WRITE);
    const CheckResult result = good.check(check_steps);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "step 4 (WRITE) never ended");
    check_place(good, result, MPULAB_KIND_STEP_BEGIN);
    good.log.at(799 * kMs).end_step(4, MPULAB_OP_WRITE);
    CHECK(good.check(check_steps).status == CheckStatus::Passed);
}

TEST_CASE("a score of which no step began is nothing to look at") {
    GoodRun good;
    good.log.drop_all(MPULAB_KIND_STEP_BEGIN).drop_all(MPULAB_KIND_STEP_END);
    const CheckResult result = good.check(check_steps);
    CHECK(result.status == CheckStatus::Error);
    CHECK(result.message == "nothing to look at: no step of the score began");
}

TEST_CASE("a whole log is passed with the number of its records") {
    const GoodRun good;
    const CheckResult result = good.check(check_integrity);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == good.log.records().size());
}

TEST_CASE("a log with a gap, without its end or of another seed is an error of the bench") {
    const GoodRun good;
    const auto integrity = [&good](const std::vector<mpulab_record>& records) {
        const EventLog log = EventLog::from_bytes(LogBuilder::bytes_of(records));
        return check_integrity(CheckInput{log, good.song, good.run, good.seed});
    };
    auto gap = good.log.records();
    gap.erase(gap.begin() + 5);
    CHECK(integrity(gap).status == CheckStatus::Error);
    CHECK_THAT(integrity(gap).message, ContainsSubstring("record 6 where record 5 must come"));
    auto cut = good.log.records();
    cut.pop_back();
    CHECK_THAT(integrity(cut).message, ContainsSubstring("without RUN_ENDED"));
    auto seed = good.log.records();
    seed[0].a = 43;
    CHECK(integrity(seed).status == CheckStatus::Error);
    CHECK(integrity(seed).message == "the machine ran with seed 43, asked for was 42");
    auto start = good.log.records();
    start[0].kind = MPULAB_KIND_TEXT;
    CHECK(integrity(start).message == "the first record is not RUN_STARTED");
    CHECK(integrity({}).status == CheckStatus::Error);
}
