// SPDX-License-Identifier: MIT
// The life of a run: plan, cards, the one order of records, the end, and a state saved in between.
#include "test_probe.hpp"

#include <tuple>

using namespace mpu401;

TEST_CASE("the first record of a run tells seed, plan size and number of cards") {
    TestProbe test;
    test.add_card(0, 0x330);
    const Bytes plan = plan_bytes({}, 77);
    REQUIRE(test.set_plan(plan));
    test.start();
    const auto records = test.records();
    REQUIRE(records.size() == 1);
    CHECK(records[0].kind == MPULAB_KIND_RUN_STARTED);
    CHECK(records[0].a == 77);
    CHECK(records[0].b == plan.size());
    CHECK(records[0].c == 1);
    CHECK(records[0].cpu == MPULAB_NO_CPU);
    CHECK(records[0].unit == MPULAB_NO_UNIT);
    mpulab_probe_pause(test.probe);
    mpulab_probe_run(test.probe, 5);
    CHECK(test.records().size() == 1);
}

TEST_CASE("RUN_ENDED sends half a line, ends the stream, and nothing comes after it") {
    TestProbe test;
    mpulab_core* card = test.add_card(0, 0x330);
    test.start();
    test.text("half");
    CHECK(test.commit(MPULAB_KIND_RUN_ENDED, {0, MPULAB_END_SCORE_DONE}) == MPULAB_PROBE_END);
    CHECK(mpulab_probe_ended(test.probe));
    const size_t size = test.link.size(); // flushed already
    CHECK(size == 16 + 3 * 64);
    test.commit(MPULAB_KIND_DPC);
    test.text("more\n");
    mpulab_core_write(card, kCommandPort, 0xff, 1000);
    mpulab_probe_settle(test.probe, kMillisecond);
    mpulab_probe_pause(test.probe);
    mpulab_probe_run(test.probe, kMillisecond);
    CHECK(test.records().size() == 3);
    CHECK(test.records()[1].kind == MPULAB_KIND_TEXT);
    CHECK(test.records()[1].flags == 0);
    CHECK(test.records()[2].kind == MPULAB_KIND_RUN_ENDED);
}

TEST_CASE("HOLD asks for a stop and is on the link before it, the run goes on after it") {
    TestProbe test;
    test.start();
    CHECK(test.commit(MPULAB_KIND_HOLD, {0, 1}) == MPULAB_PROBE_HOLD);
    CHECK(test.link.size() == 16 + 2 * 64);
    mpulab_probe_pause(test.probe);
    mpulab_probe_run(test.probe, 10);
    test.commit(MPULAB_KIND_DPC);
    CHECK(test.records().size() == 3);
}

TEST_CASE("a milestone is on the link when it is reached, with all that came before it") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_DPC);
    const size_t before = test.link.size();
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_DRIVER_STARTED}) == MPULAB_PROBE_NOTHING);
    CHECK(test.link.size() == 16 + 3 * 64);
    CHECK(before < test.link.size());
}

TEST_CASE("the phase that was asked for stops the machine, others do not, and its record is no other for it") {
    TestProbe test;
    mpulab_probe_stop_at(test.probe, MPULAB_PHASE_DRIVER_LOADED);
    test.start();
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_SYSTEM_READY}) == MPULAB_PROBE_NOTHING);
    test.text("half a line");
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_DRIVER_LOADED}) == MPULAB_PROBE_HOLD);
    CHECK(test.link.size() == 16 + 3 * 64); // the half line waits, as it does where nothing stops
    mpulab_probe_pause(test.probe);
    mpulab_probe_stop_at(test.probe, 0);
    mpulab_probe_run(test.probe, 10);
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_DRIVER_LOADED}) == MPULAB_PROBE_NOTHING);
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_DRIVER_STARTED}) == MPULAB_PROBE_NOTHING);
}

TEST_CASE(
    "that the driver is loaded is told once, before the machine stops there, with the seed of the plan in force") {
    TestProbe test;
    CHECK(mpulab_probe_seed(test.probe) == 0);
    REQUIRE(test.set_plan(plan_bytes({}, 77)));
    CHECK(mpulab_probe_seed(test.probe) == 77);
    mpulab_probe_stop_at(test.probe, MPULAB_PHASE_DRIVER_LOADED);
    test.start();
    test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_SYSTEM_READY});
    CHECK(test.drivers_loaded == 0);
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_DRIVER_LOADED}) == MPULAB_PROBE_HOLD);
    CHECK(test.drivers_loaded == 1);
    test.commit(MPULAB_KIND_PHASE, {0, MPULAB_PHASE_DRIVER_STARTED});
    test.commit(MPULAB_KIND_MARKER, {0, MPULAB_PHASE_DRIVER_LOADED});
    CHECK(test.drivers_loaded == 1);
}

TEST_CASE("an access that no device takes is recorded with its port, its value and its instruction") {
    TestProbe test;
    const mpulab_cause cause = {0xfffff80012345678, 1};
    mpulab_probe_no_device(test.probe, 0x80, 1, 0, true, &cause, 5); // the run has not begun
    test.start();
    mpulab_probe_no_device(test.probe, 0x332, 1, 0xff, false, &cause, 20);
    mpulab_probe_no_device(test.probe, 0xffff, 4, 0x12345678, true, &cause, 30);
    mpulab_probe_pause(test.probe);
    const auto records = test.records();
    REQUIRE(records.size() == 3);
    CHECK(records[1].kind == MPULAB_KIND_NO_DEVICE);
    CHECK(records[1].unit == MPULAB_NO_UNIT);
    CHECK(records[1].time_ns == 20);
    CHECK(records[1].pc == cause.pc);
    CHECK(records[1].cpu == 1);
    CHECK(std::tuple(records[1].a, records[1].b, records[1].c) == std::tuple(0x332u, 0xffu, 1u));
    CHECK(std::tuple(records[2].a, records[2].b, records[2].c) == std::tuple(0xffffu, 0x12345678u, 0x104u));
}

TEST_CASE("a guest cannot make a record that says that a port has no device") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_NO_DEVICE, {0, 0x332});
    mpulab_probe_pause(test.probe);
    CHECK(test.records().size() == 1);
}

TEST_CASE("a marker reaches the cards after its own record") {
    TestProbe test;
    mpulab_core* card = test.add_card(0, 0x330);
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CUES, 0, cue_section({inject(1, 5, 0, 1)}, {9})}})));
    test.start();
    test.commit(MPULAB_KIND_MARKER, {0, 4});
    CHECK(mpulab_core_next_event(card) == MPULAB_CORE_NEVER);
    test.commit(MPULAB_KIND_MARKER, {0, (uint64_t{1} << 32) | 5}); // no such marker
    CHECK(mpulab_core_next_event(card) == MPULAB_CORE_NEVER);
    test.commit(MPULAB_KIND_MARKER, {0, 5});
    const auto records = test.records();
    CHECK(records[records.size() - 2].kind == MPULAB_KIND_MARKER);
    CHECK(records.back().kind == MPULAB_KIND_CUE);
    CHECK(mpulab_core_next_event(card) == kWireByteNs);
}

TEST_CASE("the marker that was asked for stops the machine after what its cues do at once, others do not") {
    TestProbe test;
    test.add_card(0, 0x330);
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CUES, 0, cue_section({inject(1, 5, 0, 1)}, {9})}})));
    mpulab_probe_stop_at_marker(test.probe, 5);
    test.start();
    CHECK(test.commit(MPULAB_KIND_MARKER, {0, 4}) == MPULAB_PROBE_NOTHING);
    CHECK(test.commit(MPULAB_KIND_MARKER, {0, (uint64_t{1} << 32) | 5}) == MPULAB_PROBE_NOTHING); // no such marker
    CHECK(test.commit(MPULAB_KIND_PHASE, {0, 5}) == MPULAB_PROBE_NOTHING);
    CHECK(test.commit(MPULAB_KIND_MARKER, {0, 5}) == MPULAB_PROBE_HOLD);
    CHECK(test.link.size() == 16 + 6 * 64); // all of it, the cue's own record last
    CHECK(test.records().back().kind == MPULAB_KIND_CUE);
    mpulab_probe_pause(test.probe);
    mpulab_probe_stop_at_marker(test.probe, 0);
    mpulab_probe_run(test.probe, 10);
    CHECK(test.commit(MPULAB_KIND_MARKER, {0, 5}) == MPULAB_PROBE_NOTHING);
}

TEST_CASE("what two cards do by themselves comes in one order of time, before what the guest does") {
    TestProbe test;
    for (const uint32_t unit : {0u, 1u}) {
        mpulab_core* card = test.add_card(unit, 0x300 + 0x10 * unit);
        mpulab_core_write(card, kCommandPort, kCommandEnterUart, unit * 777);
        mpulab_core_advance(card, 40 * kMillisecond);
    }
    Bytes bytes(40, 0xf8);
    const auto cues = [&](uint64_t start) { return cue_section({inject(0, 0, start, 40)}, bytes); };
    REQUIRE(test.set_plan(
        plan_bytes({{MPULAB_SECTION_CUES, 0, cues(50'000'000)}, {MPULAB_SECTION_CUES, 1, cues(50'100'007)}})));
    test.now = 40 * kMillisecond;
    test.start();
    test.now = 60 * kMillisecond;
    test.commit(MPULAB_KIND_DPC);
    const auto records = test.records();
    CHECK(records.size() > 80);
    uint64_t before = 0;
    size_t changes = 0;
    for (size_t i = 0; i < records.size(); ++i) {
        CHECK(records[i].seq == i);
        CHECK(records[i].time_ns >= before);
        before = records[i].time_ns;
        if (i > 0 && records[i].unit != records[i - 1].unit) ++changes;
    }
    CHECK(changes > 40); // interleaved, not one card after the other
    CHECK(records.back().kind == MPULAB_KIND_DPC);
    CHECK(records.back().time_ns == 60 * kMillisecond);
}

TEST_CASE("what happens while the machine stands is no part of the run") {
    TestProbe test;
    mpulab_core* card = test.add_card(0, 0x330);
    test.start();
    mpulab_core_write(card, kCommandPort, kCommandEnterUart, 0);
    mpulab_core_advance(card, kMillisecond);
    const size_t count = test.records().size();
    mpulab_probe_pause(test.probe);
    mpulab_core_reset(card, kMillisecond); // a monitor's reset, or the one before a restore
    CHECK(test.records().size() == count);
}

TEST_CASE("cards that collide are refused by unit and port") {
    TestProbe test;
    test.add_card(0, 0x330);
    REQUIRE(test.attached);
    test.add_card(0, 0x300);
    CHECK_FALSE(test.attached);
    CHECK(test.error == "unit 0 is taken by the card at port 0x330");
    test.add_card(1, 0x331);
    CHECK_FALSE(test.attached);
    CHECK(test.error == "port 0x331 overlaps card 0 at port 0x330");
    test.add_card(1, 0x332);
    CHECK(test.attached);
}

TEST_CASE("cues for a card that is not there, or that are wrong, are refused with the unit") {
    TestProbe test;
    test.add_card(0, 0x330);
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CUES, 4, cue_section({inject(0, 0, 0, 1)}, {9})}})));
    CHECK_FALSE(test.assemble());
    CHECK(test.error == "plan: CUES for unit 4, but the machine has 1 cards and none with that number");
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CUES, 0, cue_section({cue(99, 1)})}})));
    CHECK_FALSE(test.assemble());
    CHECK(test.error == "plan: CUES for unit 0: cue 0: trigger 99 is unknown; 0 (time) to 7 (mode) are known");
}

TEST_CASE("a plan refused after assembly leaves every card the cues it had") {
    TestProbe test;
    mpulab_core* first = test.add_card(0, 0x330);
    test.add_card(1, 0x300);
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CUES, 0, cue_section({inject(0, 0, 5000, 1)}, {9})}})));
    REQUIRE(test.assemble());
    CHECK_FALSE(test.set_plan(plan_bytes(
        {{MPULAB_SECTION_CUES, 0, cue_section({inject(0, 0, 9000, 1)}, {9})}, {MPULAB_SECTION_CUES, 1, Bytes(40)}})));
    CHECK(mpulab_core_next_event(first) == 5000);
}

TEST_CASE("a new plan begins a new run: header, number 0, its own seed") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_RUN_ENDED);
    mpulab_probe_pause(test.probe);
    const size_t before = test.link.size();
    REQUIRE(test.set_plan(plan_bytes({}, 5)));
    mpulab_probe_run(test.probe, 100);
    const auto records = test.records(before);
    REQUIRE(records.size() == 1);
    CHECK(std::memcmp(test.link.data() + before, MPULAB_LINK_MAGIC, 8) == 0);
    CHECK(records[0].seq == 0);
    CHECK(records[0].a == 5);
    CHECK_FALSE(mpulab_probe_ended(test.probe));
}

TEST_CASE("a probe saved between two words of a section and two bytes of text goes on identically") {
    TestProbe first;
    REQUIRE(first.set_plan(plan_bytes({{MPULAB_SECTION_SCORE, 0, {1, 2, 3, 4, 5, 6, 7, 8}}})));
    first.start();
    first.out(MPULAB_PROBE_PORT_SELECT, MPULAB_SECTION_SCORE);
    CHECK(first.in(MPULAB_PROBE_PORT_DATA) == 0x04030201);
    first.text("wo");
    Bytes state(mpulab_probe_save(first.probe, nullptr, 0));
    REQUIRE(mpulab_probe_save(first.probe, state.data(), state.size()) == state.size());

    TestProbe second;
    REQUIRE(second.set_plan(plan_bytes({{MPULAB_SECTION_SCORE, 0, {1, 2, 3, 4, 5, 6, 7, 8}}})));
    REQUIRE(second.assemble());
    char error[256];
    REQUIRE(mpulab_probe_load(second.probe, state.data(), state.size(), error, sizeof error));
    mpulab_probe_run(second.probe, 0);
    CHECK(second.in(MPULAB_PROBE_PORT_DATA) == 0x08070605);
    second.text("rd\n");
    const auto records = second.records();
    REQUIRE(records.size() == 2);
    CHECK(std::memcmp(&records[1].a, "word\n", 5) == 0);
}

TEST_CASE("a probe state that is cut off or impossible is refused and changes nothing") {
    TestProbe test;
    test.start();
    test.text("wo");
    Bytes state(mpulab_probe_save(test.probe, nullptr, 0));
    mpulab_probe_save(test.probe, state.data(), state.size());
    char error[256];
    for (size_t size = 0; size < state.size(); size += 7) {
        REQUIRE_FALSE(mpulab_probe_load(test.probe, state.data(), size, error, sizeof error));
    }
    for (const size_t at : {size_t{0}, size_t{4}, size_t{16}}) {
        Bytes bent = state;
        bent[at] = 0xee;
        CAPTURE(at);
        CHECK_FALSE(mpulab_probe_load(test.probe, bent.data(), bent.size(), error, sizeof error));
        CHECK_THAT(std::string(error), StartsWith("state: "));
    }
    test.text("rd\n");
    CHECK(std::memcmp(&test.records().back().a, "word\n", 5) == 0);
}
