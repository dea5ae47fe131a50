// SPDX-License-Identifier: MIT
// The access sequences of real drivers (reference §2.5, mpu401.md), replayed from each state they can find the card in.
#include "test_card.hpp"

using namespace mpu401;

namespace {

constexpr int64_t kPortAccessNs = 1000; // an ISA access

uint8_t timed_status(TestCard& card) {
    card.run_for(kPortAccessNs);
    return card.status();
}

// Linux: 00h to DATA, wait at most 10 ms for DRR, the command whatever happened.
void linux_command(TestCard& card, uint8_t command) {
    card.send(0x00);
    for (int i = 0; i < 1000 && !host_may_write(timed_status(card)); ++i)
        card.run_for(10 * kMicrosecond);
    card.command(command);
}

// RESET and its FEh: 10,000 polls, then one read that looks at nothing.
bool linux_reset(TestCard& card) {
    linux_command(card, kCommandReset);
    for (int i = 0; i < 10'000; ++i) {
        if (byte_waits_for_host(timed_status(card)) && card.data() == kAck) return true;
    }
    return card.data() == kAck;
}

bool linux_open(TestCard& card) {
    const bool found = linux_reset(card);
    linux_command(card, kCommandEnterUart);
    return found;
}

// Windows' UART miniport: DRR within 50 ms, then the command.
bool windows_command(TestCard& card, uint8_t command) {
    for (int64_t waited = 0; waited < kWindowsPollLimitNs; waited += 25 * kMicrosecond) {
        if (card.may_write()) {
            card.command(command);
            return true;
        }
        card.run_for(25 * kMicrosecond);
    }
    return false;
}

bool windows_wait_byte(TestCard& card, uint8_t& byte) {
    for (int64_t waited = 0; waited < kWindowsPollLimitNs; waited += 25 * kMicrosecond) {
        if (card.byte_waits()) {
            byte = card.data();
            return true;
        }
        card.run_for(25 * kMicrosecond);
    }
    return false;
}

bool windows_start(TestCard& card) {
    uint8_t byte = 0;
    if (!windows_command(card, kCommandReset)) return false;
    windows_wait_byte(card, byte); // no answer from UART mode: its value and its absence are ignored
    if (!windows_command(card, kCommandReset)) return false;
    if (!windows_wait_byte(card, byte) || byte != kAck) return false;
    return windows_command(card, kCommandEnterUart);
}

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
    CHECK(latched[0] == 77 * kMicrosecond);
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

TEST_CASE("NetBSD finds a card: no FFh in STATUS, FEh within 20,000 polls, 3Fh at once") {
    TestCard card;
    REQUIRE(card.status() != kFloatingBus);
    for (int i = 0; i < 10'000 && !card.may_write(); ++i)
        card.run_for(10 * kMicrosecond);
    card.command(kCommandReset);
    bool found = false;
    for (int i = 0; i < 20'000 && !found; ++i) {
        if (byte_waits_for_host(timed_status(card))) found = card.data() == kAck;
    }
    CHECK(found);
    card.run_until([&] { return card.may_write(); });
    card.command(kCommandEnterUart);
    card.run_for(100 * kMillisecond);
    if (card.byte_waits()) card.data(); // it drains input before each byte
    check_bytes_go_out(card);
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
