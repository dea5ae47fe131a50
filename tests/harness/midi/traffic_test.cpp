// SPDX-License-Identifier: MIT
#include "midi/traffic.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mpulab;

TEST_CASE("each kind gives at least the bytes asked for, and the same for the same seed") {
    for (const std::string& name : traffic_names()) {
        INFO(name);
        const Traffic kind = traffic_by_name(name);
        const Song song = draw_traffic(kind, 7, 500, 320'000);
        CHECK(song.wire.size() >= 500);
        CHECK(draw_traffic(kind, 7, 500, 320'000).wire == song.wire);
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
