// SPDX-License-Identifier: MIT
// When cues fire: every trigger, alone and counted, with delay, repetition and jitter. core/CUES.md says what is
// promised.
#include "plan_bytes.hpp"
#include "test_card.hpp"

#include <functional>
#include <set>

using namespace mpu401;

namespace {

// A trigger, how to make its event happen, and the record that has the event's time.
struct Way {
    uint32_t trigger;
    uint32_t argument;
    std::function<void(TestCard&)> happen;
    uint16_t kind;
    uint64_t a; // the record's first word, where several registers or modes share a kind
};

void receive_byte(TestCard& card) {
    card.run_for(kWireByteNs);
    card.arrive(0x42);
    card.run_for(kMillisecond);
}

void leave_and_enter_uart(TestCard& card) {
    card.command(kCommandReset);
    card.run_for(100 * kMillisecond);
    card.command(kCommandEnterUart);
    card.run_for(100 * kMillisecond);
    card.data();
}

const Way kWays[] = {
    {MPULAB_TRIGGER_IRQ, 0,
     [](TestCard& card) {
         receive_byte(card);
         card.data();
     },
     MPULAB_KIND_LATCH, 0x42},
    {MPULAB_TRIGGER_WIRE_OUT, 0, [](TestCard& card) { card.send_all({0x90}); }, MPULAB_KIND_WIRE_OUT, 0x90},
    {MPULAB_TRIGGER_WIRE_IN, 0, receive_byte, MPULAB_KIND_WIRE_IN, 0x42},
    {MPULAB_TRIGGER_READ, kDataPort, [](TestCard& card) { card.data(); }, MPULAB_KIND_REG_READ, kDataPort},
    {MPULAB_TRIGGER_READ, kStatusPort, [](TestCard& card) { card.status(); }, MPULAB_KIND_REG_READ, kStatusPort},
    {MPULAB_TRIGGER_WRITE, kDataPort, [](TestCard& card) { card.send(1); }, MPULAB_KIND_REG_WRITE, kDataPort},
    {MPULAB_TRIGGER_WRITE, kCommandPort, [](TestCard& card) { card.command(0x80); }, MPULAB_KIND_REG_WRITE,
     kCommandPort},
    {MPULAB_TRIGGER_MODE, MPULAB_MODE_INTELLIGENT, leave_and_enter_uart, MPULAB_KIND_MODE, MPULAB_MODE_INTELLIGENT},
    {MPULAB_TRIGGER_MODE, MPULAB_MODE_UART, leave_and_enter_uart, MPULAB_KIND_MODE, MPULAB_MODE_UART},
};

// Times of the way's own records.
std::vector<int64_t> event_times(const TestCard& card, const Way& way) {
    std::vector<int64_t> times;
    for (const auto& event : card.of_kind(way.kind)) {
        if (event.a == way.a) times.push_back(event.time_ns);
    }
    return times;
}

std::vector<int64_t> firing_times(const TestCard& card) {
    std::vector<int64_t> times;
    for (const auto& event : card.of_kind(MPULAB_KIND_CUE))
        times.push_back(event.time_ns);
    return times;
}

// Holds a bit for a nanosecond: nobody sees it.
mpulab_cue harmless(uint32_t trigger, const CueFields& fields) {
    mpulab_cue made = cue(trigger, MPULAB_ACTION_HOLD_DRR, fields);
    made.time_ns = 1;
    return made;
}

void give_cues(TestCard& card, const std::vector<mpulab_cue>& cues, const Bytes& bytes = {}, uint64_t seed = 1) {
    REQUIRE(card.set_cues(cue_section(cues, bytes, seed)));
}

} // namespace

TEST_CASE("each trigger fires its cue at the very moment of its event") {
    for (const Way& way : kWays) {
        CAPTURE(way.trigger, way.argument);
        TestCard card;
        card.enter_uart();
        give_cues(card, {harmless(way.trigger, {.argument = way.argument})});
        way.happen(card);
        card.run_for(10 * kMillisecond);
        const auto times = event_times(card, way);
        REQUIRE_FALSE(times.empty());
        const auto fired = card.of_kind(MPULAB_KIND_CUE);
        REQUIRE(fired.size() == 1);
        CHECK(fired[0].time_ns == times.front());
        CHECK(fired[0].a == 0);
        CHECK(fired[0].b == way.trigger);
        CHECK(fired[0].c == MPULAB_ACTION_HOLD_DRR);
    }
}

TEST_CASE("each trigger's delay counts from the moment of its event") {
    for (const Way& way : kWays) {
        CAPTURE(way.trigger, way.argument);
        TestCard card;
        card.enter_uart();
        give_cues(card, {harmless(way.trigger, {.argument = way.argument, .delay_ns = 1'234'567})});
        way.happen(card);
        card.run_for(10 * kMillisecond);
        CHECK(firing_times(card) == std::vector<int64_t>{event_times(card, way).front() + 1'234'567});
    }
}

TEST_CASE("each trigger is counted: the first time, then every so many times, so often and no more") {
    for (const Way& way : kWays) {
        CAPTURE(way.trigger, way.argument);
        TestCard card;
        card.enter_uart();
        give_cues(card, {harmless(way.trigger, {.argument = way.argument, .first = 3, .firings = 3, .every = 2})});
        for (int i = 0; i < 12; ++i) {
            way.happen(card);
            card.run_for(kMillisecond);
        }
        const auto times = event_times(card, way);
        REQUIRE(times.size() == 12);
        CHECK(firing_times(card) == std::vector<int64_t>{times[2], times[4], times[6]});
    }
}

TEST_CASE("a trigger of another register, mode or kind leaves a cue alone") {
    for (const Way& way : kWays) {
        if (way.trigger == MPULAB_TRIGGER_MODE) continue; // leaving one mode enters the other
        CAPTURE(way.trigger, way.argument);
        TestCard card;
        card.enter_uart();
        std::vector<mpulab_cue> others;
        for (const Way& other : kWays) {
            const bool comes_along = (way.trigger == MPULAB_TRIGGER_IRQ || way.trigger == MPULAB_TRIGGER_WIRE_IN ||
                                      way.trigger == MPULAB_TRIGGER_WRITE || way.trigger == MPULAB_TRIGGER_WIRE_OUT) &&
                                     other.trigger != MPULAB_TRIGGER_MODE;
            if (comes_along || (other.trigger == way.trigger && other.argument == way.argument)) continue;
            others.push_back(harmless(other.trigger, {.argument = other.argument}));
        }
        REQUIRE_FALSE(others.empty());
        give_cues(card, others);
        way.happen(card);
        CHECK(firing_times(card).empty());
    }
}

TEST_CASE("a marker is counted like any other trigger, and other markers are not") {
    TestCard card;
    give_cues(card, {harmless(MPULAB_TRIGGER_MARKER, {.argument = 7, .first = 2, .firings = 2, .every = 1})});
    for (const uint32_t number : {7u, 8u, 7u, 6u, 7u, 7u}) {
        card.run_for(kMillisecond);
        mpulab_core_marker(card.core, number, card.now);
    }
    CHECK(firing_times(card) == std::vector<int64_t>{3 * kMillisecond, 5 * kMillisecond});
}

TEST_CASE("a time cue fires at its time and then in equal steps") {
    TestCard card(Properties{{"midi-clock-out", "off"}}); // does nothing unasked
    give_cues(card, {harmless(MPULAB_TRIGGER_TIME, {.firings = 4, .every = 250'000, .delay_ns = 5 * kMillisecond})});
    card.run_for(20 * kMillisecond);
    CHECK(firing_times(card) == std::vector<int64_t>{5'000'000, 5'250'000, 5'500'000, 5'750'000});
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
}

TEST_CASE("a time cue whose time is past when it is given fires at once, its steps count from there") {
    TestCard card;
    card.run_for(10 * kMillisecond);
    give_cues(card, {harmless(MPULAB_TRIGGER_TIME, {.firings = 2, .every = kMillisecond, .delay_ns = 5})});
    card.run_for(5 * kMillisecond);
    CHECK(firing_times(card) == std::vector<int64_t>{10 * kMillisecond, 11 * kMillisecond});
}

TEST_CASE("firings of one cue whose delays overlap all come, each at its own time") {
    TestCard card;
    give_cues(card, {harmless(MPULAB_TRIGGER_READ,
                              {.argument = kStatusPort, .firings = 5, .every = 1, .delay_ns = 3 * kMillisecond})});
    std::vector<int64_t> expected;
    for (int i = 0; i < 5; ++i) {
        card.run_for(100 * kMicrosecond);
        card.status();
        expected.push_back(card.now + 3 * kMillisecond);
    }
    card.run_for(10 * kMillisecond);
    CHECK(firing_times(card) == expected);
}

TEST_CASE("a jitter lies within its width, differs from firing to firing, and is the seed's alone") {
    const auto delays = [](uint64_t seed, int64_t step, bool with_noise) {
        std::vector<mpulab_cue> cues = {
            harmless(MPULAB_TRIGGER_READ,
                     {.argument = kStatusPort, .firings = 200, .every = 1, .delay_ns = 1'000, .jitter_ns = 50'000})};
        if (with_noise) cues.push_back(harmless(MPULAB_TRIGGER_TIME, {.jitter_ns = 1'000}));
        TestCard card;
        give_cues(card, cues, {}, seed);
        std::vector<int64_t> found;
        for (int i = 0; i < 200; ++i) {
            card.events.clear();
            const int64_t read_at = card.now;
            card.status();
            card.run_for(step);
            for (const auto& event : card.of_kind(MPULAB_KIND_CUE)) {
                if (event.a == 0) found.push_back(event.time_ns - read_at);
            }
        }
        return found;
    };
    const auto some = delays(7, 100'000, false);
    REQUIRE(some.size() == 200);
    CHECK(std::set<int64_t>(some.begin(), some.end()).size() > 190);
    int64_t least = INT64_MAX;
    int64_t most = 0;
    for (const int64_t delay : some) {
        least = std::min(least, delay);
        most = std::max(most, delay);
    }
    CHECK(least >= 1'000);
    CHECK(most <= 51'000);
    CHECK(least < 4'000); // the whole width is used
    CHECK(most > 48'000);
    CHECK(delays(7, 777'777, true) == some);
    CHECK(delays(8, 100'000, false) != some);
}

TEST_CASE("a jitter of 1 ns draws both of its two values") {
    TestCard card;
    give_cues(card, {harmless(MPULAB_TRIGGER_READ,
                              {.argument = kStatusPort, .firings = 64, .every = 1, .delay_ns = 10, .jitter_ns = 1})});
    std::set<int64_t> seen;
    for (int i = 0; i < 64; ++i) {
        card.events.clear();
        card.status();
        const int64_t read_at = card.now;
        card.run_for(kMicrosecond);
        for (const int64_t time : firing_times(card))
            seen.insert(time - read_at);
    }
    CHECK(seen == std::set<int64_t>{10, 11});
}

TEST_CASE("a cue without delay acts on the very event that it waits for") {
    TestCard card;
    card.enter_uart();
    give_cues(card, {cue(MPULAB_TRIGGER_WIRE_OUT, MPULAB_ACTION_LOSE_OUT, {.first = 2, .count = 1}),
                     cue(MPULAB_TRIGGER_WIRE_IN, MPULAB_ACTION_CORRUPT_IN, {.first = 2, .count = 1, .value = 0xff}),
                     cue(MPULAB_TRIGGER_IRQ, MPULAB_ACTION_DROP_IRQ, {.first = 3, .count = 1})});
    card.send_all({1, 2, 3});
    card.run_for(5 * kMillisecond);
    CHECK(card.wire_out() == std::vector<uint8_t>{1, 3});
    std::vector<uint8_t> received;
    std::vector<bool> risen;
    for (int i = 0; i < 4; ++i) {
        receive_byte(card);
        risen.push_back(card.irq());
        received.push_back(card.data());
    }
    CHECK(received == std::vector<uint8_t>{0x42, 0xbd, 0x42, 0x42});
    CHECK(risen == std::vector<bool>{true, true, false, true});
}

TEST_CASE("counting begins when cues are given, and again at a power-on reset") {
    TestCard card;
    card.status();
    give_cues(card, {harmless(MPULAB_TRIGGER_READ, {.argument = kStatusPort, .first = 2})});
    card.status();
    CHECK(firing_times(card).empty());
    mpulab_core_reset(card.core, card.now);
    card.status();
    CHECK(firing_times(card).empty());
    card.status();
    CHECK(firing_times(card).size() == 1);
}

TEST_CASE("a cue that triggers itself ends with its firings") {
    TestCard card;
    card.enter_uart();
    mpulab_cue echo = inject(MPULAB_TRIGGER_WIRE_IN, 0, 0, 1);
    echo.firings = 50;
    echo.every = 1;
    give_cues(card, {echo}, {0xf8});
    card.arrive(0x42);
    card.run_for(1'000 * kMillisecond);
    CHECK(card.of_kind(MPULAB_KIND_WIRE_IN).size() == 51);
    CHECK(card.of_kind(MPULAB_KIND_CUE).size() == 50);
}

TEST_CASE("one event may fire many cues, in the order they are written") {
    TestCard card;
    std::vector<mpulab_cue> cues(40, harmless(MPULAB_TRIGGER_READ, {.argument = kStatusPort, .first = 2}));
    give_cues(card, cues);
    card.status();
    CHECK(firing_times(card).empty());
    card.status();
    const auto fired = card.of_kind(MPULAB_KIND_CUE);
    REQUIRE(fired.size() == 40);
    for (size_t i = 0; i < fired.size(); ++i)
        CHECK(fired[i].a == i);
}
