// SPDX-License-Identifier: MIT
// Intelligent mode as far as drivers meet it: tempo and its clamps, clocks on MIDI OUT, what is not modelled, and the
// two properties that watch MIDI OUT. Expected values are written from reference §2.3, §4 and §5 (mpu401.md); single
// commands and their answers stand in tests/conformance.
#include "mpu401/commands.h"
#include "test_card.hpp"

using namespace mpu401;

namespace {

// A command that is waited for; its reply, when it has one.
uint8_t ask(TestCard& card, uint8_t command) {
    card.run_until([&] { return card.may_write(); });
    card.command(command);
    card.run_for(kMillisecond);
    REQUIRE(card.data() == kAck);
    card.run_for(kMillisecond);
    return card.byte_waits() ? card.data() : uint8_t{0};
}

void tell(TestCard& card, uint8_t command, uint8_t parameter) {
    ask(card, command);
    card.send(parameter);
    card.run_for(kMillisecond);
}

// Start bits of the clocks that came since the last call.
std::vector<int64_t> clocks(TestCard& card) {
    std::vector<int64_t> times;
    for (const auto& event : card.of_kind(MPULAB_KIND_WIRE_OUT)) {
        if (event.a == 0xf8) times.push_back(event.time_ns);
    }
    card.events.clear();
    return times;
}

} // namespace

TEST_CASE("READ_TEMPO gives the effective tempo within the limits of each timebase") {
    const struct {
        uint8_t command, low, high;
    } timebases[] = {{0xc2, 10, 250}, {0xc3, 6, 250}, {0xc4, 5, 250}, {0xc5, 4, 250},
                     {0xc6, 4, 208},  {0xc7, 4, 179}, {0xc8, 4, 156}}; // §5.2
    TestCard card;
    for (const auto& timebase : timebases) {
        CAPTURE(timebase.command);
        ask(card, timebase.command);
        tell(card, 0xe0, 0);
        CHECK(ask(card, 0xaf) == timebase.low);
        tell(card, 0xe0, 255);
        CHECK(ask(card, 0xaf) == timebase.high);
        tell(card, 0xe0, 120);
        CHECK(ask(card, 0xaf) == 120);
    }
    tell(card, 0xe0, 240);
    CHECK(ask(card, 0xaf) == 156); // of timebase 192
    ask(card, 0xc5);
    CHECK(ask(card, 0xaf) == 240); // what was programmed is kept
}

TEST_CASE("relative tempo multiplies, outlives a new tempo, and B1h ends it") {
    TestCard card; // §5.2
    tell(card, 0xe1, 0x80);
    CHECK(ask(card, 0xaf) == 0xc8);
    tell(card, 0xe0, 50);
    CHECK(ask(card, 0xaf) == 100);
    tell(card, 0xe1, 0);
    CHECK(ask(card, 0xaf) == 4);
    ask(card, 0xb1);
    CHECK(ask(card, 0xaf) == 50);
    ask(card, kCommandReset);
    card.run_for(30 * kMillisecond);
    CHECK(ask(card, 0xaf) == 100);
}

TEST_CASE("clocks leave every 25 ms at tempo 100, and at 24 a beat at any other, without drift") {
    TestCard card; // §5.9
    card.run_for(1'028 * kMillisecond);
    auto times = clocks(card);
    REQUIRE(times.size() == 41);
    for (size_t i = 0; i < times.size(); ++i)
        CHECK(times[i] == 28 * kMillisecond + static_cast<int64_t>(i) * 25 * kMillisecond);
    tell(card, 0xe0, 200);
    card.run_for(100 * kMillisecond); // the interval that was under way ends as it began
    clocks(card);
    card.run_for(1000 * kMillisecond);
    times = clocks(card);
    REQUIRE(times.size() == 80);
    CHECK(times[1] - times[0] == 12'500 * kMicrosecond);
}

TEST_CASE("32h and a clock source that is not internal stop the clocks, 80h and RESET bring them back in step") {
    TestCard card; // §5.3, §5.9
    for (const uint8_t off : std::vector<uint8_t>{0x32, 0x81, 0x82}) {
        CAPTURE(off);
        ask(card, off);
        clocks(card);
        card.run_for(200 * kMillisecond);
        CHECK(clocks(card).empty());
        if (off != 0x32) ask(card, 0x80);
        if (off == 0x32) ask(card, kCommandReset);
        card.run_for(200 * kMillisecond);
        const auto times = clocks(card);
        REQUIRE(times.size() > 6);
        CHECK(times[1] - times[0] == 25 * kMillisecond);
    }
}

TEST_CASE("a card whose clock is off, a uart-only one and a fast one send nothing by themselves") {
    for (const Properties& properties : {Properties{{"midi-clock-out", "off"}}, Properties{{"profile", "uart-only"}},
                                         Properties{{"timing", "fast"}}}) {
        TestCard card(properties);
        card.command(kCommandReset);
        card.run_for(1000 * kMillisecond);
        CHECK(card.own_out().empty());
        CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
    }
    TestCard card(Properties{{"timing", "fast"}, {"midi-clock-out", "on"}});
    card.run_for(40 * kMillisecond);
    CHECK(card.own_out() == std::vector<uint8_t>{0xfc, 0xf8});
}

TEST_CASE("a command whose function is not modelled says so once, with its code, and all others are silent") {
    for (int command = 0; command <= 0xff; ++command) {
        CAPTURE(command);
        TestCard card;
        card.command(static_cast<uint8_t>(command));
        card.run_for(kMillisecond);
        const auto told = card.of_kind(MPULAB_KIND_UNMODELLED);
        const bool expected = command_range(static_cast<uint8_t>(command)).function == Function::NotYet;
        REQUIRE(told.size() == (expected ? 1u : 0u));
        if (expected) CHECK(told[0].a == static_cast<uint64_t>(command));
    }
}

TEST_CASE("the table of commands agrees with reference §5.3 where it names parameters, replies and gaps") {
    for (int code = 0; code <= 0xff; ++code) {
        CAPTURE(code);
        const CommandRange& range = command_range(static_cast<uint8_t>(code));
        CHECK(range.parameters == ((code & 0xf0) == 0xe0 ? 1 : 0)); // §5.1
        const bool replies = (code >= 0xa0 && code <= 0xa7) || (code >= 0xab && code <= 0xad) || code == 0xaf;
        CHECK(range.replies == (replies ? 1 : 0));
    }
    for (const int code : {0x31, 0x36, 0x3a, 0x3e, 0xa8, 0xaa, 0xae, 0xb0, 0xb2, 0xb7, 0xbb, 0xbf,
                           0xc0, 0xc1, 0xc9, 0xcf, 0xd8, 0xde, 0xe3, 0xe5, 0xe8, 0xeb, 0xf0, 0xfe}) {
        CAPTURE(code);
        CHECK(command_range(static_cast<uint8_t>(code)).function == Function::None);
    }
}

TEST_CASE("silence-on-reset ends exactly the notes that sound, channel by channel, before the host's next byte") {
    TestCard card(Properties{{"silence-on-reset", "on"}}); // §2.3
    card.enter_uart();
    // Running status, real-time inside a message, a note that ended by velocity 0 and one by note-off, two channels.
    card.send_all({0x90, 60, 100, 64, 0xf8, 100, 67, 100, 64, 0, 0x9f, 0, 1, 127, 1, 0x80, 67, 0});
    card.run_for(20 * kMillisecond);
    card.command(kCommandReset);
    card.run_for(10 * kMillisecond);
    CHECK(card.own_out() == std::vector<uint8_t>{0x90, 60, 0, 0xb0, 123, 0, 0x9f, 0, 0, 0x9f, 127, 0, 0xbf, 123, 0});
    card.run_for(100 * kMillisecond);
    card.data();
    card.events.clear();
    card.command(kCommandReset);
    card.run_for(10 * kMillisecond);
    CHECK(card.own_out().empty()); // nothing sounds any more
}

TEST_CASE("silence-on-reset silences at a power-on reset too, and its bytes keep the pace of the wire") {
    TestCard card(Properties{{"silence-on-reset", "on"}});
    card.enter_uart();
    card.send_all({0x90, 60, 100});
    card.run_for(960 * kMicrosecond);
    mpulab_core_reset(card.core, card.now);
    card.run_for(5 * kMillisecond);
    CHECK(card.own_out() == std::vector<uint8_t>{0x90, 60, 0, 0xb0, 123, 0});
    const auto wire = card.of_kind(MPULAB_KIND_WIRE_OUT);
    for (size_t i = 1; i < wire.size(); ++i)
        CHECK(wire[i].time_ns - wire[i - 1].time_ns >= kWireByteNs);
}

TEST_CASE("sysex-delay pauses the wire after a Roland SysEx for as long as its address and length ask") {
    const struct {
        std::vector<uint8_t> address;
        size_t data;
        int64_t pause_ms;
    } cases[] = {{{0x7f, 0, 0}, 2, 290},
                 {{0x10, 0, 4}, 2, 145},
                 {{0x10, 0, 1}, 2, 30},
                 {{0x20, 0, 0}, 2, 40},
                 {{0x05, 0, 0}, 246, 130}}; // 246 + 10 bytes: 256 / 2 + 2
    for (const auto& test : cases) {
        CAPTURE(test.pause_ms);
        TestCard card(Properties{{"sysex-delay", "mt32"}}); // §4
        card.enter_uart();
        std::vector<uint8_t> bytes = {0xf0, 0x41, 0x10, 0x16, 0x12};
        bytes.insert(bytes.end(), test.address.begin(), test.address.end());
        bytes.insert(bytes.end(), test.data + 1, 0x01);
        bytes.push_back(0xf7);
        card.send_all(bytes);
        card.send_all({0x90, 60, 100});
        card.run_for(500 * kMillisecond);
        const auto wire = card.of_kind(MPULAB_KIND_WIRE_OUT);
        REQUIRE(wire.size() == bytes.size() + 3);
        const auto& last = wire[bytes.size() - 1];
        CHECK(wire[bytes.size()].time_ns - static_cast<int64_t>(last.b) == test.pause_ms * kMillisecond);
        CHECK(wire[bytes.size() + 1].time_ns - wire[bytes.size()].time_ns == kWireByteNs);
    }
}

TEST_CASE("sysex-delay leaves other makers' SysEx, short ones and those cut by a status byte alone") {
    for (const auto& bytes :
         std::vector<std::vector<uint8_t>>{{0xf0, 0x43, 1, 2, 3, 4, 5, 6, 7, 0xf7},
                                           {0xf0, 0x41, 0xf7},
                                           {0xf0, 0x41, 0x10, 0x16, 0x12, 0x7f, 0, 0, 0x90, 0xf7}}) {
        TestCard card(Properties{{"sysex-delay", "mt32"}});
        card.enter_uart();
        card.send_all(bytes);
        card.send_all({0x90});
        card.run_for(20 * kMillisecond);
        CHECK(card.wire_out().size() == bytes.size() + 1);
    }
}
