// SPDX-License-Identifier: MIT
// An event's first byte starts within 1.1 ms of its time, or as soon as the wire is free.
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// The run with the last event's three bytes moved.
CheckResult shifted(int64_t by_ns) {
    GoodRun good;
    for (size_t i = 6; i < 9; ++i) {
        good.log.nth(kOut, i).time_ns += static_cast<uint64_t>(by_ns);
        good.log.nth(kOut, i).b += static_cast<uint64_t>(by_ns);
    }
    return good.check(check_wire_times);
}

} // namespace

TEST_CASE("events at their times are passed, one that waits for the wire too") {
    const CheckResult result = GoodRun().check(check_wire_times);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 3); // the second of the two at 0 starts when the first has left
    CHECK(result.message == "3 events, the worst 0 us off");
}

TEST_CASE("an event 1.1 ms off is passed, one a nanosecond more is late or early") {
    CHECK(shifted(1'100'000).status == CheckStatus::Passed);
    CHECK(shifted(1'100'000).message == "3 events, the worst 1100 us off");
    CHECK(shifted(-1'100'000).status == CheckStatus::Passed);
    const CheckResult late = shifted(1'100'001);
    CHECK(late.status == CheckStatus::Failed);
    CHECK(late.message == "event 2 is 1100 us late");
    CHECK(late.expected == "0.610000000 s, within 1100 us");
    CHECK(late.seen == "0.611100001 s");
    const CheckResult early = shifted(-1'100'001);
    CHECK(early.status == CheckStatus::Failed);
    CHECK(early.message == "event 2 is 1100 us early");
}

TEST_CASE("a late event is shown with its place") {
    GoodRun good;
    good.log.nth(kOut, 6).time_ns += 150'000'000;
    for (size_t i = 7; i < 9; ++i)
        good.log.nth(kOut, i).time_ns += 150'000'000;
    const CheckResult result = good.check(check_wire_times);
    CHECK(result.status == CheckStatus::Failed);
    check_place(good, result, kOut);
    CHECK(result.time_ns == kSongNs + 650 * kMs);
}

TEST_CASE("an event that follows another without a gap on a busy wire is due when the wire is free") {
    GoodRun good;
    good.song = song_of({{0, "90 3c 40"}, {100'000, "91 3e 41"}, {500 * kMs, "80 3c 00"}});
    CHECK(good.check(check_wire_times).message == "3 events, the worst 0 us off");
    for (size_t i = 3; i < 6; ++i) { // but not when it dawdles behind it
        good.log.nth(kOut, i).time_ns += 1'200'000;
        good.log.nth(kOut, i).b += 1'200'000;
    }
    CHECK(good.check(check_wire_times).message == "event 1 is 1200 us late");
}

TEST_CASE("an event behind one whose bytes were held up is late by that much") {
    GoodRun good;
    good.song = song_of({{0, "90 3c 40"}, {100'000, "91 3e 41"}, {500 * kMs, "80 3c 00"}});
    const auto stall = [&](uint64_t ns) { // the first event stops before its last byte
        for (size_t i = 2; i < 6; ++i) {
            good.log.nth(kOut, i).time_ns += ns;
            good.log.nth(kOut, i).b += ns;
        }
        return good.check(check_wire_times).message;
    };
    CHECK(stall(1'000'000) == "3 events, the worst 0 us off");
    CHECK(stall(1'300'000) == "event 1 is 1200 us late");
}

TEST_CASE("the song's time counts from the end of the step that set the render pin to RUN, plus the lead") {
    GoodRun good;
    good.run.lead_ns = 12 * kMs;
    CHECK(good.check(check_wire_times).message == "event 0 is 2000 us early");
    GoodRun other;
    other.log.nth(MPULAB_KIND_STEP_END, 1).time_ns -= 5 * kMs;
    CHECK(other.check(check_wire_times).message == "event 0 is 5000 us late");
    CHECK(other.check(render_run_time) == kRunNs - 5 * kMs);
}

TEST_CASE("a render pin that never ran and a wire that stayed still are nothing to look at") {
    GoodRun never;
    never.run.render_run_step = 99;
    CHECK(never.check(check_wire_times).status == CheckStatus::Error);
    CHECK(never.check(check_wire_times).message == "nothing to look at: the render pin never ran");
    GoodRun still;
    still.log.drop_all(kOut);
    CHECK(still.check(check_wire_times).message == "nothing to look at: no event of the song went out");
}
