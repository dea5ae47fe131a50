// SPDX-License-Identifier: MIT
// Wire bytes into messages: MIDI 1.0, and portcls-midi.md §2.9.
#include "synth/message_parser.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace mpulab;

namespace {

using Lines = std::vector<std::string>;

std::vector<uint8_t> hex(std::string_view text) {
    std::vector<uint8_t> bytes;
    for (size_t at = 0; at + 1 < text.size(); at += 3)
        bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(text.substr(at, 2)), nullptr, 16)));
    return bytes;
}

std::string hex_text(std::span<const uint8_t> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const uint8_t byte : bytes) {
        if (!text.empty()) text += ' ';
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Lines messages(std::string_view wire) {
    MessageParser parser;
    Lines lines;
    for (const uint8_t byte : hex(wire)) {
        if (const auto message = parser.feed(byte)) lines.push_back(hex_text(*message));
    }
    return lines;
}

} // namespace

TEST_CASE("channel messages come whole, each with the data bytes of its status") {
    CHECK(messages("80 01 02 90 01 02 a0 01 02 b0 01 02 c0 01 d0 01 e0 01 02") ==
          Lines{"80 01 02", "90 01 02", "a0 01 02", "b0 01 02", "c0 01", "d0 01", "e0 01 02"});
}

TEST_CASE("running status repeats the last channel status") {
    CHECK(messages("93 3c 40 3e 40 c3 05 06") == Lines{"93 3c 40", "93 3e 40", "c3 05", "c3 06"});
}

TEST_CASE("a real-time byte comes at once and interrupts nothing") {
    CHECK(messages("90 f8 3c fe 40 f8 3e 40") == Lines{"f8", "fe", "90 3c 40", "f8", "90 3e 40"});
    CHECK(messages("f0 01 fa 02 f7") == Lines{"fa", "f0 01 02 f7"});
}

TEST_CASE("a SysEx comes as one message, from F0 to F7") {
    CHECK(messages("f0 7e 7f 09 01 f7 f0 f7") == Lines{"f0 7e 7f 09 01 f7", "f0 f7"});
}

TEST_CASE("a SysEx that another status cuts off is dropped, what cuts it off is not") {
    CHECK(messages("f0 01 02 90 3c 40") == Lines{"90 3c 40"});
    CHECK(messages("f0 01 02 f0 03 f7") == Lines{"f0 03 f7"});
}

TEST_CASE("system common messages have their lengths and end running status") {
    CHECK(messages("f1 01 f2 01 02 f3 05 f6") == Lines{"f1 01", "f2 01 02", "f3 05", "f6"});
    CHECK(messages("90 3c 40 f6 3e 40") == Lines{"90 3c 40", "f6"});
    CHECK(messages("90 3c 40 f0 01 f7 3e 40") == Lines{"90 3c 40", "f0 01 f7"});
}

TEST_CASE("data that belongs to nothing is dropped") {
    CHECK(messages("3c 40 01 90 3c 40") == Lines{"90 3c 40"});
    CHECK(messages("f7 3c 40") == Lines{});
    CHECK(messages("f3 05 06") == Lines{"f3 05"});
}

TEST_CASE("a message that a status cuts off is dropped") {
    CHECK(messages("90 3c 80 3c 00") == Lines{"80 3c 00"});
    CHECK(messages("90 3c f6 90 3e 40") == Lines{"f6", "90 3e 40"});
}

TEST_CASE("a SysEx without an end is cut off at its bound and still ends") {
    MessageParser parser;
    parser.feed(0xf0);
    for (size_t i = 0; i < MessageParser::kMaxSysEx + 1000; ++i) {
        if (parser.feed(0x55)) FAIL("a message in the middle of a SysEx");
    }
    const auto message = parser.feed(0xf7);
    REQUIRE(message);
    CHECK(message->size() == MessageParser::kMaxSysEx + 1);
    CHECK(messages("90 3c 40") == Lines{"90 3c 40"});
}
