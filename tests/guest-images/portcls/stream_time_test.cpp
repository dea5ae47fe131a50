// SPDX-License-Identifier: MIT
// Stream time, presentation times, capture stamps.
#include "portcls/stream_time.hpp"

#include <support/catch.hpp>

using portcls::StreamClock;

TEST_CASE("stream time is 0 when RUN begins and advances in RUN only") {
    StreamClock clock;
    CHECK(clock.time(5'000) == 0);
    clock.run(10'000);
    CHECK(clock.time(10'000) == 0);
    CHECK(clock.time(10'700) == 700);
    clock.pause(11'000);
    CHECK(clock.time(99'000) == 1'000);
    clock.run(200'000);
    CHECK(clock.time(200'500) == 1'500);
}

TEST_CASE("RUN twice does not set the time back, and STOP does") {
    StreamClock clock;
    clock.run(100);
    clock.run(900);
    CHECK(clock.time(1'000) == 900);
    clock.reset();
    CHECK_FALSE(clock.running());
    CHECK(clock.time(5'000) == 0);
}

TEST_CASE("a presentation time is Time times Numerator by Denominator in 100 ns") {
    int64_t result = -1;
    REQUIRE(portcls::presentation_time(1'234'567, 1, 1, result));
    CHECK(result == 1'234'567);
    REQUIRE(portcls::presentation_time(3, 10'000'000, 2, result));
    CHECK(result == 15'000'000);
    REQUIRE(portcls::presentation_time(-7, 10'000, 1, result));
    CHECK(result == -70'000);
    REQUIRE(portcls::presentation_time(7, 1, 2, result));
    CHECK(result == 3);
}

TEST_CASE("Time 0 is 0 whatever the fraction, as clients send it in a zeroed header") {
    int64_t result = -1;
    CHECK(portcls::presentation_time(0, 0, 0, result));
    CHECK(result == 0);
}

TEST_CASE("a fraction with a 0 in it is no time") {
    int64_t result = -1;
    CHECK_FALSE(portcls::presentation_time(1, 1, 0, result));
    CHECK_FALSE(portcls::presentation_time(1, 0, 1, result));
}

TEST_CASE("hostile presentation times saturate") {
    int64_t result = 0;
    REQUIRE(portcls::presentation_time(INT64_MAX, 0xffffffff, 1, result));
    CHECK(result == INT64_MAX);
    REQUIRE(portcls::presentation_time(INT64_MIN, 0xffffffff, 1, result));
    CHECK(result == -INT64_MAX);
    REQUIRE(portcls::presentation_time(INT64_MAX, 0xffffffff, 0xffffffff, result));
    CHECK(result == INT64_MAX);
    REQUIRE(portcls::presentation_time(INT64_MIN, 0xfffffffe, 0xffffffff, result));
    CHECK(result < 0);
}

TEST_CASE("capture stamps are milliseconds rounded up, and never run backwards") {
    CHECK(portcls::capture_stamp_ms(-5) == 0);
    CHECK(portcls::capture_stamp_ms(0) == 0);
    CHECK(portcls::capture_stamp_ms(1) == 1);
    CHECK(portcls::capture_stamp_ms(10'000) == 1);
    CHECK(portcls::capture_stamp_ms(10'001) == 2);
    CHECK(portcls::capture_stamp_ms(INT64_MAX) == UINT32_MAX);
}
