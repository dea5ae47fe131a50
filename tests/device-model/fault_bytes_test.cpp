// SPDX-License-Identifier: MIT
// Faults of STATUS, of ACKs, of bytes on their ways and of the bus: core/CUES.md.
#include "fault_card.hpp"

using namespace mpu401;

TEST_CASE("DSR held at 1 hides a byte from STATUS alone: it is readable, and its interrupt comes") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DSR, {.time_ns = 5 * kMillisecond, .value = 1})});
    card.fire();
    const int64_t start = card.now;
    CHECK(card.status() == 0xbf);
    CHECK(card.faults().empty()); // it would have been that anyway
    card.receive(0x11);
    CHECK(card.irq());
    CHECK(card.status() == 0xbf);
    CHECK(card.data() == 0x11);
    CHECK(card.of_kind(MPULAB_KIND_GUEST_ERROR).empty());
    card.receive(0x22);
    card.run_for(5 * kMillisecond);
    CHECK(card.status() == 0x3f);
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_HOLD_DSR, kActs, 0, 0x3f, 0xbf},
                                                    {MPULAB_ACTION_HOLD_DSR, kEnds, 0, 1, kNothing}});
    CHECK(card.of_kind(MPULAB_KIND_FAULT)[1].time_ns == start + 5 * kMillisecond);
}

TEST_CASE("DSR held at 0 promises a byte that is not there: the stale one is read, and that is no guest's mistake") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DSR, {.time_ns = 5 * kMillisecond})});
    card.fire();
    CHECK(card.status() == 0x3f);
    CHECK_FALSE(card.irq());
    CHECK(card.data() == kAck);
    CHECK(card.of_kind(MPULAB_KIND_GUEST_ERROR).empty());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_HOLD_DSR, kActs, 0, 0xbf, 0x3f}});
    card.run_for(5 * kMillisecond);
    CHECK(card.data() == kAck);
    CHECK(card.of_kind(MPULAB_KIND_GUEST_ERROR).size() == 1);
}

TEST_CASE("DRR held at 1 says that the card is never ready, and a byte written all the same goes out") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DRR, {.value = 1})});
    card.fire();
    CHECK(card.status() == 0xff);
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER); // for good
    card.send(0x90);
    card.run_for(10 * kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x90});
    CHECK(card.status() == 0xff);
    CHECK(card.faults() == std::vector<FaultRecord>(2, {MPULAB_ACTION_HOLD_DRR, kActs, 0, 0xbf, 0xff}));
}

TEST_CASE("DRR held at 0 promises room that is not there: the byte before is lost, and that is no guest's mistake") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DRR)});
    card.fire();
    card.send(1);
    CHECK(card.status() == 0xbf);
    card.send(2);
    card.run_for(10 * kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{2});
    CHECK(card.of_kind(MPULAB_KIND_OVERRUN).size() == 1);
    CHECK(card.of_kind(MPULAB_KIND_GUEST_ERROR).empty());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_HOLD_DRR, kActs, 0, 0xff, 0xbf}});
}

TEST_CASE("both bits may be held at once, each with its own record") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DSR), at_marker(MPULAB_ACTION_HOLD_DRR, {.value = 1})});
    card.fire();
    CHECK(card.status() == 0x7f);
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_HOLD_DSR, kActs, 0, 0xbf, 0x3f},
                                                    {MPULAB_ACTION_HOLD_DRR, kActs, 1, 0x3f, 0x7f}});
}

TEST_CASE("a FAULT record stands right before the record that it changed, at the same time") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DSR), at_marker(MPULAB_ACTION_CORRUPT_OUT, {.count = 1, .value = 1}),
                    at_marker(MPULAB_ACTION_CORRUPT_IN, {.count = 1, .value = 1}),
                    at_marker(MPULAB_ACTION_CORRUPT_HOST, {.count = 1, .value = 1})});
    card.fire();
    card.status();
    card.send_all({0x90});
    card.receive(0x10);
    size_t seen = 0;
    for (size_t i = 0; i + 1 < card.events.size(); ++i) {
        const auto& fault = card.events[i];
        if (fault.kind != MPULAB_KIND_FAULT) continue;
        const auto& next = card.events[i + 1];
        CHECK(next.time_ns == fault.time_ns);
        switch (MPULAB_FAULT_ACTION(fault.a)) {
        case MPULAB_ACTION_HOLD_DSR:
            CHECK(next.kind == MPULAB_KIND_REG_READ);
            CHECK(next.b == fault.c);
            break;
        case MPULAB_ACTION_CORRUPT_OUT:
            CHECK(next.kind == MPULAB_KIND_WIRE_OUT);
            CHECK(next.a == fault.c);
            CHECK(next.corr == fault.corr);
            break;
        case MPULAB_ACTION_CORRUPT_IN:
            CHECK(next.kind == MPULAB_KIND_WIRE_IN);
            CHECK(next.a == fault.c);
            break;
        default:
            CHECK(next.kind == MPULAB_KIND_LATCH);
            CHECK(next.a == fault.c);
            CHECK(next.corr == fault.corr);
        }
        ++seen;
    }
    CHECK(seen >= 4);
}

TEST_CASE("a withheld ACK never comes, and the firmware goes on") {
    TestCard card;
    REQUIRE(card.set_cues(
        cue_section({cue(MPULAB_TRIGGER_WRITE, MPULAB_ACTION_WITHHOLD_ACK, {.argument = kCommandPort, .count = 1})})));
    card.command(kCommandReset);
    card.run_for(100 * kMillisecond);
    CHECK_FALSE(card.byte_waits());
    CHECK(card.may_write());
    const auto faults = card.of_kind(MPULAB_KIND_FAULT);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].b == kAck);
    CHECK(faults[0].c == kNothing);
    card.command(kCommandReset);
    card.run_for(100 * kMillisecond);
    CHECK(card.data() == kAck);
    CHECK(card.of_kind(MPULAB_KIND_GUEST_ERROR).empty());
}

TEST_CASE("the ACK of entering UART mode can be withheld by the mode itself, and UART mode works") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section(
        {cue(MPULAB_TRIGGER_MODE, MPULAB_ACTION_WITHHOLD_ACK, {.argument = MPULAB_MODE_UART, .count = 1})})));
    card.command(kCommandEnterUart);
    card.run_for(100 * kMillisecond);
    CHECK_FALSE(card.byte_waits());
    card.send_all({0x90});
    card.run_for(kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x90});
}

TEST_CASE("a delayed ACK comes exactly so much later, and the firmware takes nothing before it") {
    TestCard plain;
    plain.command(0x80);
    plain.run_for(kMillisecond);
    const int64_t usual = plain.of_kind(MPULAB_KIND_LATCH).at(0).time_ns;

    TestCard card;
    REQUIRE(card.set_cues(
        cue_section({cue(MPULAB_TRIGGER_TIME, MPULAB_ACTION_DELAY_ACK, {.count = 2, .time_ns = 40 * kMillisecond})})));
    card.command(0x80);
    card.run_for(kMillisecond);
    card.command(0x81);
    card.run_for(30 * kMillisecond);
    CHECK_FALSE(card.byte_waits());
    CHECK_FALSE(card.may_write()); // 81h stands in the latch
    card.run_for(30 * kMillisecond);
    CHECK(card.data() == kAck);
    card.run_for(40 * kMillisecond);
    CHECK(card.data() == kAck);
    std::vector<int64_t> times;
    for (const auto& event : card.of_kind(MPULAB_KIND_LATCH))
        times.push_back(event.time_ns);
    REQUIRE(times.size() == 2);
    CHECK(times[0] == usual + 40 * kMillisecond);
    const auto faults = card.of_kind(MPULAB_KIND_FAULT);
    REQUIRE(faults.size() == 2); // each ACK is delayed once
    CHECK(faults[0].b == static_cast<uint64_t>(usual));
    CHECK(faults[0].c == static_cast<uint64_t>(usual + 40 * kMillisecond));
}

TEST_CASE("a corrupted ACK is another byte, with the interrupt of an ACK") {
    TestCard card;
    REQUIRE(
        card.set_cues(cue_section({cue(MPULAB_TRIGGER_TIME, MPULAB_ACTION_CORRUPT_ACK, {.count = 1, .value = 0x0e})})));
    card.command(kCommandReset);
    card.run_for(kMillisecond);
    CHECK(card.irq());
    CHECK(card.data() == 0xf0);
    const auto faults = card.of_kind(MPULAB_KIND_FAULT);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].b == kAck);
    CHECK(faults[0].c == 0xf0);
}

TEST_CASE("bytes on MIDI OUT are corrupted in place, the spacing stays") {
    FaultCard card({at_marker(MPULAB_ACTION_CORRUPT_OUT, {.count = 2, .value = 0x81})});
    card.send_all({1, 2, 3, 4});
    card.fire(); // 1 is on the wire
    card.run_for(5 * kMillisecond);
    const auto out = card.wire_out();
    REQUIRE(out.size() == 4);
    std::vector<uint8_t> difference;
    for (size_t i = 0; i < out.size(); ++i)
        difference.push_back(static_cast<uint8_t>(out[i] ^ (i + 1)));
    CHECK(std::count(difference.begin(), difference.end(), 0x81) == 2);
    CHECK(std::count(difference.begin(), difference.end(), 0x00) == 2);
    const auto records = card.of_kind(MPULAB_KIND_WIRE_OUT);
    for (size_t i = 1; i < records.size(); ++i)
        CHECK(records[i].time_ns - records[i - 1].time_ns == kWireByteNs);
}

TEST_CASE("a byte lost on its way out leaves the wire silent for its time") {
    FaultCard card({cue(MPULAB_TRIGGER_WIRE_OUT, MPULAB_ACTION_LOSE_OUT, {.first = 2, .count = 1})});
    card.send_all({1, 2, 3});
    card.run_for(5 * kMillisecond);
    const auto records = card.of_kind(MPULAB_KIND_WIRE_OUT);
    REQUIRE(records.size() == 2);
    CHECK(card.wire_out() == std::vector<uint8_t>{1, 3});
    CHECK(records[1].time_ns - records[0].time_ns == 2 * kWireByteNs);
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_LOSE_OUT, kActs, 0, 2, kNothing}});
    CHECK(card.of_kind(MPULAB_KIND_FAULT)[0].corr == MPULAB_CORR(MPULAB_CORR_TX_BYTE, 2));
}

TEST_CASE("bytes on MIDI IN are corrupted or lost on the cable, or discarded for their missing stop bit") {
    FaultCard card({cue(MPULAB_TRIGGER_WIRE_IN, MPULAB_ACTION_CORRUPT_IN, {.first = 1, .count = 1, .value = 0xff}),
                    cue(MPULAB_TRIGGER_WIRE_IN, MPULAB_ACTION_LOSE_IN, {.first = 2, .count = 1}),
                    cue(MPULAB_TRIGGER_WIRE_IN, MPULAB_ACTION_FRAMING_ERROR, {.first = 3, .count = 1})});
    std::vector<uint8_t> received;
    for (uint8_t byte = 1; byte <= 4; ++byte) {
        card.receive(byte);
        if (card.byte_waits()) received.push_back(card.data());
    }
    CHECK(received == std::vector<uint8_t>{0xfe, 4});
    CHECK(card.of_kind(MPULAB_KIND_WIRE_IN).size() == 2); // what the card's receiver got
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_CORRUPT_IN, kActs, 0, 1, 0xfe},
                                                    {MPULAB_ACTION_LOSE_IN, kActs, 1, 2, kNothing},
                                                    {MPULAB_ACTION_FRAMING_ERROR, kActs, 2, 3, kNothing}});
    CHECK(card.rises().size() == 2);
}

TEST_CASE("bytes for the host are corrupted or lost inside the card, ACKs included") {
    TestCard card;
    REQUIRE(card.set_cues(
        cue_section({cue(MPULAB_TRIGGER_TIME, MPULAB_ACTION_LOSE_HOST, {.count = 1}),
                     cue(MPULAB_TRIGGER_TIME, MPULAB_ACTION_CORRUPT_HOST, {.count = 1, .value = 0x01})})));
    card.command(0x80);
    card.run_for(kMillisecond);
    CHECK_FALSE(card.byte_waits());
    CHECK_FALSE(card.irq());
    card.command(0x80);
    card.run_for(kMillisecond);
    CHECK(card.data() == 0xff);
    const auto faults = card.of_kind(MPULAB_KIND_FAULT);
    REQUIRE(faults.size() == 2);
    CHECK(faults[0].corr == MPULAB_CORR(MPULAB_CORR_RX_BYTE, 1));
    CHECK(faults[1].corr == MPULAB_CORR(MPULAB_CORR_RX_BYTE, 2));
}

TEST_CASE("a byte lost for the host does not hold up the one behind it") {
    FaultCard card({at_marker(MPULAB_ACTION_LOSE_HOST, {.count = 2})});
    for (uint8_t byte = 1; byte <= 4; ++byte)
        card.receive(byte); // 1 in the latch, 2 3 4 behind it
    card.fire();
    CHECK(card.data() == 1);
    card.run_for(20 * kMicrosecond);
    CHECK(card.data() == 4);
}

TEST_CASE("off the bus both ports read FFh, writes go nowhere, and the line is low") {
    FaultCard card({at_marker(MPULAB_ACTION_FLOAT_BUS, {.time_ns = 50 * kMillisecond})});
    card.receive(0x11);
    card.events.clear();
    card.fire();
    CHECK_FALSE(card.irq());
    CHECK(card.status() == kFloatingBus);
    CHECK(card.data() == kFloatingBus);
    card.send(0x90);
    card.command(kCommandReset);
    card.run_for(10 * kMillisecond);
    CHECK(card.wire_out().empty());
    CHECK(card.of_kind(MPULAB_KIND_REG_READ).size() == 2);
    CHECK(card.of_kind(MPULAB_KIND_REG_WRITE).size() == 2);
    CHECK(card.of_kind(MPULAB_KIND_GUEST_ERROR).empty());
    CHECK(card.of_kind(MPULAB_KIND_OVERRUN).empty());
    CHECK(card.of_kind(MPULAB_KIND_MODE).empty());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_FLOAT_BUS, kActs, 0, 1, 0},
                                                    {MPULAB_ACTION_FLOAT_BUS, kActs, 0, 0x3f, 0xff},
                                                    {MPULAB_ACTION_FLOAT_BUS, kActs, 0, 0x11, 0xff},
                                                    {MPULAB_ACTION_FLOAT_BUS, kActs, 0, 0x90, kNothing},
                                                    {MPULAB_ACTION_FLOAT_BUS, kActs, 0, 0xff, kNothing}});
    card.run_for(50 * kMillisecond); // back, as it was: only the bus was away
    CHECK(card.irq());
    CHECK(card.data() == 0x11);
    card.send_all({0x91});
    card.run_for(kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{0x91});
    CHECK(card.faults().back() == FaultRecord{MPULAB_ACTION_FLOAT_BUS, kEnds, 0, 0, 1});
}

TEST_CASE("a surprise removal without an end lasts, and the card has nothing to wake up for") {
    FaultCard card({at_marker(MPULAB_ACTION_FLOAT_BUS)});
    card.fire();
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
    card.run_for(3'600'000 * kMillisecond);
    CHECK(card.status() == kFloatingBus);
}

TEST_CASE("accesses are counted while the card is off the bus: the guest made them") {
    FaultCard card({at_marker(MPULAB_ACTION_FLOAT_BUS),
                    cue(MPULAB_TRIGGER_WRITE, MPULAB_ACTION_ADD_IRQ, {.argument = kDataPort, .first = 2})});
    card.fire();
    card.send(1);
    card.send(2);
    CHECK(card.of_kind(MPULAB_KIND_CUE).size() == 2);
}

TEST_CASE("a cue takes the place of an earlier one with the same action") {
    FaultCard card({at_marker(MPULAB_ACTION_HOLD_DSR, {.time_ns = 1 * kMillisecond}),
                    cue(MPULAB_TRIGGER_MARKER, MPULAB_ACTION_HOLD_DSR,
                        {.argument = 2, .time_ns = 10 * kMillisecond, .value = 1})});
    card.receive(0x11);
    card.fire();
    card.run_for(500 * kMicrosecond);
    mpulab_core_marker(card.core, 2, card.now);
    const int64_t second = card.now;
    CHECK(card.status() == 0xbf);
    card.run_for(5 * kMillisecond); // the first one's end is past
    CHECK(card.status() == 0xbf);
    CHECK(mpulab_core_next_event(card.core) == second + 10 * kMillisecond);
}

TEST_CASE("a power-on reset ends all faults, and so do new cues") {
    std::vector<mpulab_cue> all;
#define MPULAB_ACTION(number, NAME, name, text, c, least_c, most_c, t, least_t, most_t, v, least_v, most_v)            \
    if (number != MPULAB_ACTION_INJECT) {                                                                              \
        all.push_back(at_marker(number, {.count = least_c, .time_ns = most_t, .value = most_v}));                      \
    }
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    for (const bool by_reset : {true, false}) {
        FaultCard card(all);
        card.receive(0x11);
        card.fire();
        CHECK_FALSE(card.irq());
        if (by_reset) {
            mpulab_core_reset(card.core, card.now);
            CHECK(card.status() == 0xbf);
            card.command(kCommandEnterUart);
            card.run_for(40 * kMillisecond);
        } else {
            REQUIRE(card.set_cues({}));
        }
        card.events.clear();
        CHECK(card.irq());
        CHECK(card.data() == (by_reset ? kAck : 0x11));
        card.send_all({0x90});
        card.receive(0x22);
        CHECK(card.data() == 0x22);
        CHECK(card.wire_out() == std::vector<uint8_t>{0x90});
        CHECK(card.faults().empty());
    }
}

TEST_CASE("a card without cues makes no FAULT and no CUE record, and one whose cues have not fired neither") {
    for (const bool with_cues : {false, true}) {
        FaultCard card(with_cues ? std::vector<mpulab_cue>{at_marker(MPULAB_ACTION_DROP_IRQ, {.count = 1})}
                                 : std::vector<mpulab_cue>{});
        card.send_all({1, 2, 3});
        card.receive(0x11);
        CHECK(card.irq());
        card.data();
        card.run_for(100 * kMillisecond);
        CHECK(card.faults().empty());
        CHECK(card.of_kind(MPULAB_KIND_CUE).empty());
    }
}
