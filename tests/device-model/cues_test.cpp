// SPDX-License-Identifier: MIT
// Cues: what device-model/probe/plan.h promises about them.
#include "plan_bytes.hpp"
#include "test_card.hpp"

using namespace mpu401;

namespace {

std::vector<int64_t> arrivals(const TestCard& card) {
    std::vector<int64_t> times;
    for (const auto& event : card.of_kind(MPULAB_KIND_WIRE_IN))
        times.push_back(event.time_ns);
    return times;
}

} // namespace

TEST_CASE("a time cue fires at its time, and its bytes end 320 us apart from there on") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(MPULAB_TRIGGER_TIME, 0, 50 * kMillisecond, 3)}, {0x90, 0x3c, 0x40})));
    card.enter_uart();
    card.run_for(100 * kMillisecond);
    const auto fired = card.of_kind(MPULAB_KIND_CUE);
    REQUIRE(fired.size() == 1);
    CHECK(fired[0].time_ns == 50 * kMillisecond);
    CHECK(fired[0].a == 0);
    CHECK(fired[0].b == MPULAB_TRIGGER_TIME);
    CHECK(fired[0].c == MPULAB_ACTION_INJECT);
    const int64_t start = 50 * kMillisecond;
    CHECK(arrivals(card) ==
          std::vector<int64_t>{start + kWireByteNs, start + 2 * kWireByteNs, start + 3 * kWireByteNs});
    CHECK(card.data() == 0x90);
}

TEST_CASE("a marker cue waits for its own marker and fires once") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(MPULAB_TRIGGER_MARKER, 2, kMillisecond, 1)}, {0x42})));
    card.enter_uart();
    card.run_for(10 * kMillisecond);
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(10 * kMillisecond);
    CHECK(arrivals(card).empty());
    const int64_t reached = card.now;
    mpulab_core_marker(card.core, 2, card.now);
    card.run_for(10 * kMillisecond);
    CHECK(arrivals(card) == std::vector<int64_t>{reached + kMillisecond + kWireByteNs});
    mpulab_core_marker(card.core, 2, card.now);
    card.run_for(10 * kMillisecond);
    CHECK(arrivals(card).size() == 1);
}

TEST_CASE("bytes of two cues never overlap on the cable: the later waits for the earlier") {
    TestCard card;
    const auto section =
        cue_section({inject(MPULAB_TRIGGER_MARKER, 1, 100 * kMicrosecond, 1), inject(MPULAB_TRIGGER_MARKER, 1, 0, 2)},
                    {0xaa, 0xb1, 0xb2});
    REQUIRE(card.set_cues(section));
    card.enter_uart();
    const int64_t start = card.now;
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(5 * kMillisecond);
    std::vector<uint64_t> bytes;
    for (const auto& event : card.of_kind(MPULAB_KIND_WIRE_IN))
        bytes.push_back(event.a);
    CHECK(bytes == std::vector<uint64_t>{0xb1, 0xb2, 0xaa});
    CHECK(arrivals(card) ==
          std::vector<int64_t>{start + kWireByteNs, start + 2 * kWireByteNs, start + 3 * kWireByteNs});
}

TEST_CASE("cues that are due together fire in the order they are written") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(1, 1, 0, 1), inject(1, 1, 0, 1), inject(1, 1, 0, 1)}, {1, 2, 3})));
    mpulab_core_marker(card.core, 1, 0);
    card.run_for(5 * kMillisecond);
    std::vector<uint64_t> order;
    for (const auto& event : card.of_kind(MPULAB_KIND_CUE))
        order.push_back(event.a);
    CHECK(order == std::vector<uint64_t>{0, 1, 2});
}

TEST_CASE("a live source that can wait is told to while a cue's bytes are on the cable or the RX FIFO is full") {
    TestCard card(Properties{{"rx-fifo", "2"}});
    REQUIRE(card.set_cues(cue_section({inject(1, 1, 0, 2)}, {1, 2})));
    CHECK(mpulab_core_wire_in_room(card.core));
    card.enter_uart();
    mpulab_core_marker(card.core, 1, card.now);
    CHECK_FALSE(mpulab_core_wire_in_room(card.core));
    card.run_for(2 * 320 * kMicrosecond);
    CHECK(mpulab_core_wire_in_room(card.core)); // one in the FIFO, one on its way into the latch
    card.run_for(kMillisecond);
    CHECK(card.arrive(3));
    CHECK_FALSE(mpulab_core_wire_in_room(card.core));
    CHECK(card.data() == 1);
    card.run_for(kMillisecond);
    CHECK(mpulab_core_wire_in_room(card.core));
}

TEST_CASE("injected bytes overflow the RX FIFO visibly") {
    TestCard card(Properties{{"rx-fifo", "2"}});
    REQUIRE(card.set_cues(cue_section({inject(1, 1, 0, 5)}, {1, 2, 3, 4, 5})));
    card.enter_uart();
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(5 * kMillisecond);
    const auto overruns = card.of_kind(MPULAB_KIND_OVERRUN);
    REQUIRE(overruns.size() == 2);
    CHECK(overruns[0].b == 4);
    CHECK(overruns[1].b == 5);
}

TEST_CASE("a power-on reset arms the cues again and takes what was on the cable away") {
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(1, 1, 0, 4)}, {1, 2, 3, 4})));
    card.enter_uart();
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(kWireByteNs);
    mpulab_core_reset(card.core, card.now);
    card.run_for(10 * kMillisecond);
    CHECK(arrivals(card).size() == 1);
    mpulab_core_marker(card.core, 1, card.now);
    card.run_for(10 * kMillisecond);
    CHECK(arrivals(card).size() == 5);
}

TEST_CASE("an empty section takes all cues away") {
    TestCard card(Properties{{"midi-clock-out", "off"}});
    REQUIRE(card.set_cues(cue_section({inject(0, 0, kMillisecond, 1)}, {1})));
    CHECK(mpulab_core_next_event(card.core) == kMillisecond);
    REQUIRE(card.set_cues({}));
    CHECK(mpulab_core_next_event(card.core) == MPULAB_CORE_NEVER);
}

TEST_CASE("a cue section that is not right is refused by cue, field, value and expectation, and the old one stays") {
    const Bytes good =
        cue_section({inject(MPULAB_TRIGGER_MARKER, 1, 0, 1), inject(MPULAB_TRIGGER_MARKER, 1, 0, 1)}, {0x42, 0x43});
    const auto bent = [&](size_t at, uint8_t value) {
        Bytes section = good;
        section[at] = value;
        return section;
    };
    const auto changed = [](auto&& change) {
        mpulab_cue entry = inject(MPULAB_TRIGGER_MARKER, 1, 0, 1);
        entry.value = 96;
        change(entry);
        Bytes section = cue_section({cue(MPULAB_TRIGGER_IRQ, MPULAB_ACTION_ADD_IRQ)}, {0x42});
        std::memcpy(section.data() + 32, &entry, sizeof entry);
        return section;
    };
    using Cue = mpulab_cue;
    const std::pair<Bytes, std::string> cases[] = {
        {Bytes(31), "cues: a section of 31 bytes; 32 to 16777216 expected"},
        {bent(0, 'X'), "cues: the section does not begin with \"MPLBCUES\""},
        {bent(8, 2), "cues: version 2; 1 expected (harness and QEMU must be of one build)"},
        {bent(12, 0), "cues: the section says it has 0 bytes, has 162"},
        {bent(16, 3), "cues: 3 cues announced; the section's 162 bytes hold at most 2"},
        {bent(20, 1), "cues: reserved word is 0x1; 0 expected"},
        {bent(32 + 64, 99), "cue 1: trigger 99 is unknown; 0 (time) to 7 (mode) are known"},
        {bent(32 + 64 + 60, 1), "cue 1: the reserved word is 1; 0 to 0 expected"},
        {changed([](Cue& it) { it.action = 0; }), "cue 0: action 0 is unknown; 1 (inject) to 20 (float-bus) are known"},
        {changed([](Cue& it) { it.trigger = MPULAB_TRIGGER_IRQ; }), "cue 0: argument is 1; irq uses none: 0 expected"},
        {changed([](Cue& it) { it = cue(MPULAB_TRIGGER_READ, 5, {.argument = 2}); }),
         "cue 0: argument is 2; read takes 0 to 1 (register, 0 = DATA, 1 = STATUS)"},
        {changed([](Cue& it) { it.first = 0; }), "cue 0: first is 0; 1 to 4294967295 expected"},
        {changed([](Cue& it) { it = cue(MPULAB_TRIGGER_TIME, 5, {.first = 2}); }),
         "cue 0: first is 2; 1 to 1 expected"},
        {changed([](Cue& it) { it.firings = 0; }), "cue 0: firings is 0; 1 to 1000000 expected"},
        {changed([](Cue& it) { it.firings = 1'000'001; }), "cue 0: firings is 1000001; 1 to 1000000 expected"},
        {changed([](Cue& it) { it.every = 1; }), "cue 0: every is 1; with one firing 0 expected"},
        {changed([](Cue& it) { it.firings = 2; }),
         "cue 0: every is 0; with 2 firings of trigger marker 1 to 4294967295 expected (times)"},
        {changed([](Cue& it) { it = cue(MPULAB_TRIGGER_TIME, 5, {.firings = 2, .every = 999}); }),
         "cue 0: every is 999; with 2 firings of trigger time 1000 to 3600000000000 expected (ns)"},
        {changed([](Cue& it) { it = cue(MPULAB_TRIGGER_TIME, 5, {.firings = 2, .every = 1000, .jitter_ns = 1001}); }),
         "cue 0: jitter is 1001; at most every (1000) expected"},
        {changed([](Cue& it) { it.delay_ns = UINT64_MAX; }),
         "cue 0: delay is 18446744073709551615; 0 to 31536000000000000 expected"},
        {changed([](Cue& it) { it.jitter_ns = 3'600'000'000'001; }),
         "cue 0: jitter is 3600000000001; 0 to 3600000000000 expected"},
        {changed([](Cue& it) { it.count = 0; }), "cue 0: count is 0; inject takes 1 to 16777216 (bytes)"},
        {changed([](Cue& it) { it.count = 2; }),
         "cue 0: its bytes (value: offset 96, count: 2 bytes) do not lie between "
         "the table's end (96) and the section's (97)"},
        {changed([](Cue& it) { it.value = 95; }), "cue 0: its bytes (value: offset 95"},
        {changed([](Cue& it) { it.value = UINT32_MAX; }), "cue 0: its bytes (value: offset 4294967295"},
        {changed([](Cue& it) { it.time_ns = 1; }), "cue 0: time is 1; inject uses none: 0 expected"},
    };
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(0, 0, kMillisecond, 1)}, {1})));
    for (const auto& [section, message] : cases) {
        CHECK_FALSE(card.set_cues(section));
        CHECK_THAT(card.error, StartsWith(message));
        CHECK(mpulab_core_next_event(card.core) == kMillisecond);
    }
    CHECK(card.set_cues(good));
}

TEST_CASE("more firings than a card keeps room for are refused at the cue that brings them over") {
    const mpulab_cue many = cue(MPULAB_TRIGGER_IRQ, MPULAB_ACTION_ADD_IRQ, {.firings = 1'000'000, .every = 1});
    TestCard card;
    CHECK_FALSE(card.set_cues(cue_section({many, many})));
    CHECK(card.error == "cue 1: firings add up to 2000000 with its 1000000; at most 1048576 expected");
    CHECK(card.set_cues(cue_section({many})));
}

TEST_CASE("each action refuses a count, a time and a value outside its bounds, by its name") {
    struct Field {
        const char* name;
        const char* what;
        uint64_t least, most;
        void (*set)(mpulab_cue&, uint64_t);
    };
    size_t refused = 0;
    const auto check = [&refused](uint32_t action, const char* action_name, const Field(&fields)[3]) {
        if (action == MPULAB_ACTION_INJECT) return; // needs bytes: above
        TestCard card;
        mpulab_cue right = cue(MPULAB_TRIGGER_IRQ, action);
        for (const Field& field : fields)
            field.set(right, field.least);
        CHECK(card.set_cues(cue_section({right})));
        for (const Field& field : fields) {
            CAPTURE(action_name, field.name);
            for (const uint64_t wrong : {field.least - 1, field.most + 1}) {
                const bool fits = std::string(field.name) == "time" || wrong <= UINT32_MAX;
                if (!fits) continue;
                mpulab_cue entry = right;
                field.set(entry, wrong);
                CHECK_FALSE(card.set_cues(cue_section({entry})));
                std::string message =
                    "cue 0: " + std::string(field.name) + " is " + std::to_string(wrong) + "; " + action_name;
                if (field.what[0] == '-') {
                    message += " uses none: 0 expected";
                } else {
                    message += " takes " + std::to_string(field.least) + " to " + std::to_string(field.most) + " (" +
                               field.what + ")";
                }
                CHECK(card.error == message);
                ++refused;
            }
            mpulab_cue most = right;
            field.set(most, field.most);
            CHECK(card.set_cues(cue_section({most})));
        }
    };
    const auto set_count = [](mpulab_cue& it, uint64_t to) { it.count = static_cast<uint32_t>(to); };
    const auto set_time = [](mpulab_cue& it, uint64_t to) { it.time_ns = to; };
    const auto set_value = [](mpulab_cue& it, uint64_t to) { it.value = static_cast<uint32_t>(to); };
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    check(number, name,                                                                                                \
          {{"count", count, count_least, count_most, set_count},                                                       \
           {"time", time, time_least, time_most, set_time},                                                            \
           {"value", value, value_least, value_most, set_value}});
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    CHECK(refused > 60);
}
