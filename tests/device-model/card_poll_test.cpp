// SPDX-License-Identifier: MIT
// The short way of a driver that polls STATUS (mpulab_core_poll): when it answers, and when it must not.
#include "fault_card.hpp"

using namespace mpu401;

namespace {

constexpr int kNoAnswer = -1;

int poll(TestCard& card, uint32_t offset = kStatusPort) {
    mpulab_core_next_event(card.core); // as the glue does after each access
    uint8_t value = 0;
    return mpulab_core_poll(card.core, offset, card.now, &value) ? value : kNoAnswer;
}

} // namespace

TEST_CASE("a poll of STATUS is answered while nothing is due, and makes no event") {
    TestCard card;
    card.enter_uart();
    mpulab_core_tell_accesses(card.core, false);
    CHECK(poll(card) == card.status());
    card.send(0x90);
    CHECK(poll(card) == card.status());
    CHECK((poll(card) & kStatusDrr) != 0);
    card.now += kMillisecond; // the firmware took the byte long ago
    CHECK(poll(card) == kNoAnswer);
    CHECK((card.status() & kStatusDrr) == 0);
    CHECK(poll(card) == card.status());
}

TEST_CASE("only STATUS is polled: DATA may pop, and there is no third register") {
    TestCard card;
    mpulab_core_tell_accesses(card.core, false);
    CHECK(poll(card, kDataPort) == kNoAnswer);
    CHECK(poll(card, 2) == kNoAnswer);
}

TEST_CASE("while accesses are told there is no short way") {
    TestCard card;
    CHECK(poll(card) == kNoAnswer);
    mpulab_core_tell_accesses(card.core, false);
    CHECK(poll(card) != kNoAnswer);
    mpulab_core_tell_accesses(card.core, true);
    CHECK(poll(card) == kNoAnswer);
}

TEST_CASE("accesses that are not told leave all other events as they were") {
    TestCard told;
    TestCard quiet;
    mpulab_core_tell_accesses(quiet.core, false);
    for (TestCard* card : {&told, &quiet}) {
        card->command(kCommandEnterUart);
        card->run_for(40 * kMillisecond);
        card->data();
        card->data(); // empty: a GUEST_ERROR
        card->send(0x90);
    }
    CHECK(quiet.of_kind(MPULAB_KIND_REG_READ).empty());
    CHECK(quiet.of_kind(MPULAB_KIND_REG_WRITE).empty());
    CHECK_FALSE(told.of_kind(MPULAB_KIND_REG_WRITE).empty());
    CHECK(quiet.of_kind(MPULAB_KIND_GUEST_ERROR) == told.of_kind(MPULAB_KIND_GUEST_ERROR));
    CHECK(quiet.of_kind(MPULAB_KIND_IRQ) == told.of_kind(MPULAB_KIND_IRQ));
    CHECK(quiet.save() == told.save());
}

TEST_CASE("a cue that counts reads, or changes what they see, closes the short way") {
    TestCard counting;
    mpulab_core_tell_accesses(counting.core, false);
    REQUIRE(counting.set_cues(
        cue_section({cue(MPULAB_TRIGGER_READ, MPULAB_ACTION_DEAD_IRQ, {.argument = kStatusPort, .first = 100})})));
    CHECK(poll(counting) == kNoAnswer);
    FaultCard held({at_marker(MPULAB_ACTION_HOLD_DRR, {.time_ns = 1'000'000, .value = 1})});
    mpulab_core_tell_accesses(held.core, false);
    CHECK(poll(held) != kNoAnswer);
    held.fire();
    CHECK(poll(held) == kNoAnswer);
}

TEST_CASE("a card without power has no short way: each of its reads is a mistake to tell") {
    TestCard card;
    mpulab_core_tell_accesses(card.core, false);
    card.power(3);
    CHECK(poll(card) == kNoAnswer);
    card.power(0);
    CHECK(poll(card) == card.status());
}

TEST_CASE("new cues and a loaded state are what the next poll goes by") {
    TestCard card;
    card.enter_uart();
    mpulab_core_tell_accesses(card.core, false);
    const auto idle = card.save();
    card.send(0x90);
    CHECK((poll(card) & kStatusDrr) != 0);
    REQUIRE(card.load(idle));
    CHECK((poll(card) & kStatusDrr) == 0);
    REQUIRE(card.set_cues(cue_section({cue(MPULAB_TRIGGER_TIME, MPULAB_ACTION_FLOAT_BUS, {})})));
    CHECK(poll(card) == kNoAnswer); // due at once
    CHECK(card.status() == kFloatingBus);
}
