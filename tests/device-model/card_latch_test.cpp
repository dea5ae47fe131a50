// SPDX-License-Identifier: MIT
// Registers, latches and acknowledgements. Expected answers are written from reference §1 and §2 (mpu401.md).
#include "test_card.hpp"

using namespace mpu401;

TEST_CASE("at power-on nothing waits, the host may write, and the interrupt line is low") {
    TestCard card; // §1.2
    CHECK(card.status() == 0xbf);
    CHECK_FALSE(card.irq());
    CHECK(mpulab_core_next_event(card.core) == 27 * kMillisecond); // the Stop on MIDI OUT (§2.3)
    TestCard silent(Properties{{"midi-clock-out", "off"}});
    CHECK(mpulab_core_next_event(silent.core) == MPULAB_CORE_NEVER);
}

TEST_CASE("reading DATA when nothing was ever latched gives FEh and changes nothing") {
    TestCard card; // §1.3
    CHECK(card.data() == kAck);
    CHECK(card.status() == 0xbf);
    const auto errors = card.of_kind(MPULAB_KIND_GUEST_ERROR);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].a == MPULAB_GUEST_READ_EMPTY);
}

TEST_CASE("reading DATA again gives the last byte again, without an edge") {
    TestCard card; // §1.3
    card.enter_uart();
    card.arrive(0x42);
    card.run_for(kMillisecond);
    const auto edges = card.of_kind(MPULAB_KIND_IRQ).size();
    CHECK(card.data() == 0x42);
    for (int i = 0; i < 64; ++i)
        CHECK(card.data() == 0x42);
    CHECK(card.of_kind(MPULAB_KIND_IRQ).size() == edges + 1); // the fall of the first read
}

TEST_CASE("the unused status bits are what the property says") {
    TestCard zeros(Properties{{"status-unused", "0"}}); // §1.1
    CHECK(zeros.status() == 0x80);
    TestCard mixed(Properties{{"status-unused", "0x15"}});
    CHECK(mixed.status() == 0x95);
}

TEST_CASE("a write makes DRR 1 until the firmware has taken the byte") {
    TestCard card; // §2.2: 16-100 us
    card.command(0x05);
    CHECK_FALSE(card.may_write());
    card.run_for(15 * kMicrosecond);
    CHECK_FALSE(card.may_write());
    card.run_for(85 * kMicrosecond);
    CHECK(card.may_write());
}

TEST_CASE("a second write overwrites the first, byte and flag, and says so") {
    TestCard card; // §1.4: Linux may write 3Fh on top of a pending 00h
    card.send(0x00);
    card.command(kCommandEnterUart);
    card.run_for(kMillisecond);
    CHECK(card.data() == kAck);
    CHECK(card.of_kind(MPULAB_KIND_MODE).size() == 1);
    const auto overruns = card.of_kind(MPULAB_KIND_OVERRUN);
    REQUIRE(overruns.size() == 1);
    CHECK(overruns[0].a == MPULAB_OVERRUN_HOST_LATCH);
    CHECK(overruns[0].b == 0x00);
    CHECK(overruns[0].c == 1);
    const auto errors = card.of_kind(MPULAB_KIND_GUEST_ERROR);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].a == MPULAB_GUEST_WRITE_NOT_READY);
    CHECK(errors[0].b == kCommandPort);
    CHECK(errors[0].c == kCommandEnterUart);
}

TEST_CASE("of two MIDI bytes written without polling only the second goes out, and the first is named as lost") {
    TestCard card; // §1.4
    card.enter_uart();
    card.send(0x11);
    card.send(0x22);
    card.run_for(10 * kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x22});
    const auto overruns = card.of_kind(MPULAB_KIND_OVERRUN);
    REQUIRE(overruns.size() == 1);
    CHECK(overruns[0].corr == MPULAB_CORR(MPULAB_CORR_TX_BYTE, 1));
    CHECK(card.of_kind(MPULAB_KIND_WIRE_OUT)[0].corr == MPULAB_CORR(MPULAB_CORR_TX_BYTE, 2));
}

TEST_CASE("in intelligent mode every command from 00h to FFh is acknowledged exactly once") {
    for (int command = 0; command <= 0xff; ++command) { // §2.1
        CAPTURE(command);
        TestCard card;
        card.command(static_cast<uint8_t>(command));
        card.run_for(kMicrosecond);
        CHECK_FALSE(card.byte_waits()); // never at once
        card.run_for(199 * kMicrosecond);
        CHECK(card.byte_waits());
        CHECK(card.data() == kAck);
        card.run_for(100 * kMillisecond);
        // A0h-A7h, ABh, ACh, ADh, AFh bring one byte of their own (§5.3)
        const bool replies =
            (command & 0xf8) == 0xa0 || command == 0xab || command == 0xac || command == 0xad || command == 0xaf;
        CHECK(card.byte_waits() == replies);
        card.data();
        card.run_for(100 * kMillisecond);
        CHECK_FALSE(card.byte_waits());
    }
}

TEST_CASE("an ACK is readable 47 to 125 us after a command to an idle card, and interrupts") {
    TestCard card; // §2.2, §3.1
    card.command(0x05);
    card.run_for(46 * kMicrosecond);
    CHECK_FALSE(card.irq());
    card.run_for(79 * kMicrosecond);
    CHECK(card.irq());
    CHECK(card.byte_waits());
}

TEST_CASE("the ACK of RESET comes before the card is busy for 27.2 ms") {
    TestCard card; // §2.2
    card.command(kCommandReset);
    card.run_for(82 * kMicrosecond);
    CHECK(card.data() == kAck);
    CHECK(card.may_write()); // DRR reads 0 until the next byte is written
    card.command(0x05);
    card.run_for(27'200 * kMicrosecond - card.now - 1);
    CHECK_FALSE(card.may_write()); // then 1 until it is taken
    card.run_for(1);
    CHECK(card.may_write());
    card.run_for(100 * kMicrosecond);
    CHECK(card.data() == kAck); // late, not lost
}

TEST_CASE("data in intelligent mode is discarded without a reply and never reaches the wire") {
    TestCard card; // §5.1
    for (int i = 0; i < 10; ++i) {
        card.send(0x90);
        card.run_for(kMillisecond);
    }
    CHECK(card.may_write());
    CHECK_FALSE(card.byte_waits());
    CHECK(card.wire_out().empty());
    for (const auto& write : card.of_kind(MPULAB_KIND_REG_WRITE))
        CHECK(write.corr == 0);
}

TEST_CASE("3Fh enters UART mode, is acknowledged with an interrupt, and takes 34 ms to become ready") {
    TestCard card; // §2.1, §2.2; the NT 3.5 driver waits for this interrupt
    card.command(kCommandEnterUart);
    card.run_for(100 * kMicrosecond);
    CHECK(card.irq());
    CHECK(card.data() == kAck);
    CHECK(card.may_write());
    card.send(0x90); // written right away: latched, not lost
    card.run_for(33 * kMillisecond);
    CHECK_FALSE(card.may_write());
    CHECK(card.wire_out().empty());
    card.run_for(2 * kMillisecond);
    CHECK(card.may_write());
    CHECK(card.wire_out() == std::vector<uint8_t>{0x90});
}

TEST_CASE("RESET in UART mode gives no ACK and returns to intelligent mode after 60.5 ms") {
    TestCard card; // §2.1
    card.enter_uart();
    card.command(kCommandReset);
    card.run_for(50 * kMillisecond);
    CHECK_FALSE(card.byte_waits());
    CHECK_FALSE(card.irq());
    card.command(0x05);
    card.run_for(60'499 * kMicrosecond - 50 * kMillisecond);
    CHECK_FALSE(card.byte_waits());
    card.run_for(kMillisecond);
    CHECK(card.data() == kAck); // intelligent again: this one is acknowledged
    const auto modes = card.of_kind(MPULAB_KIND_MODE);
    REQUIRE(modes.size() == 1);
    CHECK(modes[0].a == MPULAB_MODE_INTELLIGENT);
}

TEST_CASE("with uart-reset-ack RESET in UART mode is acknowledged") {
    TestCard card(Properties{{"uart-reset-ack", "on"}}); // §2.1: 86Box 129
    card.enter_uart();
    card.command(kCommandReset);
    card.run_for(kMillisecond);
    CHECK(card.data() == kAck);
}

TEST_CASE("in UART mode every command but RESET is ignored: no ACK, no effect, no interrupt") {
    TestCard card; // §2.1
    card.enter_uart();
    for (int command = 0; command < 0xff; ++command) {
        card.command(static_cast<uint8_t>(command));
        card.run_for(kMillisecond);
    }
    CHECK_FALSE(card.byte_waits());
    CHECK(card.of_kind(MPULAB_KIND_IRQ).empty());
    CHECK(card.of_kind(MPULAB_KIND_MODE).empty());
    CHECK(card.wire_out().empty());
}

TEST_CASE("an unread ACK survives RESET, and the line stays up with it") {
    TestCard card; // §2.3
    card.command(kCommandEnterUart);
    card.run_for(40 * kMillisecond);
    card.command(kCommandReset);
    card.run_for(100 * kMillisecond);
    CHECK(card.irq());
    CHECK(card.data() == kAck);
    card.run_for(kMillisecond);
    CHECK_FALSE(card.irq());
}

TEST_CASE("RESET in UART mode drops what the latch does not hold, and sends no note-offs") {
    TestCard card; // §2.3
    card.enter_uart();
    card.arrive(0x11);
    card.arrive(0x22);
    card.run_for(kMillisecond);
    card.send_all({0x90, 0x3c, 0x40});
    card.run_until([&] { return card.may_write(); });
    card.command(kCommandReset);
    card.run_for(100 * kMillisecond);
    CHECK(card.data() == 0x11);
    card.run_for(kMillisecond);
    CHECK_FALSE(card.byte_waits());
    CHECK(card.wire_out() == std::vector<uint8_t>{0x90}); // on the wire already; the rest is dropped
}

TEST_CASE("an ACK that nobody has read holds back the next, and loses nothing") {
    TestCard card; // one ACK a command (§2.1), one byte at a time (§1.4)
    for (int i = 0; i < 5; ++i) {
        card.command(0x05);
        card.run_for(kMillisecond);
    }
    for (int i = 0; i < 5; ++i) {
        CHECK(card.byte_waits());
        CHECK(card.data() == kAck);
        CHECK_FALSE(card.byte_waits());
        card.run_for(kMillisecond);
    }
    CHECK_FALSE(card.byte_waits());
}

TEST_CASE("a host that never reads loses ACKs visibly and bounds the card's memory") {
    TestCard card(Properties{{"rx-fifo", "4"}});
    for (int i = 0; i < 100; ++i) {
        card.command(0x05);
        card.run_for(kMillisecond);
    }
    CHECK(card.of_kind(MPULAB_KIND_OVERRUN).size() == 95); // four in the FIFO, one in the latch
}

TEST_CASE("fast timing keeps the rules: an ACK after more than 1 us and less than 100 us, one byte a latch") {
    TestCard card(Properties{{"timing", "fast"}}); // §9
    card.command(kCommandEnterUart);
    card.run_for(kMicrosecond);
    CHECK_FALSE(card.byte_waits());
    card.run_for(98 * kMicrosecond);
    CHECK(card.data() == kAck);
    card.send(0x01);
    card.send(0x02);
    card.run_for(100 * kMicrosecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x02});
    CHECK(card.data() == kAck); // stale
}

TEST_CASE("an offset the card does not have reads FFh and makes no record") {
    TestCard card;
    CHECK(mpulab_core_register_count(card.core) == 2);
    CHECK(card.read(2) == kFloatingBus);
    mpulab_core_write(card.core, 7, 0xff, 0);
    CHECK(card.events.empty());
}
