// SPDX-License-Identifier: MIT
// Ticks to nanoseconds, exactly. Each expected time is a product or a sum one can do by hand.
#include "midi/tempo_map.hpp"

#include "support/catch.hpp"

using namespace mpulab;

namespace {

Division quarters(uint32_t ticks) {
    Division division;
    division.ticks_per_quarter = ticks;
    return division;
}

Division frames(uint32_t rate, uint32_t scale, uint32_t ticks) {
    Division division;
    division.frame_rate = rate;
    division.frame_scale = scale;
    division.ticks_per_frame = ticks;
    return division;
}

} // namespace

TEST_CASE("without a tempo event a quarter note takes half a second") {
    TempoMap map(quarters(96), {});
    CHECK(map.time_ns(0) == 0);
    CHECK(map.time_ns(96) == 500'000'000);
    CHECK(map.time_ns(960) == 5'000'000'000);
}

TEST_CASE("a time that is no whole number of nanoseconds is rounded down") {
    TempoMap map(quarters(96), {}); // 5,208,333.33 ns a tick
    CHECK(map.time_ns(1) == 5'208'333);
    CHECK(map.time_ns(2) == 10'416'666);
    CHECK(map.time_ns(3) == 15'625'000);
}

TEST_CASE("a tick that is no whole number of nanoseconds does not drift in eighteen hours") {
    TempoMap map(quarters(7), {{0, 333'333}});
    for (uint64_t quarter = 1; quarter <= 200'000; ++quarter) {
        if (map.time_ns(quarter * 7) != quarter * 333'333'000) FAIL("quarter " << quarter);
    }
}

TEST_CASE("a million tempo changes at fractions of a nanosecond do not add up to an error") {
    std::vector<TempoChange> changes; // 1 us, 2 us, 1 us … a quarter, each for a third of it: 1,000 ns in two ticks
    for (uint64_t tick = 0; tick < 1'000'000; ++tick)
        changes.push_back({tick, static_cast<uint32_t>(1 + tick % 2)});
    TempoMap map(quarters(3), changes);
    for (uint64_t pair = 1; pair <= 500'000; ++pair) {
        if (map.time_ns(pair * 2) != pair * 1000) FAIL("tick " << pair * 2);
    }
}

TEST_CASE("a tempo change counts from its own tick on") {
    TempoMap map(quarters(100), {{100, 1'000'000}, {200, 100'000}});
    CHECK(map.time_ns(99) == 495'000'000);
    CHECK(map.time_ns(100) == 500'000'000);
    CHECK(map.time_ns(101) == 510'000'000);
    CHECK(map.time_ns(200) == 1'500'000'000);
    CHECK(map.time_ns(300) == 1'600'000'000);
}

TEST_CASE("of several changes at one tick the last one counts, also at tick 0") {
    TempoMap map(quarters(100), {{0, 7}, {0, 1'000'000}, {100, 1}, {100, 2'000'000}});
    CHECK(map.time_ns(100) == 1'000'000'000);
    CHECK(map.time_ns(200) == 3'000'000'000);
}

TEST_CASE("the same tick may be asked for again") {
    TempoMap map(quarters(100), {{100, 1'000'000}});
    CHECK(map.time_ns(150) == 1'000'000'000);
    CHECK(map.time_ns(150) == 1'000'000'000);
}

TEST_CASE("drop-frame time is exact: 30,000 frames in 1001 seconds") {
    TempoMap map(frames(30'000, 1'001, 80), {{0, 1}}); // and no tempo changes it
    CHECK(map.time_ns(80) == 33'366'666);
    CHECK(map.time_ns(30'000 * 80) == 1'001'000'000'000);
}

TEST_CASE("times that 64 bits of nanoseconds cannot hold are said to be later than all") {
    TempoMap slow(quarters(1), {{0, 0xffffff}});
    CHECK(slow.time_ns(uint64_t{1} << 50) == UINT64_MAX);
    TempoMap smpte(frames(24, 1, 1), {});
    CHECK(smpte.time_ns(uint64_t{1} << 60) == UINT64_MAX);
}
