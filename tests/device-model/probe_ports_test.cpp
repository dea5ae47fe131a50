// SPDX-License-Identifier: MIT
// The probe's ports: what a guest reads and what it can make.
#include "test_probe.hpp"

TEST_CASE("a guest finds the probe, and reads sections whole, twice, and no further than their end") {
    TestProbe test;
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_SCORE, 0, {1, 2, 3, 4, 5}}})));
    test.start();
    CHECK(test.in(MPULAB_PROBE_PORT_ID) == MPULAB_PROBE_ID);
    CHECK(test.section(MPULAB_SECTION_SCORE) == Bytes{1, 2, 3, 4, 5});
    CHECK(test.in(MPULAB_PROBE_PORT_DATA) == 0);
    CHECK(test.section(MPULAB_SECTION_SCORE) == Bytes{1, 2, 3, 4, 5});
    CHECK(test.section(MPULAB_SECTION_OPTIONS).empty());
    CHECK(test.section(0x12345678).empty());
    CHECK(test.in(MPULAB_PROBE_PORT_DATA) == 0);
}

TEST_CASE("a guest reads the plan's seed and what it forces") {
    TestProbe test;
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CHOICES, 0, {7, 0, 0, 0, 1, 0, 0, 0}}}, 0x1122334455667788)));
    test.start();
    CHECK(test.section(MPULAB_SECTION_SEED) == Bytes{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11});
    CHECK(test.section(MPULAB_SECTION_CHOICES) == Bytes{7, 0, 0, 0, 1, 0, 0, 0});
}

TEST_CASE("MACHINE lists the cards by unit, whatever order they came in") {
    TestProbe test;
    test.add_card(1, 0x300);
    test.add_card(0, 0x330);
    test.start();
    const Bytes machine = test.section(MPULAB_SECTION_MACHINE);
    REQUIRE(machine.size() == 2 * sizeof(mpulab_machine_device));
    mpulab_machine_device devices[2];
    std::memcpy(devices, machine.data(), sizeof devices);
    CHECK(std::string(devices[0].hardware_id) == "PNPB006");
    CHECK(devices[0].unit == 0);
    CHECK(devices[0].port_base == 0x330);
    CHECK(devices[0].irq == 7);
    CHECK(devices[1].unit == 1);
    CHECK(devices[1].port_base == 0x300);
    CHECK(devices[1].bus == MPULAB_BUS_ISA);
}

TEST_CASE("MACHINE says of a PCI card where it is, and claims no port and no line for it") {
    TestProbe test;
    mpulab_core* core = test.add_card(4, 0x330);
    char error[256];
    mpulab_machine_device device = {};
    device.unit = 2;
    device.irq = MPULAB_IRQ_NONE;
    device.bus = MPULAB_BUS_PCI;
    device.address = 3 << 3;
    REQUIRE(mpulab_probe_attach(test.probe, &device, core, error, sizeof error));
    device.unit = 3; // without ports nothing overlaps
    device.address = 4 << 3;
    REQUIRE(mpulab_probe_attach(test.probe, &device, core, error, sizeof error));
    test.start();
    const Bytes machine = test.section(MPULAB_SECTION_MACHINE);
    mpulab_machine_device devices[3];
    REQUIRE(machine.size() == sizeof devices);
    std::memcpy(devices, machine.data(), sizeof devices);
    CHECK((devices[0].bus == MPULAB_BUS_PCI && devices[0].address == 0x18 && devices[0].irq == MPULAB_IRQ_NONE));
    CHECK((devices[1].address == 0x20 && devices[2].bus == MPULAB_BUS_ISA));
}

TEST_CASE("cues are the cards' business: a guest cannot read them") {
    TestProbe test;
    test.add_card(0, 0x330);
    REQUIRE(test.set_plan(plan_bytes({{MPULAB_SECTION_CUES, 0, cue_section({inject(0, 0, 0, 1)}, {9})}})));
    test.start();
    CHECK(test.section(MPULAB_SECTION_CUES).empty());
}

TEST_CASE("a record carries what the guest wrote and what only the probe can know") {
    TestProbe test;
    test.start();
    test.now = 1234;
    test.cause = {0xfffff80000005678, 1};
    CHECK(test.commit(MPULAB_KIND_DPC, {MPULAB_CORR(4, 9), 0x1122334455667788, 2, 3}, 1, 0, 2) == MPULAB_PROBE_NOTHING);
    const auto made = test.records().back();
    CHECK(made.kind == MPULAB_KIND_DPC);
    CHECK(made.corr == MPULAB_CORR(4, 9));
    CHECK(made.a == 0x1122334455667788);
    CHECK(made.b == 2);
    CHECK(made.c == 3);
    CHECK(made.irql == 2);
    CHECK(made.time_ns == 1234);
    CHECK(made.pc == 0xfffff80000005678);
    CHECK(made.cpu == 1);
    CHECK(made.unit == MPULAB_NO_UNIT);
    CHECK(made.count == 1);
}

TEST_CASE("a record lies anywhere in RAM, at any alignment, and nothing of the one before is left") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_DPC, {1, 2, 3, 4});
    test.commit({MPULAB_KIND_DPC, 0, 0, 0, 0, 5, 0, 0, 6}, 4096 - sizeof(mpulab_guest_record));
    test.commit({MPULAB_KIND_DPC, 0, 0, 0, 0, 7, 0, 0, 8}, 3);
    const auto records = test.records();
    REQUIRE(records.size() == 4);
    CHECK(records[2].corr == 5);
    CHECK(records[2].a == 0);
    CHECK(records[2].c == 6);
    CHECK(records[3].corr == 7);
}

TEST_CASE("two vCPUs make their records at the same time without mixing them") {
    TestProbe test;
    test.start();
    test.cause.cpu = 0;
    test.text("ze");
    test.cause.cpu = 1;
    test.text("one\n");
    test.commit(MPULAB_KIND_DPC, {20});
    test.cause.cpu = 0;
    test.text("ro\n");
    test.commit(MPULAB_KIND_DPC, {10});
    const auto records = test.records();
    REQUIRE(records.size() == 5);
    CHECK(std::memcmp(&records[1].a, "one\n", 4) == 0);
    CHECK(records[2].corr == 20);
    CHECK(std::memcmp(&records[3].a, "zero\n", 5) == 0);
    CHECK(records[4].corr == 10);
}

TEST_CASE("what a guest may not make is refused with a reason and leaves no record") {
    TestProbe test;
    test.start();
    const auto refused = [&](const std::string& reason) {
        CHECK(test.records().size() == 1);
        REQUIRE(test.complaints.size() == 1);
        CHECK_THAT(test.complaints[0], ContainsSubstring(reason));
        test.complaints.clear();
    };
    test.commit(MPULAB_KIND_WIRE_OUT);
    refused("record kind 19 refused");
    test.commit(MPULAB_KIND_RUN_STARTED);
    refused("record kind 1 refused");
    test.commit(255);
    refused("record kind 255 refused");
    test.commit({MPULAB_KIND_DPC, 0, 0, 0, 1, 0, 0, 0, 0});
    refused("reserved 0x1");
    test.out(MPULAB_PROBE_PORT_RECORD, 4096 - sizeof(mpulab_guest_record) + 1);
    refused("record at 0x00000fd9 refused: its 40 bytes do not lie in RAM");
    test.out(MPULAB_PROBE_PORT_RECORD, UINT32_MAX);
    refused("record at 0xffffffff refused");
    test.commit(MPULAB_KIND_NAME, {}, 25);
    refused("count 25");
    test.commit(MPULAB_KIND_DPC, {}, 1, MPULAB_RECORD_MORE);
    refused("flags 0x1");
    test.commit(MPULAB_KIND_NAME, {}, 24, 0x80);
    refused("flags 0x80");
    test.out(MPULAB_PROBE_PORT_RECORD, 64, 1);
    refused("write of 1 bytes");
    test.out(MPULAB_PROBE_PORT_TEXT, 'x', 4);
    refused("write of 4 bytes");
    test.out(0x1c, 0);
    refused("offset 0x1c");
    CHECK(test.in(MPULAB_PROBE_PORT_ID, 2) == UINT32_MAX);
    refused("read of 2 bytes");
    test.commit(MPULAB_KIND_DPC, {7}); // and after all that the next one is as if nothing had been
    CHECK(test.records().back().corr == 7);
}

TEST_CASE("EVENTS counts what AWAIT asks for: one card's records of a kind with these words, from there on") {
    TestProbe test;
    mpulab_core* card = test.add_card(0, 0x330);
    mpulab_core* other = test.add_card(3, 0x300);
    test.start();
    const auto events = [&test] { return test.in(MPULAB_PROBE_PORT_EVENTS); };
    mpulab_core_read(card, 1, 0);
    CHECK(events() == 0); // nobody waits
    test.commit(MPULAB_KIND_AWAIT, {0, MPULAB_AWAIT(3, MPULAB_KIND_REG_READ), 1, MPULAB_EVENT_ANY});
    CHECK(test.records().back().a == MPULAB_AWAIT(3, MPULAB_KIND_REG_READ));
    CHECK(events() == 0);
    mpulab_core_read(card, 1, 0);  // another card
    mpulab_core_read(other, 0, 0); // another register
    mpulab_core_write(other, 1, 0x3f, 0);
    CHECK(events() == 0);
    mpulab_core_read(other, 1, 0);
    mpulab_core_read(other, 1, 0);
    CHECK(events() == 2);
    CHECK(events() == 2); // to look does not change it
    test.commit(MPULAB_KIND_AWAIT, {0, MPULAB_AWAIT(0, MPULAB_KIND_REG_WRITE), MPULAB_EVENT_ANY, 0x3f});
    CHECK(events() == 0); // anew
    mpulab_core_write(card, 1, 0x3e, 0);
    mpulab_core_write(card, 1, 0x3f, 0);
    CHECK(events() == 1);
    mpulab_probe_reset(test.probe);
    CHECK(events() == 0);
    mpulab_core_write(card, 1, 0x3f, 0);
    CHECK(events() == 0);
    CHECK(test.complaints.empty());
}

TEST_CASE("writes to CR8 are told of the code that WATCH_IRQL names last, until it names none") {
    TestProbe test;
    test.start();
    CHECK_FALSE(mpulab_probe_watches(test.probe, 0));
    test.commit(MPULAB_KIND_WATCH_IRQL, {0, 0x1000, 0x100});
    CHECK_FALSE(mpulab_probe_watches(test.probe, 0xfff));
    CHECK(mpulab_probe_watches(test.probe, 0x1000));
    CHECK(mpulab_probe_watches(test.probe, 0x10ff));
    CHECK_FALSE(mpulab_probe_watches(test.probe, 0x1100));
    const mpulab_cause cause = {0x1010, 1};
    mpulab_probe_irql_written(test.probe, 1, 2, &cause, 30);
    mpulab_probe_pause(test.probe);
    const mpulab_record told = test.records().back();
    CHECK(told.kind == MPULAB_KIND_IRQL_WRITTEN);
    CHECK(std::tuple(told.a, told.b, told.irql) == std::tuple(1u, 2u, 1u));
    CHECK(std::tuple(told.pc, told.cpu, told.time_ns) == std::tuple(0x1010u, 1u, 30u));
    test.commit(MPULAB_KIND_WATCH_IRQL, {0, 0x2000, 0x100});
    CHECK_FALSE(mpulab_probe_watches(test.probe, 0x1000));
    test.commit(MPULAB_KIND_WATCH_IRQL, {0, 0, 0});
    CHECK_FALSE(mpulab_probe_watches(test.probe, 0x2000));
}

TEST_CASE("the code that is watched is part of the probe's state, and a reset forgets it") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_WATCH_IRQL, {0, UINT64_MAX - 0xfff, 0x1000}); // up to the last byte there is
    Bytes state(mpulab_probe_save(test.probe, nullptr, 0));
    mpulab_probe_save(test.probe, state.data(), state.size());
    mpulab_probe_reset(test.probe);
    CHECK_FALSE(mpulab_probe_watches(test.probe, UINT64_MAX));
    char error[200];
    REQUIRE(mpulab_probe_load(test.probe, state.data(), state.size(), error, sizeof error));
    CHECK(mpulab_probe_watches(test.probe, UINT64_MAX));
    CHECK_FALSE(mpulab_probe_watches(test.probe, 0));
}

TEST_CASE("a guest cannot make a record that says that IRQL was written") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_IRQL_WRITTEN, {0, 1, 2});
    mpulab_probe_pause(test.probe);
    CHECK(test.records().size() == 1);
}

TEST_CASE("what is awaited and how often it came is part of the probe's state") {
    TestProbe test;
    mpulab_core* card = test.add_card(0, 0x330);
    test.start();
    test.commit(MPULAB_KIND_AWAIT, {0, MPULAB_AWAIT(0, MPULAB_KIND_REG_READ), MPULAB_EVENT_ANY, MPULAB_EVENT_ANY});
    mpulab_core_read(card, 1, 0);
    Bytes state(mpulab_probe_save(test.probe, nullptr, 0));
    mpulab_probe_save(test.probe, state.data(), state.size());
    mpulab_core_read(card, 1, 0);
    CHECK(test.in(MPULAB_PROBE_PORT_EVENTS) == 2);
    char error[200];
    REQUIRE(mpulab_probe_load(test.probe, state.data(), state.size(), error, sizeof error));
    CHECK(test.in(MPULAB_PROBE_PORT_EVENTS) == 1);
    mpulab_probe_run(test.probe, 0);
    mpulab_core_read(card, 1, 0);
    CHECK(test.in(MPULAB_PROBE_PORT_EVENTS) == 2);
}

TEST_CASE("text and data kinds keep their count and say whether there is more") {
    TestProbe test;
    test.start();
    test.commit(MPULAB_KIND_CAPTURED, {0, 0x4142}, 2, MPULAB_RECORD_MORE);
    const auto made = test.records().back();
    CHECK(made.count == 2);
    CHECK(made.flags == MPULAB_RECORD_MORE);
}

TEST_CASE("a card is told its D-state, and what follows carries the place in the guest that did it") {
    TestProbe test;
    test.add_card(0, 0x330);
    mpulab_core* card = test.add_card(3, 0x300);
    test.start();
    mpulab_core_write(card, 1, 0x3f, 0);
    test.now = 50'000'000;
    CHECK(test.out(MPULAB_PROBE_PORT_POWER, MPULAB_PROBE_POWER(3, 3)) == MPULAB_PROBE_NOTHING);
    const auto records = test.records();
    REQUIRE(records.size() > 3);
    const auto& line = records.back();
    const auto& power = records[records.size() - 3];
    CHECK(power.kind == MPULAB_KIND_POWER);
    CHECK(power.unit == 3);
    CHECK(power.time_ns == 50'000'000);
    CHECK(power.a == 3);
    CHECK(line.kind == MPULAB_KIND_IRQ);
    for (const auto* record : {&power, &line}) {
        CHECK(record->pc == test.cause.pc);
        CHECK(record->cpu == test.cause.cpu);
    }
    CHECK(mpulab_core_read(card, 1, test.now) == 0xff);
    CHECK(test.records().back().pc == 0); // its own access, of which nobody told the probe
    CHECK(test.complaints.empty());
}

TEST_CASE("power of a card that is not there, of a PCI card, and to a state that is none is refused") {
    TestProbe test;
    mpulab_core* isa = test.add_card(0, 0x330);
    mpulab_core* pci = test.add_card(1, 0x300, MPULAB_BUS_PCI);
    test.start();
    const std::pair<uint32_t, const char*> cases[] = {
        {MPULAB_PROBE_POWER(2, 3), "probe: power 0x302 refused: card 2 to D3"},
        {MPULAB_PROBE_POWER(0, 4), "probe: power 0x400 refused: card 0 to D4"},
        {0x80000300, "probe: power 0x80000300 refused: card 0 to D8388611"},
        {MPULAB_PROBE_POWER(1, 3), "probe: power 0x301 refused: card 1 is on PCI"},
    };
    for (const auto& [value, reason] : cases) {
        test.complaints.clear();
        test.out(MPULAB_PROBE_PORT_POWER, value);
        REQUIRE(test.complaints.size() == 1);
        CHECK_THAT(test.complaints[0], StartsWith(reason));
    }
    test.out(MPULAB_PROBE_PORT_POWER, 0, 1);
    CHECK(test.complaints.size() == 2);
    CHECK(test.records().size() == 1);
    CHECK((mpulab_core_read(isa, 1, 0) == 0xbf && mpulab_core_read(pci, 1, 0) == 0xbf));
}
