// SPDX-License-Identifier: MIT
// The access sequences of real drivers (reference §2.5, mpu401.md), replayed from each state they can find the card in.
#include "driver_sequences.hpp"

#include <functional>
#include <set>

using namespace mpu401;
using namespace sequences;

namespace {

void check_bytes_go_out(TestCard& card) {
    card.run_for(100 * kMillisecond);
    card.events.clear();
    card.send_all({0x90, 0x3c, 0x40});
    card.run_for(2 * kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x90, 0x3c, 0x40});
}

} // namespace

TEST_CASE("Linux opens a card after power-on, leaving an FEh unread, and sends") {
    TestCard card;
    CHECK(linux_open(card));
    card.run_for(60 * kMillisecond);
    CHECK(card.irq()); // the ACK of 3Fh
    for (int i = 0; i < 64; ++i)
        card.data(); // flush of starting input
    card.run_for(kMillisecond);
    CHECK_FALSE(card.irq());
    check_bytes_go_out(card);
}

TEST_CASE("Linux opens a card that was left in UART mode, because the stale byte is FEh") {
    TestCard card; // §2.5 (ii)
    card.enter_uart();
    CHECK(linux_open(card));
    CHECK(card.wire_out() == std::vector<uint8_t>{0x00}); // its 00h goes out there
    check_bytes_go_out(card);
}

TEST_CASE("Linux opens a card again 5 ms after it closed it") {
    TestCard card;
    REQUIRE(linux_open(card));
    card.run_for(100 * kMillisecond);
    card.data();
    linux_command(card, kCommandReset); // close: its ACK is not waited for
    card.run_for(5 * kMillisecond);
    CHECK(linux_open(card));
    check_bytes_go_out(card);
}

TEST_CASE("Linux opens a card with an ACK left unread") {
    TestCard card;
    card.command(0x05);
    card.run_for(kMillisecond);
    CHECK(linux_open(card));
    check_bytes_go_out(card);
}

TEST_CASE("Windows starts a card after power-on: ACK at 77 us, at 27.2 ms, and of 3Fh 27.2 ms later") {
    TestCard card;
    CHECK(windows_start(card));
    card.run_for(100 * kMillisecond);
    std::vector<int64_t> latched;
    for (const auto& event : card.of_kind(MPULAB_KIND_LATCH))
        latched.push_back(event.time_ns);
    REQUIRE(latched.size() == 3);
    CHECK(latched[0] == 77 * kMicrosecond + kPortAccessNs);
    CHECK(latched[1] / kMillisecond == 27);
    CHECK((latched[2] - latched[1]) / kMillisecond == 27);
    CHECK(card.data() == kAck); // what the ISR drains
    check_bytes_go_out(card);
}

TEST_CASE("Windows starts a card that was left in UART mode: the second RESET is acknowledged 10.5 ms after it") {
    TestCard card;
    card.enter_uart();
    const int64_t start = card.now;
    CHECK(windows_start(card));
    const auto latched = card.of_kind(MPULAB_KIND_LATCH);
    REQUIRE_FALSE(latched.empty());
    CHECK((latched[0].time_ns - start) / (100 * kMicrosecond) == 605);
    card.run_for(100 * kMillisecond);
    card.data();
    check_bytes_go_out(card);
}

TEST_CASE("Windows starts a card with an ACK left unread") {
    TestCard card;
    card.command(0x05);
    card.run_for(kMillisecond);
    CHECK(windows_start(card));
}

TEST_CASE("a byte of MIDI left unread in UART mode fails Windows' start: it takes it for the first answer") {
    TestCard card; // then the second RESET comes at once, and its ACK 60.5 ms after the first: later than 50 ms
    card.enter_uart();
    card.arrive(0x90);
    card.run_for(kMillisecond);
    CHECK_FALSE(windows_start(card));
    card.run_for(100 * kMillisecond);
    CHECK(card.data() == kAck);
    card.run_for(kMillisecond);
    CHECK(windows_start(card)); // the next try finds it in intelligent mode
}

namespace {

struct StartingState {
    const char* name;
    std::function<void(TestCard&)> prepare;
};

// Each state that another driver, or the same one, can have left a card in.
const StartingState kStates[] = {
    {"after power-on", [](TestCard&) {}},
    {"long after power-on", [](TestCard& card) { card.run_for(10'000 * kMillisecond); }},
    {"intelligent, an ACK unread",
     [](TestCard& card) {
         card.command(0x05);
         card.run_for(kMillisecond);
     }},
    {"intelligent, a reply unread",
     [](TestCard& card) {
         card.command(0xac);
         card.run_for(kMillisecond);
         card.data();
         card.run_for(kMillisecond);
     }},
    {"intelligent, a parameter awaited",
     [](TestCard& card) {
         card.command(0xe0);
         card.run_for(kMillisecond);
         card.data();
     }},
    {"RESET 1 ms ago, its ACK unread",
     [](TestCard& card) {
         card.command(kCommandReset);
         card.run_for(kMillisecond);
     }},
    {"RESET 1 ms ago, a byte in the latch",
     [](TestCard& card) {
         card.command(kCommandReset);
         card.run_for(kMillisecond);
         card.data();
         card.send(0x00);
     }},
    {"UART mode, idle", [](TestCard& card) { card.enter_uart(); }},
    {"UART mode, the ACK of 3Fh unread",
     [](TestCard& card) {
         card.command(kCommandEnterUart);
         card.run_for(100 * kMillisecond);
     }},
    {"UART mode, a byte of MIDI IN unread",
     [](TestCard& card) {
         card.enter_uart();
         card.arrive(0x90);
         card.run_for(kMillisecond);
     }},
    {"UART mode, bytes waiting for the wire",
     [](TestCard& card) {
         card.enter_uart();
         card.send_all(std::vector<uint8_t>(100, 0x55));
         card.run_for(100 * kMicrosecond); // all of them taken
     }},
    {"UART mode 1 ms ago, the ACK of 3Fh unread",
     [](TestCard& card) {
         card.command(kCommandEnterUart);
         card.run_for(kMillisecond);
     }},
    {"RESET in UART mode 1 ms ago",
     [](TestCard& card) {
         card.enter_uart();
         card.command(kCommandReset);
         card.run_for(kMillisecond);
     }},
};

// From each state the driver gets the card into use, at once or, from the states named, when it tries again: what it
// takes for the answer of its RESET came before it, or the answer comes later than it waits, or never.
void check_from_each_state(bool (*start)(TestCard&), const std::set<std::string>& second_try) {
    size_t named = 0;
    for (const StartingState& state : kStates) {
        CAPTURE(state.name);
        TestCard card;
        state.prepare(card);
        const bool expected = second_try.count(state.name) == 0;
        named += expected ? 0 : 1;
        CHECK(start(card) == expected);
        if (!expected) {
            card.run_for(200 * kMillisecond);
            CHECK(start(card));
        }
        card.run_for(100 * kMillisecond);
        while (card.byte_waits()) { // what its interrupt handler drains
            card.data();
            card.run_for(kMillisecond);
        }
        check_bytes_go_out(card);
        card.arrive(0x42);
        card.run_for(kMillisecond);
        CHECK(card.irq());
        CHECK(card.data() == 0x42);
    }
    CHECK(named == second_try.size());
}

} // namespace

TEST_CASE("Linux gets the card into use from each state") {
    check_from_each_state(linux_open, {"UART mode, a byte of MIDI IN unread"}); // the stale byte is not FEh then
}

TEST_CASE("Windows gets the card into use from each state") {
    // An unread byte in UART mode passes for the first answer; the second RESET then follows the first at once, and is
    // answered 60.5 ms later, when 50 are waited for (§2.2).
    check_from_each_state(windows_start, {"UART mode, the ACK of 3Fh unread", "UART mode, a byte of MIDI IN unread",
                                          "UART mode 1 ms ago, the ACK of 3Fh unread"});
}

TEST_CASE("NetBSD gets the card into use from each state") {
    // RESET in UART mode has no ACK, and it does not ask twice. A byte in the latch while RESET is under way makes
    // STATUS FFh, which is "no card" to it, and to OSS (§1.1).
    check_from_each_state(netbsd_attach, {"RESET 1 ms ago, a byte in the latch", "UART mode, idle",
                                          "UART mode, a byte of MIDI IN unread",
                                          "UART mode, bytes waiting for the wire", "RESET in UART mode 1 ms ago"});
}

TEST_CASE("OSS tells the card by its version, and gets it into use, from each state") {
    // Of two RESETs one upon the other the second is answered when OSS waits for the answer to ACh already.
    check_from_each_state(oss_attach, {"RESET 1 ms ago, its ACK unread", "RESET 1 ms ago, a byte in the latch",
                                       "RESET in UART mode 1 ms ago"});
}

TEST_CASE("a driver that skips bytes until FEh finds the ACK behind input that came before it") {
    TestCard card; // §2.5: PAS, OS/2
    card.enter_uart();
    for (const uint8_t byte : std::vector<uint8_t>{0x90, 0x3c, 0x40})
        card.arrive(byte);
    card.run_for(kMillisecond);
    card.command(kCommandReset);
    card.run_for(61 * kMillisecond);
    card.command(0x05);
    card.run_for(kMillisecond);
    int read = 0;
    while (card.byte_waits() && card.data() != kAck && ++read < 10)
        card.run_for(kMillisecond);
    CHECK(read == 1); // the byte in the latch; deeper input was dropped by RESET
}
