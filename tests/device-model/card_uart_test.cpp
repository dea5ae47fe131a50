// SPDX-License-Identifier: MIT
// UART mode: wire, FIFOs, interrupt. Expected answers are written from reference §2.4, §3 and §4 (mpu401.md).
#include "test_card.hpp"

#include <numeric>

using namespace mpu401;

TEST_CASE("every byte goes out unmodified and in order, 320 us apart to the nanosecond") {
    TestCard card; // §2.4, §4
    card.enter_uart();
    std::vector<uint8_t> all(256);
    std::iota(all.begin(), all.end(), uint8_t{0});
    card.send_all(all);
    card.run_for(200 * kMillisecond);
    CHECK(card.wire_out() == all);
    const auto out = card.of_kind(MPULAB_KIND_WIRE_OUT);
    for (size_t i = 0; i < out.size(); ++i) {
        CHECK(out[i].corr == MPULAB_CORR(MPULAB_CORR_TX_BYTE, i + 1));
        CHECK(out[i].b == static_cast<uint64_t>(out[i].time_ns + kWireByteNs));
        if (i > 0) CHECK(out[i].time_ns - out[i - 1].time_ns == kWireByteNs);
    }
}

TEST_CASE("a write to DATA and its byte on the wire carry one correlation id") {
    TestCard card;
    card.enter_uart();
    card.send_all({0xf8, 0xff});
    card.run_for(kMillisecond);
    const auto writes = card.of_kind(MPULAB_KIND_REG_WRITE);
    const auto out = card.of_kind(MPULAB_KIND_WIRE_OUT);
    REQUIRE(writes.size() == 2);
    REQUIRE(out.size() == 2);
    for (size_t i = 0; i < 2; ++i)
        CHECK(writes[i].corr == out[i].corr);
    CHECK(out[1].a == 0xff); // FFh at DATA is MIDI System Reset, no command (§2.4)
}

TEST_CASE("a host that polls DRR gets 256 bytes ahead of the wire, then one byte each 320 us") {
    TestCard card; // §4
    card.enter_uart();
    int accepted = 0;
    while (card.wire_out().size() < 300) {
        card.run_until([&] { return card.may_write(); });
        card.send(static_cast<uint8_t>(accepted++));
    }
    uint64_t highest = 0;
    for (const auto& event : card.of_kind(MPULAB_KIND_FIFO_LEVEL)) {
        CHECK(event.a == 0);
        CHECK(event.c == 256);
        highest = std::max(highest, event.b);
    }
    CHECK(highest == 256);
    const auto writes = card.of_kind(MPULAB_KIND_REG_WRITE);
    for (size_t i = writes.size() - 10; i < writes.size(); ++i) {
        CHECK(writes[i].time_ns - writes[i - 1].time_ns == kWireByteNs);
    }
    CHECK(card.of_kind(MPULAB_KIND_OVERRUN).empty());
}

TEST_CASE("RESET is honoured while the TX FIFO is full and a byte waits for room") {
    TestCard card(Properties{{"tx-fifo", "4"}});
    card.enter_uart();
    card.send_all({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    card.run_for(100 * kMicrosecond);
    REQUIRE_FALSE(card.may_write());
    card.command(kCommandReset); // on top of the waiting byte
    card.run_for(kMillisecond);
    CHECK(card.of_kind(MPULAB_KIND_MODE).size() == 1);
    const auto out = card.wire_out().size();
    card.run_for(100 * kMillisecond);
    CHECK(card.wire_out().size() == out); // the FIFO is gone
}

TEST_CASE("output raises no interrupt") {
    TestCard card; // §3.1
    card.enter_uart();
    card.send_all(std::vector<uint8_t>(50, 0x00));
    card.run_for(100 * kMillisecond);
    CHECK(card.of_kind(MPULAB_KIND_IRQ).empty());
}

TEST_CASE("every byte on MIDI IN is offered unmodified, one interrupt each, with one correlation id along its way") {
    TestCard card; // §2.4, §3.1
    card.enter_uart();
    std::vector<uint8_t> got;
    for (int byte = 0; byte <= 0xff; ++byte) {
        card.run_for(kWireByteNs);
        CHECK(card.arrive(static_cast<uint8_t>(byte)));
        card.run_until([&] { return card.irq(); });
        got.push_back(card.data());
        CHECK_FALSE(card.irq());
    }
    std::vector<uint8_t> all(256);
    std::iota(all.begin(), all.end(), uint8_t{0});
    CHECK(got == all);
    CHECK(card.wire_out().empty()); // no thru in UART mode (§2.4)

    const auto in = card.of_kind(MPULAB_KIND_WIRE_IN);
    const auto latched = card.of_kind(MPULAB_KIND_LATCH);
    const auto reads = card.of_kind(MPULAB_KIND_REG_READ);
    const auto irqs = card.of_kind(MPULAB_KIND_IRQ);
    REQUIRE(irqs.size() == 512);
    for (size_t i = 0; i < 256; ++i) {
        const uint64_t corr = MPULAB_CORR(MPULAB_CORR_RX_BYTE, i + 2); // the ACK of 3Fh was number 1
        CHECK(in[i].corr == corr);
        CHECK(latched[i].corr == corr);
        CHECK(reads[i].corr == corr);
        CHECK(irqs[2 * i].corr == corr);
        CHECK(irqs[2 * i].a == 1);
        CHECK(irqs[2 * i].b == i + 2); // rising edges so far
        CHECK(irqs[2 * i + 1].corr == corr);
        CHECK(irqs[2 * i + 1].a == 0);
    }
}

TEST_CASE("between two waiting bytes the interrupt line is low for the refill gap") {
    TestCard card; // §3.2: an edge-triggered PIC sees one edge a byte
    card.enter_uart();
    card.arrive(1);
    card.arrive(2);
    card.run_for(kMillisecond);
    CHECK(card.data() == 1);
    CHECK_FALSE(card.irq());
    CHECK_FALSE(card.byte_waits()); // never readable without the edge
    card.run_for(11 * kMicrosecond);
    CHECK_FALSE(card.irq());
    card.run_for(24 * kMicrosecond); // 12-35 us
    CHECK(card.irq());
    CHECK(card.data() == 2);
}

TEST_CASE("with a refill gap of 0 the line falls and rises inside the read, and the edge is counted") {
    TestCard card(Properties{{"refill-gap", "0"}});
    card.enter_uart();
    card.arrive(1);
    card.arrive(2);
    card.run_for(kMillisecond);
    const uint64_t before = mpulab_core_irq_edges(card.core);
    CHECK(card.data() == 1);
    CHECK(card.irq());
    CHECK(mpulab_core_irq_edges(card.core) == before + 1);
    CHECK(card.data() == 2);
    CHECK_FALSE(card.irq());
    CHECK(mpulab_core_irq_edges(card.core) == before + 1);
}

TEST_CASE("an unread byte holds the line up however long it takes") {
    TestCard card; // §3.1
    card.enter_uart();
    card.arrive(1);
    card.run_for(3600'000 * kMillisecond);
    CHECK(card.irq());
    CHECK(card.of_kind(MPULAB_KIND_IRQ).size() == 1);
}

TEST_CASE("the RX FIFO keeps the oldest 1745 bytes and one in the latch, and names each newest that is lost") {
    TestCard card; // §4
    card.enter_uart();
    size_t kept = 0;
    for (int i = 0; i < 2000; ++i) {
        card.run_for(kWireByteNs);
        kept += card.arrive(static_cast<uint8_t>(i)) ? 1 : 0;
    }
    CHECK(kept == 1746);
    const auto overruns = card.of_kind(MPULAB_KIND_OVERRUN);
    CHECK(overruns.size() == 2000 - kept);
    CHECK(overruns[0].a == MPULAB_OVERRUN_RX_FIFO);
    CHECK(overruns[0].b == (1746 & 0xff));
    CHECK(overruns[0].c == 1745);
    for (size_t i = 0; i < kept; ++i) {
        card.run_until([&] { return card.irq(); });
        CHECK(card.data() == (i & 0xff));
    }
    card.run_for(kMillisecond);
    CHECK_FALSE(card.irq());
}

TEST_CASE("MIDI IN is lost in intelligent mode and for the 34 ms of entering UART mode, and has no number then") {
    TestCard card; // §2.2
    card.arrive(0x11);
    card.command(kCommandEnterUart);
    card.run_for(33 * kMillisecond);
    card.arrive(0x22);
    card.run_for(2 * kMillisecond);
    card.arrive(0x33);
    CHECK(card.data() == kAck);
    card.run_for(kMillisecond);
    CHECK(card.data() == 0x33);
    const auto in = card.of_kind(MPULAB_KIND_WIRE_IN);
    REQUIRE(in.size() == 3);
    CHECK(in[0].corr == 0);
    CHECK(in[1].corr == 0);
    CHECK(in[2].corr == MPULAB_CORR(MPULAB_CORR_RX_BYTE, 2));
}

TEST_CASE("10,000 unread active-sensing bytes leave the card responsive") {
    TestCard card; // §6: 86Box PR 7940
    card.enter_uart();
    for (int i = 0; i < 10'000; ++i) {
        card.run_for(kWireByteNs);
        card.arrive(0xfe);
    }
    card.send_all({0x90});
    card.run_for(kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x90});
    CHECK(card.data() == 0xfe);
}

TEST_CASE("a power-on reset ends UART mode, empties everything, drops the line, and keeps counting bytes") {
    TestCard card;
    card.enter_uart();
    card.send_all({1, 2, 3});
    card.arrive(9);
    card.run_for(kMillisecond);
    REQUIRE(card.irq());
    mpulab_core_reset(card.core, card.now);
    CHECK_FALSE(card.irq());
    CHECK(card.status() == 0xbf);
    CHECK(card.data() == kAck);
    CHECK(mpulab_core_next_event(card.core) == card.now + 27 * kMillisecond); // the Stop, once after power-on (§2.3)
    card.enter_uart();
    card.send_all({4});
    card.run_for(kMillisecond);
    CHECK(card.of_kind(MPULAB_KIND_WIRE_OUT)[0].corr == MPULAB_CORR(MPULAB_CORR_TX_BYTE, 4));
}
