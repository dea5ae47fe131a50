// SPDX-License-Identifier: MIT
// Standard MIDI Files that are wrong: each is refused with its name, the place, the value seen and the next step.
#include "harness/midi/smf_lines.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

Bytes three_tracks() {
    return smf(1, {track("00 ff 51 03 0f 42 40"), track("00 90 3c 40  60 3c 00"), track("0a f0 03 7d 01 f7")});
}

} // namespace

TEST_CASE("a file that is no MIDI file is refused as such") {
    for (const Bytes& file : {Bytes{}, bytes_of("MTh"), bytes_of("hello, world"), bytes_of("RIFFxxxxRMID"),
                              Bytes(14, 0), bytes_of("mthd\0\0\0\6")}) {
        const std::string text = read_refusal(file);
        CHECK_THAT(text, StartsWith("cannot play song.mid: not a Standard MIDI File"));
        CHECK_THAT(text, ContainsSubstring("(byte 0); next: name a .mid file"));
    }
}

TEST_CASE("a header that is cut short is refused by what is missing") {
    CHECK_THAT(read_refusal(bytes_of("MThd")), ContainsSubstring("the header needs 4 bytes, 0 are left (byte 4)"));
    CHECK_THAT(read_refusal(hex("4d546864 00000006 0001")), ContainsSubstring("needs 2 bytes, 0 are left (byte 10)"));
    CHECK_THAT(read_refusal(hex("4d546864 00000006 0001 0001")), ContainsSubstring("the division needs 2 bytes"));
    CHECK_THAT(read_refusal(hex("4d546864 000000ff 0001 0001 01f4")), ContainsSubstring("needs 249 bytes, 0 are left"));
    CHECK_THAT(read_refusal(joined(chunk("MThd", hex("0000 0001")), track("00 c0 05"))),
               ContainsSubstring("header of 4 bytes, it has 6 or more (byte 4)"));
}

TEST_CASE("formats other than 0 and 1 are refused by number") {
    CHECK_THAT(read_refusal(smf(2, {track("00 c0 05")})),
               ContainsSubstring("SMF format 2; formats 0 and 1 are played (byte 8); next: save it as format 0 or 1"));
    CHECK_THAT(read_refusal(smf(0xffff, {track("00 c0 05")})), ContainsSubstring("SMF format 65535"));
}

TEST_CASE("divisions that make no time are refused") {
    const auto division = [](uint32_t value) { return read_refusal(smf(0, {track("00 c0 05")}, value)); };
    CHECK_THAT(division(0), ContainsSubstring("division is 0 ticks per quarter note (byte 12)"));
    CHECK_THAT(division(0xe900), ContainsSubstring("SMPTE division of 23 frames a second; 24, 25, 29 and 30 exist"));
    CHECK_THAT(division(0x8001), ContainsSubstring("SMPTE division of 128 frames a second"));
    CHECK_THAT(division(0xff01), ContainsSubstring("SMPTE division of 1 frames a second"));
    CHECK_THAT(division(0xe700), ContainsSubstring("SMPTE division of 0 ticks per frame"));
}

TEST_CASE("a number of tracks that is not there is refused, with both numbers") {
    Bytes file = smf(1, {track("00 c0 05")});
    file[11] = 3;
    CHECK_THAT(read_refusal(file), ContainsSubstring("the header promises 3 tracks, the file holds 1"));
    file[10] = 0xff;
    file[11] = 0xff;
    CHECK_THAT(read_refusal(file), ContainsSubstring("the header promises 65535 tracks, the file holds 1"));
}

TEST_CASE("a song without an event for the wire is refused") {
    for (const Bytes& file : {smf(0, {track("")}), smf(1, {}), smf(0, {track("00 ff 51 03 07 a1 20  00 f7 00")})}) {
        CHECK_THAT(read_refusal(file), ContainsSubstring("it holds no event that goes over the wire"));
    }
}

TEST_CASE("a track longer than the file is refused with both lengths") {
    CHECK_THAT(read_refusal(joined(header(0, 1, 96), hex("4d54726b 00000010 00903c40"))),
               ContainsSubstring("a track needs 16 bytes, 4 are left (byte 22)"));
    CHECK_THAT(read_refusal(joined(header(0, 1, 96), hex("4d54726b ffffffff 00903c40"))),
               ContainsSubstring("a track needs 4294967295 bytes, 4 are left"));
    CHECK_THAT(read_refusal(joined(header(0, 1, 96), hex("58464948 ffffffff"))),
               ContainsSubstring("a chunk needs 4294967295 bytes, 0 are left"));
    CHECK_THAT(read_refusal(joined(header(0, 1, 96), hex("4d5472"))),
               ContainsSubstring("a chunk's name needs 4 bytes, 3"));
}

TEST_CASE("an event that its track's end cuts off is refused, also when the file goes on") {
    CHECK_THAT(track_refusal("00 90 3c"), ContainsSubstring("a channel event needs 2 bytes, 1 are left (byte 24)"));
    CHECK_THAT(track_refusal("00 90 3c 40 00"), ContainsSubstring("a track ends after a delta time (byte 27)"));
    CHECK_THAT(track_refusal("00 90 3c 40 81"), ContainsSubstring("a delta time needs 1 bytes, 0 are left"));
    CHECK_THAT(track_refusal("00 ff"), ContainsSubstring("a meta event needs 1 bytes, 0 are left"));
    CHECK_THAT(track_refusal("00 ff 01 05 41"), ContainsSubstring("a meta event needs 5 bytes, 1 are left"));
    CHECK_THAT(read_refusal(smf(1, {chunk("MTrk", hex("00 90 3c")), track("00 c0 05")})),
               ContainsSubstring("a channel event needs 2 bytes, 1 are left"));
}

TEST_CASE("a SysEx that claims 100 MB is refused by its length") {
    // 100,000,000 = 2f d7 c2 00 in groups of seven bits, the first three with the top bit
    CHECK_THAT(track_refusal("00 f0 af d7 c2 00 43 12"),
               ContainsSubstring("a SysEx event claims 100000000 bytes, 2 are left in its track (byte 24)"));
    CHECK_THAT(track_refusal("00 f7 af d7 c2 00 43 12"), ContainsSubstring("claims 100000000 bytes"));
    CHECK_THAT(track_refusal("00 ff 01 af d7 c2 00 41"), ContainsSubstring("needs 100000000 bytes, 1 are left"));
}

TEST_CASE("a variable-length quantity of more than four bytes is refused at its first byte") {
    CHECK_THAT(track_refusal("81 80 80 80 00 90 3c 40"),
               ContainsSubstring("a delta time is longer than four bytes (byte 22)"));
    CHECK_THAT(track_refusal("00 f0 ff ff ff ff 7f"), ContainsSubstring("a SysEx length is longer than four bytes"));
    CHECK_THAT(track_refusal("00 ff 01 80 80 80 80 00"),
               ContainsSubstring("a meta event's length is longer than four bytes (byte 25)"));
}

TEST_CASE("a data byte without a status before it is refused with its value") {
    CHECK_THAT(track_refusal("00 3c 40"), ContainsSubstring("data byte 0x3c where an event must begin (byte 23)"));
}

TEST_CASE("a status where data must stand is refused with both") {
    CHECK_THAT(track_refusal("00 90 3c 90"), ContainsSubstring("data byte 0x90 of status 0x90; 00 to 7f are data"));
    CHECK_THAT(track_refusal("00 c5 ff"), ContainsSubstring("data byte 0xff of status 0xc5"));
}

TEST_CASE("system messages that a file cannot hold by themselves are refused by status") {
    for (const char* status : {"f1", "f2", "f3", "f4", "f5", "f6", "f8", "fa", "fe"}) {
        CHECK_THAT(track_refusal("00 " + std::string(status) + " 01 02"),
                   ContainsSubstring("status 0x" + std::string(status) + " cannot stand alone"));
    }
}

TEST_CASE("tempo events that make no time are refused") {
    CHECK_THAT(track_refusal("00 ff 51 02 07 a1  00 c0 05"), ContainsSubstring("a tempo event of 2 bytes; it has 3"));
    CHECK_THAT(track_refusal("00 ff 51 03 00 00 00  00 c0 05"), ContainsSubstring("a tempo of 0 us per quarter note"));
}

TEST_CASE("a song longer than a day is refused with its length") {
    CHECK_THAT(read_refusal(smf(0, {track("ff ff ff 7f c0 05")}, 1)), // 2^28 - 1 quarters of half a second
               ContainsSubstring("the event at tick 268435455 comes 134217727 s after the start, at most 86400 s"));
}

TEST_CASE("more than a million events are refused, a million are played") {
    Bytes events = hex("00 c0 05");
    events.reserve(2'000'010);
    for (int i = 1; i < 1'000'000; ++i) {
        events.push_back(0);
        events.push_back(5);
    }
    CHECK(read(smf(0, {chunk("MTrk", joined(events, hex("00 ff 2f 00")))})).events.size() == 1'000'000);
    CHECK_THAT(read_refusal(smf(0, {chunk("MTrk", joined(events, hex("00 06 00 ff 2f 00")))})),
               ContainsSubstring("more than 1000000 events"));
}

TEST_CASE("a file of more than 16 MiB is refused by size, whatever it holds") {
    CHECK_THAT(read_refusal(Bytes((16u << 20) + 1)), ContainsSubstring("16777217 bytes, at most 16777216 are read"));
}

TEST_CASE("a song cut off at any byte is refused, with file, place and next step") {
    const Bytes whole = three_tracks();
    REQUIRE(read(whole).events.size() == 3);
    for (size_t size = 0; size < whole.size(); ++size) {
        INFO("the first " << size << " bytes");
        const std::string text = read_refusal({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
        CHECK_THAT(text, StartsWith("cannot play song.mid: "));
        CHECK_THAT(text, ContainsSubstring("(byte "));
    }
}

TEST_CASE("a song with any one byte changed is refused, or read in order and without a gap") {
    const Bytes whole = three_tracks();
    for (size_t at = 0; at < whole.size(); ++at) {
        for (const int change : {0x01, 0x80, 0xff}) {
            Bytes file = whole;
            file[at] = static_cast<uint8_t>(file[at] ^ change);
            Song song;
            const std::string text = refusal([&] { song = read(file); });
            if (text != "no error") {
                CHECK_THAT(text, StartsWith("cannot play song.mid: "));
                continue;
            }
            uint32_t offset = 0;
            uint64_t time = 0;
            for (const SongEvent& event : song.events) {
                if (event.offset != offset || event.size == 0 || event.time_ns < time) FAIL("byte " << at);
                offset += event.size;
                time = event.time_ns;
            }
            CHECK(song.wire.size() == offset);
        }
    }
}
