// SPDX-License-Identifier: MIT
// What holds for any sequence of accesses: saving is invisible, cutting time is invisible, the line is a function of
// state, no byte is lost or invented. Sequences are drawn from seeds; a failure prints its seed.
#include "allocation_counter.hpp"
#include "random_cues.hpp"

using namespace mpu401;

namespace {

const Properties kVariants[] = {
    {},
    {{"timing", "fast"}},
    {{"tx-fifo", "3"}, {"rx-fifo", "2"}},
    {{"refill-gap", "0"}, {"uart-reset-ack", "on"}, {"rx-fifo", "5"}},
    {{"silence-on-reset", "on"}, {"sysex-delay", "mt32"}},
    {{"profile", "uart-only"}, {"timing", "fast"}, {"silence-on-reset", "on"}},
    {{"timing", "fast"}, {"midi-clock-out", "on"}},
};

// One random thing that can happen to a card. Bytes that arrive from outside come 320 us apart at least.
void step(TestCard& card, Lots& lots, bool cut_time = false) {
    const auto pass = [&](int64_t ns) {
        if (cut_time) {
            const int64_t part = ns / 3;
            card.run_for(part);
            ns -= part;
        }
        card.run_for(ns);
    };
    switch (lots.below(13)) {
    case 0:
        card.command(kCommandReset);
        break;
    case 1:
        card.command(kCommandEnterUart);
        break;
    case 2:
        card.command(lots.byte());
        break;
    case 3:
    case 4:
        card.send(lots.byte());
        break;
    case 5:
    case 6:
        card.data();
        break;
    case 7:
        card.status();
        break;
    case 8:
        pass(kWireByteNs);
        card.arrive(lots.byte());
        break;
    case 9:
        pass(static_cast<int64_t>(lots.below(200'000)));
        break;
    case 10: // off, and on again as often
        card.power(lots.below(2) == 0 ? 3 : static_cast<uint32_t>(lots.below(4)));
        card.power(static_cast<uint32_t>(lots.below(2) * 3));
        break;
    case 11:
        pass(static_cast<int64_t>(lots.below(70'000'000)));
        break;
    default:
        mpulab_core_marker(card.core, static_cast<uint32_t>(lots.below(3)), card.now);
        break;
    }
}

} // namespace

TEST_CASE("a card saved and restored at any moment goes on identically") {
    for (uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        const auto& variant = kVariants[seed % std::size(kVariants)];
        TestCard first(variant);
        REQUIRE(first.set_cues(random_cues(lots)));
        for (uint64_t i = lots.below(200); i > 0; --i)
            step(first, lots);

        TestCard second(variant);
        REQUIRE(second.load(first.save()));
        CHECK(second.save() == first.save());
        second.now = first.now;
        first.events.clear();
        Lots same = lots;
        for (int i = 0; i < 100; ++i) {
            step(first, lots);
            step(second, same);
            REQUIRE(first.irq() == second.irq());
            REQUIRE(mpulab_core_next_event(first.core) == mpulab_core_next_event(second.core));
        }
        CHECK(first.events == second.events);
        CHECK(first.save() == second.save());
    }
}

TEST_CASE("cutting a step of time in two changes nothing") {
    for (uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        const auto& variant = kVariants[seed % std::size(kVariants)];
        TestCard whole(variant);
        TestCard cut(variant);
        Lots lots(seed);
        const Bytes cues = random_cues(lots);
        REQUIRE(whole.set_cues(cues));
        REQUIRE(cut.set_cues(cues));
        Lots same = lots;
        for (int i = 0; i < 200; ++i) {
            step(whole, lots, false);
            step(cut, same, true);
        }
        CHECK(whole.events == cut.events);
        CHECK(whole.save() == cut.save());
    }
}

TEST_CASE("at every moment the line is DSR, time in the events never goes back, and edges are counted right") {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        TestCard card(kVariants[seed % std::size(kVariants)]);
        REQUIRE(card.set_cues(random_injections(lots)));
        for (int i = 0; i < 300; ++i) {
            step(card, lots);
            const bool level = card.irq();
            REQUIRE(level == card.byte_waits());
            REQUIRE(mpulab_core_next_event(card.core) > card.now);
        }
        int64_t before = 0;
        uint64_t rises = 0;
        bool level = false;
        for (const auto& event : card.events) {
            REQUIRE(event.time_ns >= before);
            REQUIRE(event.time_ns <= card.now);
            before = event.time_ns;
            if (event.kind != MPULAB_KIND_IRQ) continue;
            REQUIRE((event.a == 1) != level);
            level = event.a == 1;
            if (level) ++rises;
            REQUIRE(event.b == rises);
        }
    }
}

TEST_CASE("no byte is lost or invented on either cable unless a record says so") {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        TestCard card(kVariants[seed % std::size(kVariants)]);
        card.enter_uart();
        std::vector<uint8_t> sent, arrived, received;
        for (int i = 0; i < 300; ++i) {
            switch (lots.below(4)) {
            case 0:
                card.run_until([&] { return card.may_write(); });
                sent.push_back(lots.byte());
                card.send(sent.back());
                break;
            case 1: {
                card.run_for(kWireByteNs);
                const uint8_t byte = lots.byte();
                if (card.arrive(byte)) arrived.push_back(byte);
                break;
            }
            case 2:
                if (card.byte_waits()) received.push_back(card.data());
                break;
            default:
                card.run_for(static_cast<int64_t>(lots.below(2'000'000)));
                break;
            }
        }
        for (int i = 0; i < 3000; ++i) {
            card.run_for(kWireByteNs);
            if (card.byte_waits()) received.push_back(card.data());
        }
        CHECK(card.wire_out() == sent);
        CHECK(received == arrived);
        size_t lost = 0;
        for (const auto& event : card.of_kind(MPULAB_KIND_WIRE_IN))
            lost += event.corr == 0 ? 1 : 0;
        CHECK(card.of_kind(MPULAB_KIND_OVERRUN).size() == lost);
    }
}

TEST_CASE("nothing is allocated after a card is made and has its cues") {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        Lots lots(seed);
        TestCard card;
        REQUIRE(card.set_cues(random_cues(lots)));
        card.events.reserve(1'000'000);
        allocation_count = 0;
        counting_allocations = true;
        for (int i = 0; i < 2000; ++i) {
            const uint64_t choice = lots.below(6);
            card.now += static_cast<int64_t>(lots.below(1'000'000));
            if (choice == 0) mpulab_core_write(card.core, static_cast<uint32_t>(lots.below(2)), lots.byte(), card.now);
            if (choice == 1) mpulab_core_read(card.core, static_cast<uint32_t>(lots.below(2)), card.now);
            if (choice == 2) mpulab_core_wire_in(card.core, lots.byte(), card.now);
            if (choice == 3) mpulab_core_marker(card.core, static_cast<uint32_t>(lots.below(4)), card.now);
            if (choice == 4) mpulab_core_advance(card.core, card.now);
            if (choice == 5 && lots.below(50) == 0) mpulab_core_reset(card.core, card.now);
        }
        counting_allocations = false;
        CHECK(allocation_count == 0);
    }
}

TEST_CASE("time that goes back stands still") {
    TestCard card;
    card.enter_uart();
    card.send(0x90);
    mpulab_core_advance(card.core, card.now + kMillisecond);
    mpulab_core_advance(card.core, 5);
    mpulab_core_write(card.core, kDataPort, 0x3c, -1);
    for (const auto& event : card.events)
        CHECK(event.time_ns >= card.now);
}

TEST_CASE("a state cut off at any byte is refused and changes nothing") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(0, 0, 1000, 3)}, {1, 2, 3})));
    card.enter_uart();
    card.send_all({1, 2, 3});
    card.arrive(7);
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
    auto longer = state;
    longer.push_back(0);
    CHECK_FALSE(other.load(longer));
    CHECK(other.error == "state: 1 bytes too many");
}

TEST_CASE("a state with any byte changed is refused, or is a card that keeps its promises") {
    TestCard card(Properties{{"tx-fifo", "8"}, {"rx-fifo", "8"}});
    REQUIRE(card.set_cues(cue_section({inject(0, 0, 100'000'000, 3), inject(1, 1, 0, 2)}, {1, 2, 3, 4, 5})));
    card.enter_uart();
    card.send_all({1, 2, 3});
    card.arrive(7);
    mpulab_core_marker(card.core, 1, card.now);
    const auto state = card.save();
    size_t taken = 0;
    for (size_t at = 0; at < state.size(); ++at) {
        for (const uint8_t flip : Bytes{0x01, 0x10, 0x80, 0xff}) {
            auto bent = state;
            bent[at] = static_cast<uint8_t>(bent[at] ^ flip);
            TestCard victim(Properties{{"tx-fifo", "8"}, {"rx-fifo", "8"}});
            if (!victim.load(bent)) continue;
            ++taken;
            victim.now = card.now;
            for (int i = 0; i < 50; ++i) {
                victim.run_for(kMillisecond);
                victim.data();
                victim.send(1);
                REQUIRE(mpulab_core_next_event(victim.core) >= victim.now);
            }
        }
    }
    CHECK(taken > 0);
    CHECK(taken < state.size() * 4);
}
