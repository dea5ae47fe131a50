// SPDX-License-Identifier: MIT
// callback: how often, at which IRQL and for how long an entry point of the driver was called.
#include "harness/checks/judged.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// Write is called at 850 ms for 3 us at DISPATCH_LEVEL, and at 860 ms for 1 us at PASSIVE_LEVEL.
Judged two_writes() {
    Judged judged;
    judged.before_the_end([](LogBuilder& log) {
        log.at(850 * kMs).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_Write, 3, 1, MPULAB_CORR(MPULAB_CORR_STREAM, 1));
        log.last().irql = 2;
        log.at(850 * kMs + 3'000)
            .add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_Write, 0, 3, MPULAB_CORR(MPULAB_CORR_STREAM, 1));
        log.at(855 * kMs).add(MPULAB_KIND_MARKER, 1);
        log.at(860 * kMs).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_Write, 3, 1, MPULAB_CORR(MPULAB_CORR_STREAM, 1));
        log.at(860 * kMs + 1'000)
            .add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_Write, 0, 3, MPULAB_CORR(MPULAB_CORR_STREAM, 1));
    });
    return judged;
}

CheckStatus judged(const std::string& bound) {
    return two_writes().one("  - callback: Write\n    " + bound + "\n").status;
}

} // namespace

TEST_CASE("calls are counted, and their IRQL and duration bounded") {
    CHECK(judged("at-least: 2") == CheckStatus::Passed);
    CHECK(judged("at-least: 3") == CheckStatus::Failed);
    CHECK(judged("at-most: 1") == CheckStatus::Failed);
    CHECK(judged("irql-most: 2") == CheckStatus::Passed);
    CHECK(judged("irql-most: 1") == CheckStatus::Failed);
    CHECK(judged("irql-least: 1") == CheckStatus::Failed);
    CHECK(judged("duration-max: 3us") == CheckStatus::Passed);
    CHECK(judged("duration-p50: 1us") == CheckStatus::Passed);
    CHECK(judged("duration-p99: 2us") == CheckStatus::Failed);
    CHECK(judged("after-marker: 1\n    duration-max: 1us\n    irql-most: 0") == CheckStatus::Passed);
    CHECK(judged("before-marker: 1\n    at-most: 1") == CheckStatus::Passed);
}

TEST_CASE("a bound that is not kept shows the call that broke it") {
    const CheckResult irql = two_writes().one("  - callback: Write\n    irql-most: 1\n");
    CHECK(irql.message == "the highest IRQL of a call is 2");
    CHECK(irql.time_ns == 850 * kMs);
    CHECK(two_writes().one("  - callback: Write\n    duration-max: 2us\n").time_ns == 850 * kMs + 3'000);
}

TEST_CASE("calls of two streams that overlap are each timed to their own return") {
    Judged judged;
    judged.before_the_end([](LogBuilder& log) {
        const uint64_t one = MPULAB_CORR(MPULAB_CORR_STREAM, 1), two = MPULAB_CORR(MPULAB_CORR_STREAM, 2);
        log.at(850 * kMs).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_Read, 0, 0, one);
        log.at(850 * kMs + 100).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_Read, 0, 0, two);
        log.at(850 * kMs + 200).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_Read, 0, 0, one);
        log.at(850 * kMs + 500).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_Read, 0, 0, two);
    });
    CHECK_THAT(judged.one("  - callback: Read\n").message, ContainsSubstring("duration min 200 / p50 200 / p95 400"));
}

TEST_CASE("an entry point that was never called is nothing to look at, unless none was wanted") {
    CHECK(status_of("  - callback: Write\n") == CheckStatus::Error);
    CHECK(status_of("  - callback: Write\n    duration-max: 1s\n") == CheckStatus::Error);
    CHECK(status_of("  - callback: Write\n    at-most: 0\n") == CheckStatus::Passed);
}

TEST_CASE("a duration of calls that never return is nothing to look at") {
    Judged judged;
    judged.before_the_end([](LogBuilder& log) { log.add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_Write); });
    CHECK(judged.one("  - callback: Write\n    at-least: 1\n").status == CheckStatus::Passed);
    CHECK(judged.one("  - callback: Write\n    duration-max: 1s\n").status == CheckStatus::Error);
}
