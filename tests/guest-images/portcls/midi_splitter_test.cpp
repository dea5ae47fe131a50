// SPDX-License-Identifier: MIT
// Where messages end, in streams cut anywhere.
#include "portcls/midi_splitter.hpp"

#include "records.hpp"

#include <support/catch.hpp>

using portcls::MidiPiece;
using portcls::MidiSplitter;

namespace {

struct Piece {
    Bytes bytes;
    bool complete, begins;
    bool operator==(const Piece& other) const {
        return bytes == other.bytes && complete == other.complete && begins == other.begins;
    }
};

std::vector<Piece> feed(MidiSplitter& splitter, const Bytes& bytes) {
    std::vector<Piece> pieces;
    for (uint32_t at = 0; at < bytes.size();) {
        const MidiPiece piece = splitter.next(bytes.data() + at, static_cast<uint32_t>(bytes.size()) - at);
        REQUIRE(piece.bytes >= 1);
        REQUIRE(piece.bytes <= bytes.size() - at);
        pieces.push_back({Bytes(bytes.begin() + at, bytes.begin() + at + piece.bytes), piece.complete, piece.begins});
        at += piece.bytes;
    }
    return pieces;
}

} // namespace

TEST_CASE("messages of every length end where they end") {
    MidiSplitter splitter;
    CHECK(feed(splitter, {0x90, 1, 2, 0xC0, 3, 0xE1, 4, 5, 0xF1, 6, 0xF2, 7, 8, 0xF3, 9, 0xF6, 0xFE}) ==
          std::vector<Piece>{{{0x90, 1, 2}, true, true},
                             {{0xC0, 3}, true, true},
                             {{0xE1, 4, 5}, true, true},
                             {{0xF1, 6}, true, true},
                             {{0xF2, 7, 8}, true, true},
                             {{0xF3, 9}, true, true},
                             {{0xF6}, true, true},
                             {{0xFE}, true, true}});
}

TEST_CASE("running status makes messages of data alone, until a system message") {
    MidiSplitter splitter;
    CHECK(feed(splitter, {0x90, 1, 2, 3, 4, 0xF8, 5, 6}) ==
          std::vector<Piece>{
              {{0x90, 1, 2}, true, true}, {{3, 4}, true, true}, {{0xF8}, true, true}, {{5, 6}, true, true}});
    CHECK(feed(splitter, {0xF6, 7, 8, 9}) == std::vector<Piece>{{{0xF6}, true, true}, {{7, 8, 9}, true, true}});
}

TEST_CASE("a message cut anywhere goes on where it was cut") {
    MidiSplitter splitter;
    CHECK(feed(splitter, {0x90}) == std::vector<Piece>{{{0x90}, false, true}});
    CHECK(feed(splitter, {60}) == std::vector<Piece>{{{60}, false, false}});
    CHECK(feed(splitter, {64, 61}) == std::vector<Piece>{{{64}, true, false}, {{61}, false, true}});
}

TEST_CASE("system exclusive lasts to F7, with real-time bytes cut out where they stand") {
    MidiSplitter splitter;
    CHECK(feed(splitter, {0xF0, 1, 0xF8, 2}) ==
          std::vector<Piece>{{{0xF0, 1}, false, true}, {{0xF8}, true, true}, {{2}, false, false}});
    CHECK(feed(splitter, {3, 0xF7, 0x80, 1, 2}) ==
          std::vector<Piece>{{{3, 0xF7}, true, false}, {{0x80, 1, 2}, true, true}});
    CHECK(feed(splitter, {0xF0, 1}).back().complete == false);
    CHECK(feed(splitter, {0xF7}) == std::vector<Piece>{{{0xF7}, true, false}});
}

TEST_CASE("a status byte that interrupts a message ends it") {
    MidiSplitter splitter;
    CHECK(feed(splitter, {0x90, 1, 0xB0, 2, 3}) ==
          std::vector<Piece>{{{0x90, 1}, true, true}, {{0xB0, 2, 3}, true, true}});
    CHECK(feed(splitter, {0xF0, 5}) == std::vector<Piece>{{{0xF0, 5}, false, true}});
    CHECK(feed(splitter, {0x91, 6, 7}) == std::vector<Piece>{{{0x91, 6, 7}, true, true}});
}

TEST_CASE("whatever comes, the pieces laid end to end are the stream") {
    uint32_t seed = 1;
    const auto random = [&seed] { return (seed = seed * 1664525u + 1013904223u) >> 8; };
    MidiSplitter splitter;
    for (int round = 0; round < 5000; ++round) {
        Bytes bytes(1 + random() % 40);
        for (uint8_t& byte : bytes)
            byte = static_cast<uint8_t>(random() % 3 ? random() % 128 : random() % 256);
        Bytes joined;
        for (const Piece& piece : feed(splitter, bytes))
            joined.insert(joined.end(), piece.bytes.begin(), piece.bytes.end());
        REQUIRE(joined == bytes);
    }
}
