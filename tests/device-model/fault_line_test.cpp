// SPDX-License-Identifier: MIT
// Faults of the interrupt line: core/CUES.md.
#include "fault_card.hpp"

using namespace mpu401;

namespace {

constexpr int64_t kPulseNs = kMicrosecond;

} // namespace

TEST_CASE("a dropped interrupt never comes, its byte is readable, and the next interrupt is whole") {
    FaultCard card({at_marker(MPULAB_ACTION_DROP_IRQ, {.count = 1})});
    card.fire();
    card.receive(0x11);
    CHECK_FALSE(card.irq());
    CHECK(card.byte_waits());
    card.run_for(100 * kMillisecond);
    CHECK_FALSE(card.irq());
    CHECK(card.rises().empty());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_DROP_IRQ, kActs, 0, 1, 0}});
    CHECK(card.of_kind(MPULAB_KIND_FAULT)[0].corr == card.of_kind(MPULAB_KIND_LATCH)[0].corr);
    CHECK(card.data() == 0x11);
    card.receive(0x22);
    CHECK(card.irq());
    CHECK(card.rises().size() == 1);
    CHECK(card.faults().size() == 1);
}

TEST_CASE("as many interrupts are dropped as the cue says, each with its own record") {
    FaultCard card({at_marker(MPULAB_ACTION_DROP_IRQ, {.count = 3})});
    card.fire();
    std::vector<bool> risen;
    for (uint8_t byte = 1; byte <= 5; ++byte) {
        card.receive(byte);
        risen.push_back(card.irq());
        CHECK(card.data() == byte);
    }
    CHECK(risen == std::vector<bool>{false, false, false, true, true});
    CHECK(card.faults().size() == 3);
}

TEST_CASE("a drop that is set while a byte is unread spares that byte's interrupt") {
    FaultCard card({at_marker(MPULAB_ACTION_DROP_IRQ, {.count = 1})});
    card.receive(0x11);
    card.fire();
    CHECK(card.irq());
    card.data();
    card.receive(0x22);
    CHECK_FALSE(card.irq());
}

TEST_CASE("a delayed interrupt comes exactly so much later") {
    FaultCard card({at_marker(MPULAB_ACTION_DELAY_IRQ, {.count = 1, .time_ns = 3 * kMillisecond})});
    card.fire();
    card.receive(0x11);
    CHECK_FALSE(card.irq());
    CHECK(card.byte_waits());
    card.run_for(10 * kMillisecond);
    const int64_t readable_at = card.of_kind(MPULAB_KIND_LATCH).at(0).time_ns;
    const auto late = static_cast<uint64_t>(readable_at + 3 * kMillisecond);
    CHECK(card.rises() == std::vector<int64_t>{readable_at + 3 * kMillisecond});
    CHECK(card.faults() ==
          std::vector<FaultRecord>{{MPULAB_ACTION_DELAY_IRQ, kActs, 0, static_cast<uint64_t>(readable_at), late}});
    card.data();
    card.receive(0x22);
    CHECK(card.irq());
}

TEST_CASE("a delayed interrupt whose byte is read before never comes") {
    FaultCard card({at_marker(MPULAB_ACTION_DELAY_IRQ, {.count = 1, .time_ns = 3 * kMillisecond})});
    card.fire();
    card.receive(0x11);
    CHECK(card.data() == 0x11);
    card.run_for(10 * kMillisecond);
    CHECK(card.rises().empty());
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
}

TEST_CASE("a duplicated interrupt of an unread byte makes a low phase and a second edge") {
    FaultCard card({at_marker(MPULAB_ACTION_DUPLICATE_IRQ, {.count = 1, .time_ns = 500 * kMicrosecond})});
    card.fire();
    card.receive(0x11);
    card.run_for(kMillisecond);
    const int64_t first = card.of_kind(MPULAB_KIND_LATCH).at(0).time_ns;
    CHECK(card.rises() == std::vector<int64_t>{first, first + 500 * kMicrosecond + kPulseNs});
    CHECK(card.irq());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_DUPLICATE_IRQ, kActs, 0, 1, 0}});
    card.data();
    CHECK_FALSE(card.irq());
}

TEST_CASE("a duplicated interrupt of a byte that is read already is a pulse") {
    FaultCard card({at_marker(MPULAB_ACTION_DUPLICATE_IRQ, {.count = 1, .time_ns = 500 * kMicrosecond})});
    card.fire();
    card.receive(0x11);
    card.data();
    card.run_for(kMillisecond);
    const int64_t first = card.of_kind(MPULAB_KIND_LATCH).at(0).time_ns;
    CHECK(card.rises() == std::vector<int64_t>{first, first + 500 * kMicrosecond});
    CHECK_FALSE(card.irq());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_DUPLICATE_IRQ, kActs, 0, 0, 1}});
}

TEST_CASE("an interrupt that comes before the second of the one before it is not duplicated and not counted") {
    FaultCard card({at_marker(MPULAB_ACTION_DUPLICATE_IRQ, {.count = 2, .time_ns = kMillisecond})});
    card.fire();
    for (uint8_t byte = 1; byte <= 6; ++byte) { // 420 us apart: the second one comes into the third's time
        card.receive(byte);
        card.data();
    }
    card.run_for(10 * kMillisecond);
    CHECK(card.rises().size() == 6 + 2);
    CHECK(card.faults().size() == 2);
}

TEST_CASE("a new cue to duplicate does not take the second of an interrupt that has come already") {
    FaultCard card(
        {at_marker(MPULAB_ACTION_DUPLICATE_IRQ, {.firings = 2, .every = 1, .count = 1, .time_ns = kMillisecond})});
    card.fire();
    card.receive(0x11);
    card.data();
    card.fire();
    card.run_for(10 * kMillisecond);
    CHECK(card.rises().size() == 2);
    card.receive(0x22);
    card.data();
    card.run_for(10 * kMillisecond);
    CHECK(card.rises().size() == 4);
}

TEST_CASE("what an access begins has begun when it returns") {
    for (const mpulab_cue_trigger trigger : {MPULAB_TRIGGER_READ, MPULAB_TRIGGER_WRITE}) {
        FaultCard card({cue(trigger, MPULAB_ACTION_ADD_IRQ, {.argument = 1})});
        if (trigger == MPULAB_TRIGGER_READ) {
            card.status();
        } else {
            card.command(0x80);
        }
        CHECK(card.irq());
        CHECK(mpulab_core_next_event(card.core) > card.now);
    }
}

TEST_CASE("an added interrupt is a pulse of 1 us that belongs to no byte") {
    FaultCard card({at_marker(MPULAB_ACTION_ADD_IRQ)});
    card.fire();
    const int64_t start = card.now;
    CHECK(card.irq());
    CHECK_FALSE(card.byte_waits());
    CHECK(mpulab_core_next_event(card.core) == start + kPulseNs);
    card.run_for(kPulseNs);
    CHECK_FALSE(card.irq());
    CHECK(card.rises() == std::vector<int64_t>{start});
    CHECK(card.of_kind(MPULAB_KIND_IRQ).at(0).corr == 0);
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_ADD_IRQ, kActs, 0, 0, 1}});
}

TEST_CASE("an added interrupt on a line that is up is a low phase of 1 us and a new edge") {
    FaultCard card({at_marker(MPULAB_ACTION_ADD_IRQ)});
    card.receive(0x11);
    card.events.clear();
    card.fire();
    const int64_t start = card.now;
    CHECK_FALSE(card.irq());
    card.run_for(kPulseNs);
    CHECK(card.irq());
    CHECK(card.rises() == std::vector<int64_t>{start + kPulseNs});
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_ADD_IRQ, kActs, 0, 1, 0}});
}

TEST_CASE("interrupts added at one moment add up, 2 us apart") {
    FaultCard card(
        {at_marker(MPULAB_ACTION_ADD_IRQ), at_marker(MPULAB_ACTION_ADD_IRQ), at_marker(MPULAB_ACTION_ADD_IRQ)});
    card.fire();
    const int64_t start = card.now;
    card.run_for(kMillisecond);
    CHECK(card.rises() == std::vector<int64_t>{start, start + 2 * kPulseNs, start + 4 * kPulseNs});
    CHECK(card.faults().size() == 3);
}

TEST_CASE("a storm has its number of interrupts at its distance, the first at once") {
    FaultCard card({at_marker(MPULAB_ACTION_IRQ_STORM, {.count = 5, .time_ns = 7'000})});
    card.fire();
    const int64_t start = card.now;
    card.run_for(kMillisecond);
    CHECK(card.rises() == std::vector<int64_t>{start, start + 7'000, start + 14'000, start + 21'000, start + 28'000});
    CHECK_FALSE(card.irq());
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
}

TEST_CASE("a second storm takes the place of the first") {
    FaultCard card(
        {at_marker(MPULAB_ACTION_IRQ_STORM, {.count = 100, .time_ns = 10'000}),
         cue(MPULAB_TRIGGER_MARKER, MPULAB_ACTION_IRQ_STORM, {.argument = 2, .count = 2, .time_ns = 50'000})});
    card.fire();
    card.run_for(25'000);
    CHECK(card.rises().size() == 3);
    mpulab_core_marker(card.core, 2, card.now);
    card.run_for(kMillisecond);
    CHECK(card.rises().size() == 5);
}

TEST_CASE("a pulse that rises and falls inside one call is counted as an edge") {
    FaultCard card({at_marker(MPULAB_ACTION_IRQ_STORM, {.count = 10, .time_ns = 10'000, .value = 0})});
    const uint64_t before = mpulab_core_irq_edges(card.core);
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(kMillisecond); // one call
    CHECK_FALSE(card.irq());
    CHECK(mpulab_core_irq_edges(card.core) == before + 10);
}

TEST_CASE("a byte that becomes readable in a pulse has its own edge after it") {
    FaultCard card({cue(MPULAB_TRIGGER_WIRE_IN, MPULAB_ACTION_ADD_IRQ, {.delay_ns = 19'500})}); // readable after 20 us
    card.run_for(kWireByteNs);
    card.arrive(0x11);
    const int64_t arrived = card.now;
    card.run_for(kMillisecond);
    CHECK(card.rises() == std::vector<int64_t>{arrived + 19'500, arrived + 19'500 + kPulseNs});
    CHECK(card.irq());
    CHECK(card.data() == 0x11);
    CHECK_FALSE(card.irq());
}

TEST_CASE("each pulse is one rising edge more, whatever bytes do meanwhile") {
    for (uint64_t seed = 1; seed <= 100; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        FaultCard card(
            {at_marker(MPULAB_ACTION_ADD_IRQ, {.firings = 1000, .every = 1}),
             cue(MPULAB_TRIGGER_IRQ, MPULAB_ACTION_ADD_IRQ, {.firings = 1000, .every = 3, .jitter_ns = 40'000}),
             cue(MPULAB_TRIGGER_READ, MPULAB_ACTION_IRQ_STORM,
                 {.firings = 1000, .every = 5, .count = 3, .time_ns = 3'000})},
            {{"refill-gap", std::to_string(lots.below(3) * 500)}});
        for (int i = 0; i < 300; ++i) {
            card.run_for(static_cast<int64_t>(lots.below(5'000)));
            if (lots.below(3) == 0) card.arrive(lots.byte());
            if (lots.below(3) == 0) card.data();
            if (lots.below(9) == 0) card.fire();
        }
        card.run_for(10 * kMillisecond);
        size_t pulses = 0;
        for (const FaultRecord& fault : card.faults()) {
            CHECK(fault.before != fault.after);
            ++pulses;
        }
        CHECK(pulses > 10);
        CHECK(card.rises().size() == card.of_kind(MPULAB_KIND_LATCH).size() + pulses);
    }
}

TEST_CASE("a dead line falls at once, stays low however many bytes come, and shows the card's level when it is over") {
    FaultCard card({at_marker(MPULAB_ACTION_DEAD_IRQ, {.time_ns = 10 * kMillisecond})});
    card.receive(0x11);
    REQUIRE(card.irq());
    card.events.clear();
    card.fire();
    const int64_t start = card.now;
    CHECK_FALSE(card.irq());
    card.data();
    card.receive(0x22);
    CHECK(card.byte_waits());
    CHECK_FALSE(card.irq());
    card.run_for(20 * kMillisecond);
    CHECK(card.rises() == std::vector<int64_t>{start + 10 * kMillisecond});
    CHECK(card.irq());
    CHECK(card.faults() == std::vector<FaultRecord>{{MPULAB_ACTION_DEAD_IRQ, kActs, 0, 1, 0},   // it fell
                                                    {MPULAB_ACTION_DEAD_IRQ, kActs, 0, 1, 0},   // byte 22h
                                                    {MPULAB_ACTION_DEAD_IRQ, kEnds, 0, 0, 1}}); // it rose
}

TEST_CASE("a line that is dead for good never rises, and the card has nothing to wake up for") {
    FaultCard card({at_marker(MPULAB_ACTION_DEAD_IRQ)});
    card.fire();
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
    for (uint8_t byte = 1; byte <= 10; ++byte) {
        card.receive(byte);
        CHECK(card.data() == byte);
    }
    card.run_for(10'000 * kMillisecond);
    CHECK(card.rises().empty());
    CHECK(card.faults().size() == 10);
}

TEST_CASE("an interrupt that was delayed into a dead line is silent too, with a record") {
    FaultCard card(
        {at_marker(MPULAB_ACTION_DELAY_IRQ, {.count = 1, .time_ns = kMillisecond}), at_marker(MPULAB_ACTION_DEAD_IRQ)});
    card.fire();
    card.receive(0x11);
    card.run_for(10 * kMillisecond);
    CHECK(card.rises().empty());
    const auto faults = card.faults();
    REQUIRE(faults.size() == 2);
    CHECK(faults[1] == FaultRecord{MPULAB_ACTION_DEAD_IRQ, kActs, 1, 1, 0});
}

TEST_CASE("one interrupt suffers one fault: it is dropped before it is delayed, delayed before it is duplicated") {
    FaultCard card({at_marker(MPULAB_ACTION_DUPLICATE_IRQ, {.count = 1, .time_ns = kMicrosecond}),
                    at_marker(MPULAB_ACTION_DELAY_IRQ, {.count = 1, .time_ns = kMicrosecond}),
                    at_marker(MPULAB_ACTION_DROP_IRQ, {.count = 1})});
    card.fire();
    for (uint8_t byte = 1; byte <= 4; ++byte) {
        card.receive(byte);
        card.data();
        card.run_for(kMillisecond);
    }
    std::vector<uint32_t> order;
    for (const FaultRecord& fault : card.faults())
        order.push_back(fault.action);
    CHECK(order == std::vector<uint32_t>{MPULAB_ACTION_DROP_IRQ, MPULAB_ACTION_DELAY_IRQ, MPULAB_ACTION_DUPLICATE_IRQ});
    CHECK(card.rises().size() == 1 + 2 + 1);
}
