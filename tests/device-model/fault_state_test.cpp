// SPDX-License-Identifier: MIT
// Cues and faults as part of a card's state: saved between any two steps they go on identically, and a state that was
// tampered with is refused by name or keeps the card's promises.
#include "fault_card.hpp"
#include "random_cues.hpp"

#include <cstring>

using namespace mpu401;

namespace {

// One fault of each action in force, one cue armed, one queued on the cable, a delayed interrupt and an ACK pending.
std::vector<mpulab_cue> everything() {
    std::vector<mpulab_cue> cues;
#define MPULAB_ACTION(number, NAME, name, text, c, least_c, most_c, t, least_t, most_t, v, least_v, most_v)            \
    if (number != MPULAB_ACTION_INJECT && number != MPULAB_ACTION_FLOAT_BUS && number != MPULAB_ACTION_DROP_IRQ) {     \
        cues.push_back(at_marker(                                                                                      \
            number, {.count = least_c == 0 ? 0 : 2, .time_ns = most_t == 0 ? 0 : 700'000, .value = most_v}));          \
    }
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    cues.push_back(inject(MPULAB_TRIGGER_MARKER, 1, 0, 3));
    cues.push_back(at_marker(MPULAB_ACTION_ADD_IRQ, {.delay_ns = 900'000, .jitter_ns = 500'000}));
    cues.push_back(cue(MPULAB_TRIGGER_READ, MPULAB_ACTION_IRQ_STORM,
                       {.first = 2, .firings = 9, .every = 3, .count = 20, .time_ns = 5'000}));
    return cues;
}

void bring_in_force(TestCard& card) {
    REQUIRE(card.set_cues(cue_section(everything(), {0x81, 0x82, 0x83})));
    card.enter_uart();
    mpulab_core_marker(card.core, 1, card.now);
    card.send_all({0x90});
    card.command(kCommandReset);
    card.run_for(kWireByteNs);
}

// To UART mode with cues that may spoil the way there.
void go_to_uart(TestCard& card) {
    card.command(kCommandEnterUart);
    card.run_for(40 * kMillisecond);
    card.data();
}

} // namespace

TEST_CASE("saved and restored between any two steps, cues and faults go on identically") {
    for (uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        TestCard first;
        REQUIRE(first.set_cues(random_cues(lots)));
        go_to_uart(first);
        TestCard* one = &first;
        for (int i = 0; i < 150; ++i) {
            TestCard second;
            REQUIRE(second.load(one->save()));
            REQUIRE(second.save() == one->save());
            REQUIRE(second.irq() == one->irq());
            REQUIRE(mpulab_core_irq_edges(second.core) == mpulab_core_irq_edges(one->core));
            REQUIRE(mpulab_core_next_event(second.core) == mpulab_core_next_event(one->core));
            second.now = one->now;
            one->events.clear();
            const auto act = [same = lots, i](TestCard& card) mutable {
                card.run_for(static_cast<int64_t>(same.below(i % 5 == 0 ? 5'000'000 : 3'000)));
                switch (same.below(5)) {
                case 0:
                    card.send(same.byte());
                    break;
                case 1:
                    card.arrive(same.byte());
                    break;
                case 2:
                    card.data();
                    break;
                case 3:
                    card.status();
                    break;
                default:
                    mpulab_core_marker(card.core, static_cast<uint32_t>(same.below(4)), card.now);
                }
            };
            auto again = act;
            again(second);
            auto once = act;
            once(*one);
            REQUIRE(second.events == one->events);
            REQUIRE(second.save() == one->save());
            lots.next();
        }
    }
}

TEST_CASE("cutting the time of a card with faults at each of its own moments changes nothing") {
    for (uint64_t seed = 1; seed <= 600; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        const Bytes cues = random_cues(lots);
        TestCard whole;
        TestCard cut;
        for (TestCard* card : {&whole, &cut}) {
            REQUIRE(card->set_cues(cues));
            go_to_uart(*card);
            for (uint32_t marker = 0; marker < 4; ++marker)
                mpulab_core_marker(card->core, marker, card->now);
            for (uint8_t byte = 1; byte <= 3; ++byte) {
                card->run_for(kMillisecond);
                card->send(byte);
            }
            card->arrive(0x42);
        }
        const int64_t end = whole.now + 500 * kMillisecond;
        mpulab_core_advance(whole.core, end);
        while (mpulab_core_next_event(cut.core) <= end)
            cut.run_for(mpulab_core_next_event(cut.core) - cut.now);
        mpulab_core_advance(cut.core, end);
        CHECK(whole.events == cut.events);
        CHECK(whole.save() == cut.save());
    }
}

TEST_CASE("a card with every fault in force saves all of it, and a state cut off at any byte is refused") {
    TestCard card;
    bring_in_force(card);
    const auto state = card.save();
    TestCard other;
    const auto before = other.save();
    for (size_t size = 0; size < state.size(); ++size) {
        CAPTURE(size);
        REQUIRE_FALSE(other.load({state.begin(), state.begin() + static_cast<ptrdiff_t>(size)}));
        REQUIRE(other.error.find("state:") == 0);
        REQUIRE(other.save() == before);
    }
    CHECK(other.load(state));
    CHECK(other.save() == state);
}

TEST_CASE("a state with faults in which any byte is changed is refused, or is a card that keeps its promises") {
    TestCard card(Properties{{"tx-fifo", "8"}, {"rx-fifo", "8"}});
    bring_in_force(card);
    const auto state = card.save();
    size_t taken = 0;
    for (size_t at = 0; at < state.size(); ++at) {
        for (const uint8_t flip : Bytes{0x01, 0x10, 0x80, 0xff}) {
            auto bent = state;
            bent[at] = static_cast<uint8_t>(bent[at] ^ flip);
            TestCard victim(Properties{{"tx-fifo", "8"}, {"rx-fifo", "8"}});
            if (!victim.load(bent)) continue;
            ++taken;
            REQUIRE(victim.save() == bent);
            victim.now = card.now;
            for (int i = 0; i < 30; ++i) {
                victim.run_for(kMillisecond);
                victim.status();
                victim.data();
                victim.send(1);
                mpulab_core_marker(victim.core, 1, victim.now);
                REQUIRE(mpulab_core_next_event(victim.core) >= victim.now);
            }
        }
    }
    CHECK(taken > 0);
    CHECK(taken < state.size() * 4);
}

TEST_CASE("an impossible fault in a state is refused by its name") {
    // With one fault in force the state ends with: the word of faults, cue, left, moment (4 + 4 + 4 + 8), then
    // ack-was-delayed (1), masked-until, pulse-ends, pulse-free (8 each).
    constexpr size_t kWord = 45, kCue = 41, kLeft = 37, kAt = 33, kMasked = 24, kPulseEnds = 16;
    const auto state_of = [](const mpulab_cue& entry) {
        FaultCard card({entry});
        card.fire();
        return card.save();
    };
    const auto refusal = [](std::vector<uint8_t> state, size_t from_end, uint64_t value, size_t size) {
        std::memcpy(state.data() + state.size() - from_end, &value, size);
        TestCard card;
        CHECK_FALSE(card.load(state));
        return card.error;
    };
    const auto drop = state_of(at_marker(MPULAB_ACTION_DROP_IRQ, {.count = 5}));
    const auto hold = state_of(at_marker(MPULAB_ACTION_HOLD_DSR, {.time_ns = 1'000'000}));
    const auto dead = state_of(at_marker(MPULAB_ACTION_DEAD_IRQ));
    TestCard untouched;
    REQUIRE(untouched.load(drop));
    CHECK(refusal(drop, kWord, 1u << 1, 4) == "state: action 1 is in force, which is no fault");
    CHECK(refusal(drop, kWord, 1u << 31, 4) == "state: action 31 is in force, which is no fault");
    CHECK(refusal(drop, kWord, 1u << 3, 4) == "state: delay-irq is in force by cue 0, which has done no such thing");
    CHECK(refusal(drop, kCue, 1, 4) == "state: drop-irq is in force by cue 1, which has done no such thing");
    CHECK(refusal(drop, kLeft, 0, 4) == "state: drop-irq by cue 0 will act 0 times yet; 1 to 5 expected");
    CHECK(refusal(drop, kLeft, 6, 4) == "state: drop-irq by cue 0 will act 6 times yet; 1 to 5 expected");
    CHECK(refusal(drop, kAt, 1, 8) == "state: drop-irq by cue 0 has a next moment, and needs none");
    CHECK(refusal(hold, kAt, INT64_MAX, 8) == "state: hold-dsr by cue 0 has no next moment");
    CHECK(refusal(dead, kAt, 1, 8) == "state: dead-irq by cue 0 has a next moment, and needs none");
    CHECK_THAT(refusal(hold, kAt, 1, 8), StartsWith("state: something is due at 1 ns, before its own time"));
    CHECK(refusal(drop, kMasked, 1'000'000'000'000, 8) == "state: an interrupt is masked, but none is asserted");
    CHECK(refusal(drop, kPulseEnds, 1'000'000'000'000, 8) == "state: a pulse may begin before the last one has ended");
}

TEST_CASE("an impossible count of firings in a state is refused by its cue") {
    // Before the cable (16 + 4) and the faults (29) a state ends with: how often each trigger has happened (8 each),
    // each cue has fired (4 each), number of armed firings (4), and those (12 each).
    FaultCard card({at_marker(MPULAB_ACTION_DROP_IRQ, {.delay_ns = 1'000'000, .count = 1})});
    card.fire();
    const auto state = card.save();
    const size_t end = state.size() - 29 - 24;
    constexpr size_t kHappened = 28, kFired = 20, kArmed = 16, kDue = 12, kCue = 4;
    const auto refusal = [&](size_t from_end, uint64_t value, size_t size) {
        auto bent = state;
        std::memcpy(bent.data() + end - from_end, &value, size);
        TestCard other;
        CHECK_FALSE(other.load(bent));
        return other.error;
    };
    TestCard untouched;
    REQUIRE(untouched.load(state));
    CHECK(refusal(kHappened, uint64_t{1} << 57, 8) == "state: trigger 1 (1) has happened 144115188075855872 times");
    CHECK(refusal(kHappened, 0, 8) == "state: 1 firings are armed; 0 expected");
    CHECK(refusal(kFired, 2, 4) == "state: cue 0 has fired 2 times; at most 1 expected");
    CHECK(refusal(kFired, 1, 4) == "state: 1 firings are armed; 0 expected");
    CHECK(refusal(kArmed, 2, 4) == "state: 2 firings are armed; 1 expected");
    CHECK(refusal(kCue, 7, 4) == "state: armed firing 0 is of cue 7, which is not armed so often");
    CHECK_THAT(refusal(kDue, 1, 8), StartsWith("state: something is due at 1 ns, before its own time"));
}

TEST_CASE("nothing on the cable can be sent that has not fired, and nothing past its end") {
    FaultCard card({});
    REQUIRE(card.set_cues(cue_section({inject(MPULAB_TRIGGER_MARKER, 1, 0, 3)}, {1, 2, 3})));
    card.fire();
    const auto state = card.save();
    const size_t end = state.size() - 29; // queue size, cue, position, two moments
    constexpr size_t kSize = 28, kCue = 24, kPosition = 20;
    const auto refusal = [&](size_t from_end, uint32_t value) {
        auto bent = state;
        std::memcpy(bent.data() + end - from_end, &value, sizeof value);
        TestCard other;
        CHECK_FALSE(other.load(bent));
        return other.error;
    };
    CHECK(refusal(kSize, 0xffffffff) == "state: ends inside the cable's queue of 4294967295 cues");
    CHECK(refusal(kCue, 1) == "state: place 0 of the cable's queue holds cue 1, which has not fired so often");
    CHECK(refusal(kPosition, 3) == "state: position 3 in a cue of 3 bytes on the cable");
}
