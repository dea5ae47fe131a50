// SPDX-License-Identifier: MIT
#include "midi/traffic.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <set>

using namespace mpulab;

TEST_CASE("each kind gives at least the bytes asked for, and the same for the same seed") {
    for (const std::string& name : traffic_names()) {
        INFO(name);
        const Traffic kind = traffic_by_name(name);
        const Song song = draw_traffic(kind, 7, 500, 320'000);
        CHECK(song.wire.size() >= 500);
        CHECK(draw_traffic(kind, 7, 500, 320'000).wire == song.wire);
        if (kind == Traffic::TempoClock) continue; // one byte again and again: only its times differ
        CHECK(draw_traffic(kind, 8, 500, 320'000).wire != song.wire);
    }
}

TEST_CASE("events are as long as their pace allows, one behind the other") {
    const Song song = draw_traffic(Traffic::Mix, 1, 1000, 100);
    uint64_t due = 0;
    uint32_t offset = 0;
    for (const SongEvent& event : song.events) {
        CHECK(event.time_ns == due);
        CHECK(event.offset == offset);
        due += event.size * 100ull;
        offset += event.size;
    }
    CHECK(offset == song.wire.size());
}

TEST_CASE("notes have full status, running status leaves some out, clock is real-time alone") {
    const Song notes = draw_traffic(Traffic::Notes, 3, 300, 0);
    for (const SongEvent& event : notes.events)
        CHECK((event.size == 3 && (notes.wire[event.offset] & 0xe0) == 0x80));
    const Song running = draw_traffic(Traffic::RunningStatus, 3, 300, 0);
    CHECK(std::any_of(running.events.begin(), running.events.end(), [](const SongEvent& e) { return e.size == 2; }));
    CHECK(running.wire[0] >= 0x80); // the first has its status
    const Song clock = draw_traffic(Traffic::Clock, 3, 300, 0);
    CHECK(std::all_of(clock.wire.begin(), clock.wire.end(), [](uint8_t byte) { return byte >= 0xf8; }));
}

TEST_CASE("a SysEx begins with F0, ends with F7, and has data bytes between") {
    const Song song = draw_traffic(Traffic::SysEx, 5, 3000, 0);
    for (const SongEvent& event : song.events) {
        CHECK(song.wire[event.offset] == 0xf0);
        CHECK(song.wire[event.offset + event.size - 1] == 0xf7);
        for (uint32_t i = 1; i + 1 < event.size; ++i)
            CHECK(song.wire[event.offset + i] < 0x80);
    }
}

TEST_CASE("a SysEx is up to 64 KB long, short ones most often, and no longer than what is left to draw") {
    size_t longest = 0, shortest = SIZE_MAX;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        const Song song = draw_traffic(Traffic::SysEx, seed, 200'000, 0);
        CHECK(song.wire.size() <= 200'000 + 22); // a short one at the most
        for (const SongEvent& event : song.events) {
            longest = std::max<size_t>(longest, event.size);
            shortest = std::min<size_t>(shortest, event.size);
        }
    }
    CHECK(shortest == 2);
    CHECK(longest <= 65'536);
    CHECK(longest > 60'000);
}

TEST_CASE("a tempo's clock is 24 bytes a quarter note, all of one tempo between 60 and 240 a minute") {
    std::set<uint64_t> tempi;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        const Song song = draw_traffic(Traffic::TempoClock, seed, 241, 320'000);
        CHECK(std::ranges::all_of(song.wire, [](uint8_t byte) { return byte == 0xf8; }));
        const uint64_t ten_quarters = song.events[240].time_ns;
        CHECK(ten_quarters <= 10'000'000'000);
        CHECK(ten_quarters >= 2'500'000'000);
        CHECK(song.events[24].time_ns - ten_quarters / 10 <= 1);
        tempi.insert(ten_quarters);
    }
    CHECK(tempi.size() > 5);
}

TEST_CASE("active sensing comes every 300 ms at the latest, with notes between") {
    for (const uint64_t pace_ns : {uint64_t{0}, uint64_t{320'000}, uint64_t{50'000'000}}) {
        const Song song = draw_traffic(Traffic::ActiveSensing, 3, 2'000, pace_ns);
        uint64_t last = 0, notes = 0, sensings = 0;
        for (const SongEvent& event : song.events) {
            if (song.wire[event.offset] != 0xfe) {
                ++notes;
                continue;
            }
            ++sensings;
            CHECK(event.time_ns - last <= 300'000'000);
            last = event.time_ns;
        }
        INFO(pace_ns);
        CHECK(notes > 10);
        CHECK(sensings > 10);
    }
}

TEST_CASE("real-time bytes stand inside messages") {
    const Song song = draw_traffic(Traffic::Realtime, 5, 600, 0);
    CHECK(std::any_of(song.events.begin(), song.events.end(), [&](const SongEvent& event) {
        const ByteView bytes = song.bytes_of(event);
        return std::any_of(bytes.begin() + 1, bytes.end(), [](uint8_t byte) { return byte >= 0xf8; });
    }));
}

TEST_CASE("a kind that is none is refused") {
    CHECK_THROWS_AS(traffic_by_name("noise"), std::logic_error);
}
