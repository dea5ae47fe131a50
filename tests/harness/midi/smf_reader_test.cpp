// SPDX-License-Identifier: MIT
// Standard MIDI Files that are right. The two songs and the split SysEx are those printed in the SMF 1.0 specification.
#include "harness/midi/smf_lines.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kMs = 1'000'000;

Bytes specification_format_0() {
    return joined(header(0, 1, 96), chunk("MTrk", hex("00 ff 58 04 04 02 18 08  00 ff 51 03 07 a1 20"
                                                      "00 c0 05  00 c1 2e  00 c2 46  00 92 30 60  00 3c 60"
                                                      "60 91 43 40  60 90 4c 20  81 40 82 30 40  00 3c 40"
                                                      "00 81 43 40  00 80 4c 40  00 ff 2f 00")));
}

Bytes specification_format_1() {
    return smf(1,
               {chunk("MTrk", hex("00 ff 58 04 04 02 18 08  00 ff 51 03 07 a1 20  83 00 ff 2f 00")),
                chunk("MTrk", hex("00 c0 05  81 40 90 4c 20  81 40 4c 00  00 ff 2f 00")),
                chunk("MTrk", hex("00 c1 2e  60 91 43 40  82 20 43 00  00 ff 2f 00")),
                chunk("MTrk", hex("00 c2 46  00 92 30 60  00 3c 60  83 00 30 00  00 3c 00  00 ff 2f 00"))},
               96);
}

std::vector<uint64_t> times_of(const Song& song) {
    std::vector<uint64_t> times;
    for (const SongEvent& event : song.events)
        times.push_back(event.time_ns);
    return times;
}

} // namespace

TEST_CASE("the specification's format 0 song is read event by event, running status written out") {
    const Song song = read(specification_format_0());
    CHECK(song.format == 0);
    CHECK(song.tracks == 1);
    CHECK(song.notes.empty());
    CHECK(lines_of(song) == Lines{"0 0 c0 05", "0 0 c1 2e", "0 0 c2 46", "0 0 92 30 60", "0 0 92 3c 60",
                                  "96 0 91 43 40", "192 0 90 4c 20", "384 0 82 30 40", "384 0 82 3c 40",
                                  "384 0 81 43 40", "384 0 80 4c 40"});
    CHECK(times_of(song) ==
          std::vector<uint64_t>{0, 0, 0, 0, 0, 500 * kMs, 1000 * kMs, 2000 * kMs, 2000 * kMs, 2000 * kMs, 2000 * kMs});
    CHECK(song.last_event_ns() == 2000 * kMs);
}

TEST_CASE("the specification's format 1 song is merged by tick, then track, then place in the track") {
    const Song song = read(specification_format_1());
    CHECK(song.format == 1);
    CHECK(song.tracks == 4);
    CHECK(lines_of(song) == Lines{"0 1 c0 05", "0 2 c1 2e", "0 3 c2 46", "0 3 92 30 60", "0 3 92 3c 60",
                                  "96 2 91 43 40", "192 1 90 4c 20", "384 1 90 4c 00", "384 2 91 43 00",
                                  "384 3 92 30 00", "384 3 92 3c 00"});
}

TEST_CASE("the wire's bytes are those of the events one after another") {
    const Song song = read(specification_format_1());
    uint32_t offset = 0;
    for (const SongEvent& event : song.events) {
        CHECK(event.offset == offset);
        offset += event.size;
    }
    CHECK(song.wire.size() == offset);
    CHECK(hex_text(song.wire).starts_with("c0 05 c1 2e c2 46 92 30 60 92 3c 60 91 43 40"));
}

TEST_CASE("delta times of every length are read as the specification's table says") {
    const std::pair<const char*, uint64_t> table[] = {{"00", 0},
                                                      {"40", 0x40},
                                                      {"7f", 0x7f},
                                                      {"81 00", 0x80},
                                                      {"c0 00", 0x2000},
                                                      {"ff 7f", 0x3fff},
                                                      {"81 80 00", 0x4000},
                                                      {"c0 80 00", 0x100000},
                                                      {"ff ff 7f", 0x1fffff},
                                                      {"81 80 80 00", 0x200000},
                                                      {"c0 80 80 00", 0x8000000},
                                                      {"ff ff ff 7f", 0xfffffff}};
    for (const auto& [bytes, tick] : table) {
        INFO(bytes);
        const Song song = read(smf(0, {track(std::string(bytes) + " c0 05")}, 0x7fff));
        REQUIRE(song.events.size() == 1);
        CHECK(song.events[0].tick == tick);
    }
}

TEST_CASE("delta times add up, those of meta events too") {
    CHECK(lines_of(read(smf(0, {track("0a ff 01 01 41  0a c0 05  0a ff 06 00  0a c0 06")}))) ==
          Lines{"20 0 c0 05", "40 0 c0 06"});
}

TEST_CASE("meta events of any type and length are dropped") {
    CHECK(lines_of(read(smf(0, {track("00 ff 03 04 53 6f 6e 67  00 ff 59 02 00 00  00 ff 7f 81 00" +
                                      std::string(256, '0') + "00 ff 60 00  00 90 3c 40")}))) == Lines{"0 0 90 3c 40"});
}

TEST_CASE("a SysEx event goes out with its F0 and as long as it says") {
    CHECK(lines_of(read(smf(0, {track("00 f0 05 43 12 00 07 f7  00 90 3c 40")}))) ==
          Lines{"0 0 f0 43 12 00 07 f7", "0 0 90 3c 40"});
}

TEST_CASE("a SysEx message in packets goes out packet by packet, each at its own time") {
    const Song song = read(smf(0, {track("00 f0 03 43 12 00  81 48 f7 06 43 12 00 43 12 00  64 f7 04 43 12 00 f7")}));
    CHECK(lines_of(song) == Lines{"0 0 f0 43 12 00", "200 0 43 12 00 43 12 00", "300 0 43 12 00 f7"});
    CHECK(times_of(song) == std::vector<uint64_t>{0, 200 * kMs, 300 * kMs});
}

TEST_CASE("an F7 event's bytes go out raw: real-time and song select, and an empty one is nothing") {
    CHECK(lines_of(read(smf(0, {track("00 f7 01 f8  00 f7 02 f3 01  00 f7 00")}))) == Lines{"0 0 f8", "0 0 f3 01"});
}

TEST_CASE("a SysEx of 20,000 bytes is one event") {
    Bytes events = hex("00 f0 81 9c 20"); // 1·2^14 + 0x1c·2^7 + 0x20 = 20000
    events.resize(events.size() + 19'999, 0x55);
    events = joined(events, hex("f7 00 ff 2f 00"));
    const Song song = read(smf(0, {chunk("MTrk", events)}));
    REQUIRE(song.events.size() == 1);
    CHECK(song.events[0].size == 20'001);
    CHECK(song.wire.front() == 0xf0);
    CHECK(song.wire.back() == 0xf7);
}

TEST_CASE("running status is kept by a meta event and ended by a SysEx event") {
    CHECK(lines_of(read(smf(0, {track("00 90 3c 40  00 ff 01 00  00 3e 40")}))) ==
          Lines{"0 0 90 3c 40", "0 0 90 3e 40"});
    CHECK_THAT(track_refusal("00 90 3c 40  00 f0 01 f7  00 3e 40"), ContainsSubstring("data byte 0x3e"));
}

TEST_CASE("every channel status has its number of data bytes") {
    CHECK(lines_of(
              read(smf(0, {track("00 8f 01 02  00 9f 01 02  00 af 01 02  00 bf 01 02  00 cf 01  00 df 01  00 ef 01 02"
                                 "00 d0 7f  00 7e  00 e0 00 7f  00 01 02")}))) ==
          Lines{"0 0 8f 01 02", "0 0 9f 01 02", "0 0 af 01 02", "0 0 bf 01 02", "0 0 cf 01", "0 0 df 01",
                "0 0 ef 01 02", "0 0 d0 7f", "0 0 d0 7e", "0 0 e0 00 7f", "0 0 e0 01 02"});
}

TEST_CASE("each track begins without running status") {
    CHECK_THAT(read_refusal(smf(1, {track("00 90 3c 40"), track("00 3e 40")})), ContainsSubstring("data byte 0x3e"));
}

TEST_CASE("chunks that nobody knows are passed over, wherever they stand") {
    const Bytes unknown = chunk("XFIH", hex("00 90 3c"));
    Bytes file = joined(header(1, 2, 500), unknown);
    file = joined(file, track("00 90 3c 40"));
    file = joined(file, chunk("MTrl", {}));
    file = joined(file, track("00 91 3c 40"));
    CHECK(lines_of(read(file)) == Lines{"0 0 90 3c 40", "0 1 91 3c 40"});
}

TEST_CASE("a header chunk longer than six bytes is taken, what is new in it passed over") {
    const Bytes file = joined(chunk("MThd", hex("00 00 00 01 01 f4 de ad")), track("00 90 3c 40"));
    CHECK(lines_of(read(file)) == Lines{"0 0 90 3c 40"});
}

TEST_CASE("tempo changes count for all tracks, whichever track they stand in") {
    // 500 ticks a quarter: 1 ms a tick until tick 500, then 2 ms, from tick 1000 on 0.5 ms.
    const Song song = read(smf(1, {track("00 90 01 40  83 74 01 00  83 74 02 00  83 74 03 00"),
                                   track("83 74 ff 51 03 0f 42 40  83 74 ff 51 03 03 d0 90")}));
    CHECK(times_of(song) == std::vector<uint64_t>{0, 500 * kMs, 1500 * kMs, 1750 * kMs});
}

TEST_CASE("of tempo changes at one tick the last one counts") {
    const Song song = read(smf(1, {track("00 ff 51 03 0f 42 40"), track("00 ff 51 03 03 d0 90  83 74 90 01 40")}));
    CHECK(times_of(song) == std::vector<uint64_t>{250 * kMs});
}

TEST_CASE("a thousand events and tempo changes at one tick keep their order") {
    std::string events; // a tempo and a program change in turn, all at tick 0; the last tempo is a quarter of a second
    for (int i = 0; i < 1000; ++i) {
        const uint8_t program = static_cast<uint8_t>(i % 128);
        events += i == 999 ? "00 ff 51 03 03 d0 90 " : "00 ff 51 03 0f 42 40 ";
        events += "00 c0 " + hex_text(ByteView(&program, 1)) + " ";
    }
    const Song song = read(smf(0, {track(events + "83 74 90 01 40")}));
    REQUIRE(song.events.size() == 1001);
    for (size_t i = 0; i < 1000; ++i) {
        if (song.bytes_of(song.events[i])[1] != i % 128) FAIL("event " << i);
    }
    CHECK(song.last_event_ns() == 250 * kMs);
}

TEST_CASE("SMPTE divisions count frames and know no tempo") {
    const auto at = [](uint32_t division, const char* delta) {
        return read(smf(0, {track("00 ff 51 03 0f 42 40 " + std::string(delta) + " c0 05")}, division))
            .events.at(0)
            .time_ns;
    };
    CHECK(at(0xe728, "87 68") == 1000 * kMs);         // 25 x 40: a tick is 1 ms
    CHECK(at(0xe804, "60") == 1000 * kMs);            // 24 x 4
    CHECK(at(0xe250, "92 60") == 1000 * kMs);         // 30 x 80
    CHECK(at(0xe350, "92 60") == 1001 * kMs);         // 30 drop-frame: 30 frames in 1.001 s
    CHECK(at(0xe364, "ff ff 7f") == 699'749'383'666); // 2,097,151 ticks of 1001/3,000,000 s, rounded down once
}

TEST_CASE("what a reader lets pass is noted") {
    const auto note = [](const Bytes& file) {
        const Song song = read(file);
        return song.notes.empty() ? std::string() : song.notes.front();
    };
    CHECK_THAT(note(smf(0, {chunk("MTrk", hex("00 90 3c 40"))})), ContainsSubstring("track 0 has no End of Track"));
    CHECK_THAT(note(smf(0, {chunk("MTrk", hex("00 90 3c 40 00 ff 2f 00 01 02"))})),
               ContainsSubstring("track 0: 2 bytes after its end"));
    CHECK_THAT(note(joined(smf(0, {track("00 90 3c 40")}), hex("00 00 00"))),
               ContainsSubstring("3 bytes after the last track"));
}
