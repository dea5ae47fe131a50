// SPDX-License-Identifier: MIT
// The rules that are judged over the log: each fires on a log that breaks it, and on none that does not.
#include "checks/log_rules.hpp"

#include "checks/rule_states.hpp"
#include "harness/checks/rule_scene.hpp"

#include "probe/plan.h"
#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// `a` of a FAULT whose effect the record right behind it shows.
uint64_t fault(uint32_t action) {
    return MPULAB_FAULT(action, MPULAB_FAULT_ACTS, 0);
}

constexpr uint64_t kStep = MPULAB_CORR(MPULAB_CORR_STEP, 5);

} // namespace

TEST_CASE("an ISR that claims what its card asked for breaks nothing, and is counted") {
    Scene scene;
    scene.at(20 * kMs).line(1).enter(MPULAB_CALLBACK_InterruptRoutine).read_data().line(0);
    scene.leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{});
    CHECK(scene.books().looks[12] == 1);
    CHECK(scene.books().looks[13] == 1);
    CHECK(scene.books().looks[14] == 0);
}

TEST_CASE("V12: an ISR that claims an interrupt nobody asked for") {
    Scene scene;
    scene.at(20 * kMs).enter(MPULAB_CALLBACK_InterruptRoutine).status(0x80).leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{12});
    scene.log.last().b = 0xC0000001; // denied
    CHECK(scene.fired() == Rules{});
}

TEST_CASE("V12: an edge whose byte was taken before the routine ran was asked for all the same") {
    Scene scene;
    scene.at(20 * kMs).line(1).line(0).at(21 * kMs).enter(MPULAB_CALLBACK_InterruptRoutine).status(0x80);
    scene.leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{});
}

TEST_CASE("V12: a pulse that a cue adds is no interrupt of the card's") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_FAULT);
    scene.line(1).line(0).enter(MPULAB_CALLBACK_InterruptRoutine).status(0x80).leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{12});
}

TEST_CASE("V13: an ISR that claims and never touches the card, whose line still stands") {
    Scene scene;
    scene.at(20 * kMs).line(1).enter(MPULAB_CALLBACK_InterruptRoutine).leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{13});
}

TEST_CASE("V14: an ISR that read bytes and denies, with the place") {
    Scene scene;
    scene.at(20 * kMs).line(1).enter(MPULAB_CALLBACK_InterruptRoutine).read_data().line(0);
    scene.leave(MPULAB_CALLBACK_InterruptRoutine, 0xC0000001);
    CHECK(scene.fired() == Rules{14});
    const RuleBooks books = scene.books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].text == "V14: an ISR read 1 bytes and denies the interrupt");
    CHECK(scene.log.records()[books.told[0].record].kind == MPULAB_KIND_CALL_LEAVE);
}

TEST_CASE("V25: a hundred Writes that take nothing of a card that is ready") {
    Scene scene;
    scene.at(20 * kMs).status(0x80);
    for (int i = 0; i < 99; ++i)
        scene.write(4, 0);
    CHECK(scene.fired() == Rules{});
    scene.write(4, 0);
    CHECK(scene.fired() == Rules{25});
}

TEST_CASE("V25: a busy card, a byte that leaves, a byte that is taken are reasons") {
    for (const int reason : {0, 1, 2}) {
        Scene scene;
        scene.at(20 * kMs).status(0x80);
        if (reason == 0) scene.write_data().log.last().c = 1; // and it never leaves
        for (int i = 0; i < 150; ++i) {
            if (i == 75 && reason == 1) scene.log.add(MPULAB_KIND_WIRE_OUT, 0x90);
            if (i == 75 && reason == 2) scene.write(4, 4).status(0x80).write_data();
            scene.write(4, 0);
        }
        INFO(reason);
        CHECK(scene.fired() == Rules{});
    }
}

TEST_CASE("V25: that STATUS said busy once is no reason for good: the card has sent all it had") {
    Scene scene;
    scene.at(20 * kMs).write(4, 1).status(0x80).write_data().log.last().c = 1;
    scene.status(0xC0).log.add(MPULAB_KIND_WIRE_OUT, 0x90);
    for (int i = 0; i < 99; ++i)
        scene.write(4, 0);
    CHECK(scene.fired() == Rules{});
    scene.write(4, 0);
    CHECK(scene.fired() == Rules{25});
}

TEST_CASE("V34: the card in D3, and after REMOVE_DEVICE") {
    Scene power;
    power.log.at(20 * kMs).add(MPULAB_KIND_POWER, 3, 0);
    CHECK(power.fired() == Rules{});
    CHECK(power.books().looks[34] == 1);
    power.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    CHECK(power.fired() == Rules{34});

    Scene removal;
    removal.log.at(20 * kMs).add(MPULAB_KIND_IRP_DONE, 0x1b02, 0, 0);
    CHECK(removal.fired() == Rules{});
    removal.status(0x80);
    CHECK(removal.fired() == Rules{34});
    CHECK(removal.books().told[0].text == "V34: the card is touched after REMOVE_DEVICE at testcard.sys+0x1234");
}

TEST_CASE("V34: a card that is pulled out may be touched until the driver has been told, and not afterwards") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_STEP_BEGIN, MPULAB_OP_DEVICE, 0, MPULAB_DEVICE_SURPRISE_REMOVE);
    scene.log.add(MPULAB_KIND_POWER, 3, 0);
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    CHECK(scene.fired() == Rules{});
    scene.log.add(MPULAB_KIND_IRP_DONE, 0x1b17, 0, 0);
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    CHECK(scene.fired() == Rules{34});
}

TEST_CASE("V34: what PortCls' own UART miniport touches is not the driver's doing") {
    Scene scene;
    scene.log.module("portcls.sys", kDriver + 0x100000, 0x8000);
    scene.log.at(20 * kMs)
        .add(MPULAB_KIND_IRP_DONE, 0x1b17, 0, 0)
        .add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    Scene drivers = scene;
    scene.log.last().pc = kDriver + 0x100010;
    CHECK(scene.fired() == Rules{});
    CHECK(scene.books().looks[34] == 1);
    drivers.log.last().pc = kDriver + 0x10;
    const RuleBooks books = drivers.books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].text == "V34: the card is touched after it was pulled out at testcard.sys+0x10");
}

TEST_CASE("V34: a removal that was refused forgives nothing in the steps after it") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_STEP_BEGIN, MPULAB_OP_DEVICE, 0, MPULAB_DEVICE_SURPRISE_REMOVE, kStep);
    scene.log.add(MPULAB_KIND_STEP_END, MPULAB_OP_DEVICE, 0xc0000184, 0, kStep);
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    CHECK(scene.fired() == Rules{34});
}

TEST_CASE("V34: a card that is pulled out beside the score's steps is forgiven through all of them") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_STEP_BEGIN, MPULAB_OP_BEGIN_DEVICE, 0, MPULAB_DEVICE_SURPRISE_REMOVE, kStep);
    scene.log.step(6, MPULAB_OP_SET_STATE).begin_step(7, MPULAB_OP_DELAY);
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    CHECK(scene.fired() == Rules{});
    scene.log.add(MPULAB_KIND_IRP_DONE, 0x1b17, 0, 0).end_step(5, MPULAB_OP_BEGIN_DEVICE);
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1, 0xff);
    CHECK(scene.fired() == Rules{34});
}

TEST_CASE("V34: a device that is added again may touch its card") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_IRP_DONE, 0x1b02, 0, 0);
    scene.enter(MPULAB_CALLBACK_AddDevice).leave(MPULAB_CALLBACK_AddDevice).status(0x80);
    CHECK(scene.fired() == Rules{});
}

TEST_CASE("V35 and V36: the card's own complaints, but not once a fault has spoilt something") {
    Scene scene;
    scene.at(20 * kMs).status(0xC0).write_data();
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_NOT_READY, 0, 0x90);
    CHECK(scene.fired() == Rules{35});
    scene.read_data();
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_EMPTY, 0, 0);
    CHECK(scene.fired() == Rules{35, 36});

    Scene spoilt;
    spoilt.log.at(20 * kMs).add(MPULAB_KIND_FAULT, fault(MPULAB_ACTION_HOLD_DRR));
    spoilt.status(0xC0).write_data();
    spoilt.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_NOT_READY, 0, 0x90);
    spoilt.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_EMPTY, 0, 0);
    CHECK(spoilt.fired() == Rules{});
    CHECK(spoilt.books().looks[35] == 0); // said as not exercised, not as passed
}

TEST_CASE("V35, V36 and V77: a cue that plays with the line or the cable excuses none of them") {
    for (const uint32_t action : {MPULAB_ACTION_ADD_IRQ, MPULAB_ACTION_DROP_IRQ, MPULAB_ACTION_DEAD_IRQ,
                                  MPULAB_ACTION_CORRUPT_OUT, MPULAB_ACTION_LOSE_OUT, MPULAB_ACTION_FRAMING_ERROR}) {
        Scene scene;
        scene.log.at(20 * kMs).add(MPULAB_KIND_FAULT, fault(action));
        scene.state(3).write(3, 3).status(0xC0).write_data();
        scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_NOT_READY, 0, 0x90);
        scene.status(0x80).read_data();
        scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_EMPTY, 0, 0);
        scene.at(1'100 * kMs).state(2);
        INFO(action);
        CHECK(scene.fired() == Rules{35, 36, 77});
    }
}

TEST_CASE("V13: a cue that plays with the line or the bus excuses the ISR, and it is not counted as looked at") {
    for (const uint32_t action : {MPULAB_ACTION_DELAY_IRQ, MPULAB_ACTION_FLOAT_BUS, MPULAB_ACTION_CORRUPT_IN}) {
        Scene scene;
        scene.log.at(20 * kMs).add(MPULAB_KIND_FAULT, fault(action));
        scene.at(21 * kMs).line(0).line(1).enter(MPULAB_CALLBACK_InterruptRoutine);
        scene.leave(MPULAB_CALLBACK_InterruptRoutine);
        INFO(action);
        const bool judged = action == MPULAB_ACTION_CORRUPT_IN;
        CHECK(scene.fired() == (judged ? Rules{13} : Rules{}));
        CHECK((scene.books().looks[13] != 0) == judged);
    }
}

TEST_CASE("V36: a byte that STATUS had promised may be read, and so may the handshake's") {
    Scene promised;
    promised.at(20 * kMs).status(0x00).log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_EMPTY, 0, 0);
    CHECK(promised.fired() == Rules{});

    Scene early;
    early.log = LogBuilder();
    early.log.started(1).add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_EMPTY, 0, 0);
    CHECK(early.fired() == Rules{});
}

TEST_CASE("V37: a byte after D3 before the card is in UART mode again") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_POWER, 3, 0).at(30 * kMs).add(MPULAB_KIND_POWER, 0, 3);
    Scene good = scene;
    good.log.add(MPULAB_KIND_MODE, MPULAB_MODE_UART, MPULAB_MODE_INTELLIGENT);
    good.status(0x80).write_data();
    good.write_data();
    CHECK(good.fired() == Rules{});
    CHECK(good.books().looks[37] == 1); // the first byte is the one that could
    scene.status(0x80).write_data();
    CHECK(scene.fired() == Rules{37});
}

TEST_CASE("V37: D1 leaves the card in its mode") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_POWER, 1, 0).at(30 * kMs).add(MPULAB_KIND_POWER, 0, 1);
    scene.status(0x80).write_data();
    CHECK(scene.fired() == Rules{});
    CHECK(scene.books().looks[37] == 0);
}

TEST_CASE("V77: bytes that were taken and never reached the card") {
    Scene scene;
    scene.at(20 * kMs).state(3).write(3, 3).status(0x80).write_data();
    Scene patient = scene;
    patient.at(900 * kMs).state(2);
    CHECK(patient.fired() == Rules{});
    CHECK(patient.books().looks[77] == 0); // none could be stuck for a second yet
    scene.at(1'100 * kMs).state(2);
    CHECK(scene.fired() == Rules{77});
}

TEST_CASE("V25: while it is told to leave RUN a stream may refuse every Write") {
    Scene scene;
    scene.at(20 * kMs).status(0x80).state(3);
    scene.enter(MPULAB_CALLBACK_SetState, 2, 1);
    for (int i = 0; i < 150; ++i)
        scene.write(4, 0);
    CHECK(scene.fired() == Rules{});
    scene.leave(MPULAB_CALLBACK_SetState);
    for (int i = 0; i < 150; ++i)
        scene.write(4, 0);
    CHECK(scene.fired() == Rules{25});
}

TEST_CASE("V77: a stream that sent all it took, and ran on, could have been stuck") {
    Scene scene;
    scene.at(20 * kMs).state(3).write(1, 1).status(0x80).write_data().at(1'100 * kMs).state(2);
    CHECK(scene.fired() == Rules{});
    CHECK(scene.books().looks[77] == 1);
}

TEST_CASE("V77: what a driver drops at STOP, release, D3 and removal is not held against its next stream") {
    for (const int end : {0, 1, 2, 3, 4}) {
        Scene scene;
        scene.at(20 * kMs).state(3).write(30, 30).status(0x80).write_data();
        scene.at(30 * kMs);
        if (end == 0) scene.state(0);
        if (end == 1) scene.enter(MPULAB_CALLBACK_StreamRelease, 1).leave(MPULAB_CALLBACK_StreamRelease);
        if (end == 2) scene.log.add(MPULAB_KIND_POWER, 3, 0).at(40 * kMs).add(MPULAB_KIND_POWER, 0, 3);
        if (end == 3) scene.log.add(MPULAB_KIND_IRP_DONE, 0x1b02, 0, 0);
        if (end == 4) scene.log.add(MPULAB_KIND_IRP_DONE, 0x1b17, 0, 0);
        scene.enter(MPULAB_CALLBACK_StartDevice).leave(MPULAB_CALLBACK_StartDevice);
        scene.log.add(MPULAB_KIND_MODE, MPULAB_MODE_UART, MPULAB_MODE_INTELLIGENT);
        scene.at(50 * kMs).state(3, 2).write(1, 1, 2).status(0x80).write_data();
        Scene bad = scene;
        scene.at(1'500 * kMs).state(2, 2);
        INFO(end);
        CHECK(scene.fired() == Rules{});
        bad.write(1, 1, 2).at(1'500 * kMs).state(2, 2);
        CHECK(bad.fired() == Rules{77});
    }
}

TEST_CASE("V77: a card that a fault holds busy is no driver's mistake") {
    Scene scene;
    scene.at(20 * kMs).state(3).write(3, 3).log.add(MPULAB_KIND_FAULT, fault(MPULAB_ACTION_HOLD_DRR));
    scene.at(1'100 * kMs).state(2);
    CHECK(scene.fired() == Rules{});
}

TEST_CASE("V78: a driver that sends inside Write, before it says what it took, breaks nothing") {
    Scene scene;
    scene.at(20 * kMs).state(3).write(1, 1).status(0x80).write_data().state(0);
    scene.at(30 * kMs).state(3, 2).enter(MPULAB_CALLBACK_Write, 1, 2).status(0x80).write_data();
    scene.leave(MPULAB_CALLBACK_Write, 0, 1).state(0, 2);
    CHECK(scene.fired() == Rules{});
    scene.status(0x80).write_data();
    CHECK(scene.fired() == Rules{78});
}

TEST_CASE("V78: a byte after the last render stream has stopped, and another stream may go on") {
    Scene scene;
    scene.at(20 * kMs)
        .state(3)
        .write(1, 1)
        .status(0x80)
        .write_data()
        .state(3, 2)
        .write(1, 1, 2)
        .status(0x80)
        .write_data();
    scene.at(30 * kMs).state(0);
    Scene other = scene;
    other.status(0x80).write_data();
    CHECK(other.fired() == Rules{});
    scene.state(0, 2).status(0x80).write_data();
    CHECK(scene.fired() == Rules{78});
}

TEST_CASE("the guest's findings and counts come into the same books") {
    Scene scene;
    scene.log.at(20 * kMs).add(MPULAB_KIND_FINDING, 44, 1, 0).name("V44 Connect of an interrupt that is connected");
    scene.log.at(30 * kMs).add(MPULAB_KIND_RULE_COUNT, 44, 7, 1).add(MPULAB_KIND_RULE_COUNT, 1, 500, 0);
    const RuleBooks books = scene.books();
    CHECK(books.looks[44] == 7);
    CHECK(books.looks[1] == 500);
    CHECK(books.findings[44] == 1);
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].text == "V44: Connect of an interrupt that is connected");
}

TEST_CASE("a rule that is off neither tells nor counts") {
    Scene scene;
    scene.off.set(12);
    scene.at(20 * kMs).enter(MPULAB_CALLBACK_InterruptRoutine).leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{});
    CHECK(scene.books().looks[12] == 0);
}

TEST_CASE("records of rules that are not there are passed over") {
    Scene scene;
    scene.log.add(MPULAB_KIND_FINDING, 85).name("V85").add(MPULAB_KIND_RULE_COUNT, ~0ull, 1, 1);
    CHECK(scene.fired() == Rules{});
}

TEST_CASE("each rule has one state: passed, fired, never exercised, off, or not covered") {
    Scene scene;
    scene.off.set(24);
    scene.at(20 * kMs).enter(MPULAB_CALLBACK_InterruptRoutine).leave(MPULAB_CALLBACK_InterruptRoutine);
    scene.log.add(MPULAB_KIND_RULE_COUNT, 1, 500, 0);
    const EventLog built = scene.log.log();
    CheckResult wire = passed("wire", 9, "");
    wire.all_bytes = true;
    const auto states = rule_states({built, kNothingMayFail, 0, 1, scene.off}, {wire});
    REQUIRE(states.size() == kRules);
    CHECK(states[0].status == RuleStatus::Passed);
    CHECK(states[0].opportunities == 500);
    CHECK(states[65].status == RuleStatus::NotCovered);
    CHECK(states[11].status == RuleStatus::Fired);
    CHECK(states[13].status == RuleStatus::NotExercised);
    CHECK(states[23].status == RuleStatus::Off);
    CHECK(states[26].status == RuleStatus::Passed);
    CHECK(states[26].opportunities == 9);
    CHECK(states[27].status == RuleStatus::NotExercised); // no delicate byte crossed the wire
    const std::string text = rule_summary(states);
    CHECK(text.find("1 findings; 1 fired: V12;") != std::string::npos);
    CHECK(text.find("1 off: V24;") != std::string::npos);
}

TEST_CASE("running status, and a clock byte inside SysEx, exercise V28, which a failed comparison fires") {
    Scene scene;
    scene.log.wire_out(20 * kMs, hex("90 3c 40 3e 41 f0 7e f8 f7"));
    const EventLog built = scene.log.log();
    CheckResult wire = passed("wire-equals:7", 9, "");
    CHECK(rule_states({built, kNothingMayFail, 0, 1}, {wire})[26].opportunities == 0); // with its author's bytes
    wire.all_bytes = true;
    CHECK(rule_states({built, kNothingMayFail, 0, 1}, {wire})[27].opportunities == 2);
    wire.status = CheckStatus::Failed;
    CHECK(rule_states({built, kNothingMayFail, 0, 1}, {wire})[27].status == RuleStatus::Fired);
}

namespace {

constexpr uint64_t kUnsuccessful = 0xc0000001;

/// Two cards on one level-triggered line; the second one asks.
Scene two_cards_on_a_line() {
    Scene scene;
    scene.status(0xff);
    scene.status(0xff);
    scene.log.last().unit = 1;
    scene.at(20 * kMs).line(1);
    scene.log.last().unit = 1;
    return scene;
}

} // namespace

TEST_CASE("V12: of two cards on one line, who claims the interrupt of the other is told") {
    Scene scene = two_cards_on_a_line();
    scene.enter(MPULAB_CALLBACK_InterruptRoutine).status(0xff).leave(MPULAB_CALLBACK_InterruptRoutine, kUnsuccessful);
    scene.enter(MPULAB_CALLBACK_InterruptRoutine).status(0x3f);
    scene.log.last().unit = 1;
    scene.read_data();
    scene.log.last().unit = 1;
    scene.leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired().empty());
    CHECK(scene.books().looks[12] == 1);
    CHECK(scene.books().looks[14] == 1);

    scene.enter(MPULAB_CALLBACK_InterruptRoutine).status(0xff).leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired() == Rules{12});
}

TEST_CASE("V14: of two cards on one line, who reads a byte and denies the interrupt is told") {
    Scene scene = two_cards_on_a_line();
    scene.enter(MPULAB_CALLBACK_InterruptRoutine).status(0x3f);
    scene.log.last().unit = 1;
    scene.read_data();
    scene.log.last().unit = 1;
    scene.leave(MPULAB_CALLBACK_InterruptRoutine, kUnsuccessful);
    CHECK(scene.fired() == Rules{14});
}

TEST_CASE("a routine that touches two cards, or none, is nobody's") {
    Scene scene = two_cards_on_a_line();
    scene.enter(MPULAB_CALLBACK_InterruptRoutine).status(0xff).status(0xff);
    scene.log.last().unit = 1;
    scene.leave(MPULAB_CALLBACK_InterruptRoutine);
    scene.enter(MPULAB_CALLBACK_InterruptRoutine).leave(MPULAB_CALLBACK_InterruptRoutine);
    CHECK(scene.fired().empty());
    CHECK(scene.books().looks[12] == 0);
}

TEST_CASE("with two cards an interrupt of the other is no breach, and each card's own rules hold") {
    Scene scene;
    scene.status(0x3f).read_data(); // the first card
    scene.status(0xff);
    scene.log.last().unit = 1;
    scene.at(20 * kMs).enter(MPULAB_CALLBACK_InterruptRoutine).leave(MPULAB_CALLBACK_InterruptRoutine); // whose?
    CHECK(scene.fired().empty());
    CHECK(scene.books().looks[12] == 0); // said as not exercised, not as passed

    scene.at(30 * kMs).log.add(MPULAB_KIND_REG_WRITE, 0, 0x90);
    scene.log.last().unit = 1;
    scene.log.add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_NOT_READY, 0x90);
    scene.log.last().unit = 1;
    CHECK(scene.fired() == std::vector<uint32_t>{35});
    CHECK(scene.books().looks[35] == 1);
    CHECK(scene.books().told.size() == 1);
}
