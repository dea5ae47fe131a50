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

TEST_CASE("a cue section that is not right is refused by cue, field and value, and the old one stays") {
    const auto bent = [](auto&& bend) {
        mpulab_cue cue = inject(1, 1, 0, 1);
        cue.offset = sizeof cue;
        bend(cue);
        Bytes section;
        append(section, cue);
        section.push_back(0x42);
        return section;
    };
    const std::pair<Bytes, std::string> cases[] = {
        {Bytes(31), "a section of 31 bytes"},
        {bent([](mpulab_cue& cue) { cue.trigger = 9; }), "cue 0: trigger 9 is unknown"},
        {bent([](mpulab_cue& cue) { cue.action = 0; }), "cue 0: action 0 is unknown"},
        {bent([](mpulab_cue& cue) { cue.delay_ns = UINT64_MAX; }), "cue 0: delay of 18446744073709551615 ns"},
        {bent([](mpulab_cue& cue) { cue.reserved = 1; }), "cue 0: reserved word is 0x1"},
        {bent([](mpulab_cue& cue) { cue.size = 0; }), "cue 0: injects 0 bytes"},
        {bent([](mpulab_cue& cue) { cue.size = 2; }), "cue 0: its bytes (offset 32, size 2)"},
        {bent([](mpulab_cue& cue) { cue.size = UINT32_MAX; }), "cue 0: its bytes (offset 32, size 4294967295)"},
        {bent([](mpulab_cue& cue) { cue.offset = 0; }), "cue 0: offset 0"},
        {bent([](mpulab_cue& cue) { cue.offset = 33; }), "cue 0: offset 33"},
        {bent([](mpulab_cue& cue) { cue.offset = 0xffffffe0; }), "cue 0: offset 4294967264"},
    };
    TestCard card;
    REQUIRE(card.set_cues(cue_section({inject(0, 0, kMillisecond, 1)}, {1})));
    for (const auto& [section, message] : cases) {
        CHECK_FALSE(card.set_cues(section));
        CHECK_THAT(card.error, ContainsSubstring(message));
        CHECK(mpulab_core_next_event(card.core) == kMillisecond);
    }
    // The second cue's bytes may not lie inside the table.
    auto two = cue_section({inject(1, 1, 0, 1), inject(1, 1, 0, 1)}, {1, 2});
    two[32 + 20] = 8;
    CHECK_FALSE(card.set_cues(two));
    CHECK_THAT(card.error, ContainsSubstring("cue 1: its bytes (offset 8"));
}
