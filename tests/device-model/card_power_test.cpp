// SPDX-License-Identifier: MIT
// D-states: what the records tell, what cues do meanwhile, and what a state may say. What a guest sees of it is in
// tests/conformance/9-power.txt.
#include "fault_card.hpp"

using namespace mpu401;

TEST_CASE("POWER tells the state, the one before and what was lost, and comes before what follows from it") {
    TestCard card;
    card.enter_uart();
    for (const uint8_t byte : Bytes{0x90, 0x3c, 0x40}) { // one into the latch, two into the FIFO
        card.run_for(kWireByteNs);
        card.arrive(byte);
    }
    card.run_for(kMillisecond);
    card.send(0xf8); // still in the host's latch
    card.events.clear();
    card.power(3);
    REQUIRE(card.events.size() == 3);
    CHECK(card.events[0] == mpulab_core_event{card.now, 0, MPULAB_KIND_POWER, 3, 0, 4});
    CHECK(card.events[1] == mpulab_core_event{card.now, 0, MPULAB_KIND_MODE, 0, 1, 0});
    CHECK((card.events[2].kind == MPULAB_KIND_IRQ && card.events[2].a == 0));
    card.events.clear();
    card.power(3);
    CHECK(card.events.empty());
    card.power(0);
    REQUIRE(card.events.size() == 1);
    CHECK(card.events[0] == mpulab_core_event{card.now, 0, MPULAB_KIND_POWER, 0, 3, 0});
    card.power(4);
    card.power(UINT32_MAX);
    CHECK(card.events.size() == 1);
}

TEST_CASE("an access to a card without power is the guest's mistake, each time") {
    TestCard card;
    card.power(3);
    card.events.clear();
    card.send(0x90);
    card.command(kCommandReset);
    CHECK(card.data() == 0xff);
    CHECK(card.status() == 0xff);
    const auto errors = card.of_kind(MPULAB_KIND_GUEST_ERROR);
    REQUIRE(errors.size() == 4);
    CHECK(errors[0] == mpulab_core_event{card.now, 0, MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_UNPOWERED, 0, 0x90});
    CHECK(errors[1] == mpulab_core_event{card.now, 0, MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_UNPOWERED, 1, 0xff});
    CHECK(errors[2] == mpulab_core_event{card.now, 0, MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 0, 0xff});
    CHECK(errors[3] == mpulab_core_event{card.now, 0, MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff});
    CHECK(card.of_kind(MPULAB_KIND_REG_READ).size() == 2);
    CHECK(card.of_kind(MPULAB_KIND_REG_WRITE).size() == 2);
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
}

TEST_CASE("a byte on MIDI IN of a card without power has its record, and no number") {
    TestCard card;
    card.enter_uart();
    card.power(3);
    card.events.clear();
    CHECK(card.arrive(0x90));
    REQUIRE(card.events.size() == 1);
    CHECK(card.events[0] == mpulab_core_event{card.now, 0, MPULAB_KIND_WIRE_IN, 0x90, 0, 0});
}

TEST_CASE("numbers of bytes go on when the power comes back") {
    TestCard card;
    card.enter_uart();
    card.send(0x90);
    card.run_for(kMillisecond);
    card.power(3);
    card.power(0);
    card.enter_uart();
    card.send(0x3c);
    card.run_for(kMillisecond);
    REQUIRE(card.of_kind(MPULAB_KIND_WIRE_OUT).size() == 1);
    CHECK(card.of_kind(MPULAB_KIND_WIRE_OUT)[0].corr == MPULAB_CORR(MPULAB_CORR_TX_BYTE, 2));
}

TEST_CASE("cues go on without power: what they count, what they inject, what they hold") {
    TestCard card;
    const auto hold =
        cue(MPULAB_TRIGGER_READ, MPULAB_ACTION_HOLD_DRR, {.argument = kStatusPort, .first = 3, .value = 1});
    REQUIRE(card.set_cues(cue_section({hold, inject(MPULAB_TRIGGER_MARKER, 1, 0, 1)}, {0x90})));
    card.power(3);
    card.status();
    card.status();
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(kMillisecond);
    CHECK(card.of_kind(MPULAB_KIND_WIRE_IN).size() == 1);
    CHECK(card.status() == 0xff); // held, but nobody can see it
    CHECK(card.of_kind(MPULAB_KIND_FAULT).empty());
    card.power(0);
    CHECK(card.status() == 0xff); // DRR held at 1
    CHECK(card.of_kind(MPULAB_KIND_FAULT).size() == 1);
}

TEST_CASE("an interrupt that a cue adds does not reach the line of a card without power") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section({at_marker(MPULAB_ACTION_ADD_IRQ)})));
    card.power(3);
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(500); // half of its pulse
    const auto faults = card.of_kind(MPULAB_KIND_FAULT);
    REQUIRE(faults.size() == 1);
    CHECK((faults[0].b == 0 && faults[0].c == 0));
    card.power(0);
    CHECK_FALSE(card.irq());
    card.run_for(kMillisecond);
    CHECK(card.of_kind(MPULAB_KIND_IRQ).empty());
}

TEST_CASE("notes are not silenced without power, and are when it is back") {
    TestCard card({{"silence-on-reset", "on"}, {"midi-clock-out", "off"}});
    card.enter_uart();
    card.send_all({0x90, 0x3c, 0x40});
    card.run_for(10 * kMillisecond);
    card.events.clear();
    card.power(3);
    card.run_for(kMillisecond);
    CHECK(card.own_out().empty());
    card.power(0);
    card.run_for(10 * kMillisecond);
    CHECK(card.own_out() == std::vector<uint8_t>{0x90, 0x3c, 0x00, 0xb0, 0x7b, 0x00});
}

TEST_CASE("new cues leave a card without power without it") {
    TestCard card;
    card.power(3);
    REQUIRE(card.set_cues(cue_section({at_marker(MPULAB_ACTION_ADD_IRQ)})));
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(500);
    CHECK_FALSE(card.irq());
}

TEST_CASE("a state without power that holds something is refused") {
    TestCard off;
    off.power(3);
    TestCard waiting;
    waiting.command(kCommandReset);
    waiting.run_for(kMillisecond);
    const auto quiet = off.save();
    auto bent = waiting.save();
    TestCard same;
    const auto fresh = same.save();
    size_t place = 0; // of the D-state: the first byte in which D0 and D3 differ
    while (quiet[place] == fresh[place])
        ++place;
    CHECK(quiet[place] == 3);
    bent[place] = 3;
    CHECK_FALSE(same.load(bent));
    CHECK(same.error == "state: a card without power (D3) that holds bytes, or has something to do");
    bent[place] = 4;
    CHECK_FALSE(same.load(bent));
    CHECK(same.error == "state: D-state 4; 0 to 3 expected");
    CHECK(same.load(quiet));
    CHECK(same.status() == 0xff);
}
