// SPDX-License-Identifier: MIT
// never, count and follows: what comes, how often, after what, and between what.
#include "harness/checks/judged.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("never and count look at records of a kind, and at their words") {
    CHECK(status_of("  - never: WIRE_OUT\n") == CheckStatus::Failed);
    CHECK(status_of("  - never: WIRE_OUT\n    a: 0x55\n") == CheckStatus::Passed);
    CHECK(status_of("  - count: WIRE_OUT\n    a: 0x3c\n    exactly: 2\n") == CheckStatus::Passed);
    CHECK(status_of("  - count: WIRE_OUT\n    at-least: 10\n") == CheckStatus::Failed);
    CHECK(status_of("  - count: WIRE_OUT\n    at-most: 8\n") == CheckStatus::Failed);
    CHECK(status_of("  - count: WIRE_OUT\n    unit: 1\n    at-most: 0\n") == CheckStatus::Passed);
    CHECK(status_of("  - count: OVERRUN\n") == CheckStatus::Failed); // without a bound: at least one
}

TEST_CASE("a word may be given by its name") {
    CHECK(status_of("  - count: CALL_ENTER\n    a: InterruptRoutine\n") == CheckStatus::Passed);
    const CheckResult none = Judged().one("  - never: CALL_LEAVE\n    a: InterruptRoutine\n    b: STATUS_SUCCESS\n");
    CHECK(none.status == CheckStatus::Failed);
    CHECK_THAT(none.message, ContainsSubstring("of CALL_LEAVE a=InterruptRoutine b=STATUS_SUCCESS"));
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

namespace {

constexpr const char* kNeverBetween =
    "  - never: OVERRUN\n    between: IRQ\n    between-a: 1\n    and: IRQ\n    and-a: 0\n";

/// A stretch from the line's rise to its fall with a record of `inside` in it, and one of `outside` after it.
Judged stretch(uint16_t inside, uint16_t outside) {
    Judged judged;
    judged.before_the_end([&](LogBuilder& log) {
        log.at(850 * kMs).add(MPULAB_KIND_IRQ, 1, 9).add(inside).add(MPULAB_KIND_IRQ, 0, 9).add(outside);
    });
    return judged;
}

} // namespace

TEST_CASE("never between looks inside every stretch from the one to the next other, and nowhere else") {
    CHECK(stretch(MPULAB_KIND_CUE, MPULAB_KIND_OVERRUN).one(kNeverBetween).status == CheckStatus::Passed);
    const CheckResult result = stretch(MPULAB_KIND_OVERRUN, MPULAB_KIND_CUE).one(kNeverBetween);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "1 of OVERRUN in 3 stretches between IRQ a=1 and IRQ a=0");
    CHECK(result.time_ns == 850 * kMs);
}

TEST_CASE("a stretch that nothing ends goes on to the end") {
    Judged judged;
    judged.before_the_end(
        [](LogBuilder& log) { log.at(850 * kMs).add(MPULAB_KIND_IRQ, 1, 9).add(MPULAB_KIND_OVERRUN); });
    CHECK(judged.one(kNeverBetween).status == CheckStatus::Failed);
}

TEST_CASE("a second opening inside a stretch is inside it, and can be what must not come") {
    Judged twice;
    twice.before_the_end([](LogBuilder& log) {
        log.at(850 * kMs).add(MPULAB_KIND_CUE, 1).add(MPULAB_KIND_CUE, 1).add(MPULAB_KIND_MODE);
    });
    CHECK(twice.one("  - never: CUE\n    between: CUE\n    and: MODE\n").status == CheckStatus::Failed);
}

TEST_CASE("never between with no stretch, or only empty ones, had nothing to look at") {
    CHECK(status_of("  - never: OVERRUN\n    between: FAULT\n    and: IRQ\n") == CheckStatus::Error);
    Judged empty;
    empty.before_the_end([](LogBuilder& log) { log.add(MPULAB_KIND_CUE).add(MPULAB_KIND_MODE); });
    const CheckResult result = empty.one("  - never: OVERRUN\n    between: CUE\n    and: MODE\n");
    CHECK(result.status == CheckStatus::Error);
    CHECK(result.message == "nothing to look at: no record lies between CUE and MODE");
}
