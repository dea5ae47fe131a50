// SPDX-License-Identifier: MIT
// What a scenario becomes: score steps, cues, and what its checks know of them.
#include "scenario/scenario_run.hpp"

#include "agent/score.h"
#include "common/error.hpp"
#include "harness/scenario/score_steps.hpp"
#include "harness/support/text.hpp"
#include "link/mpulab_link.h"
#include "probe/plan.h"
#include "scenario/format.hpp"
#include "score_check.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mpulab;
using namespace mpulab::test;

namespace {

SongTargets both_pins() {
    SongTargets targets;
    targets.render = PinTarget{0, ks::kCategoryAudio, u"UART", 0};
    targets.capture = PinTarget{0, ks::kCategoryAudio, u"UART", 2};
    return targets;
}

ScenarioRun compiled(const std::string& steps, const std::string& more = "", bool wire = true) {
    std::vector<Complaint> complaints;
    const auto scenarios = parse_scenarios(
        "scenario: x\n" + more + "steps:\n" + steps + "checks:\n  - nothing-lost: true\n", "a.yaml", {}, complaints);
    for (const Complaint& complaint : complaints)
        FAIL(complaint.text());
    return compile_scenario(scenarios.at(0), both_pins(), wire);
}

std::vector<uint16_t> opcodes(const ScenarioRun& run) {
    std::vector<uint16_t> codes;
    for (const ReadStep& step : steps_of(run.score))
        codes.push_back(step.opcode);
    return codes;
}

std::vector<Verb> step_verbs() {
    for (const Field& field : scenario_shape().fields) {
        if (field.name == "steps") return field.shape->item->verbs;
    }
    return {};
}

} // namespace

TEST_CASE("a snapshot is a marker of its own in the score, and the run knows where the machine is to be saved") {
    const ScenarioRun run = compiled("  - snapshot: 7\n  - marker: 3\n  - snapshot: 5\n");
    CHECK(run.snapshots == std::vector<uint32_t>{7, 5});
    CHECK(run.score == compiled("  - marker: 7\n  - marker: 3\n  - marker: 5\n").score);
}

TEST_CASE("a pin is opened through its filter, walked through the states, and all of it is undone at the end") {
    const ScenarioRun run = compiled("  - open: render\n  - state: run\n");
    CHECK(opcodes(run) == std::vector<uint16_t>{MPULAB_OP_OPEN_FILTER, MPULAB_OP_OPEN_PIN, MPULAB_OP_SET_STATE,
                                                MPULAB_OP_SET_STATE, MPULAB_OP_SET_STATE, MPULAB_OP_SET_STATE,
                                                MPULAB_OP_SET_STATE, MPULAB_OP_SET_STATE, MPULAB_OP_CLOSE,
                                                MPULAB_OP_CLOSE, MPULAB_OP_DELAY, MPULAB_OP_REMOVE_DEVICE});
    CHECK(run.may_fail.empty());
    CHECK(run.steps.at(2) == "open (a.yaml:3)");
}

TEST_CASE("exactly sets one state, whatever lies between") {
    const ScenarioRun run = compiled("  - open: render\n  - state: run\n    exactly: true\n    expect: any\n");
    const auto steps = steps_of(run.score);
    REQUIRE(steps.size() > 3);
    CHECK(steps[2].opcode == MPULAB_OP_SET_STATE);
    CHECK(read_pod<uint32_t>(steps[2].arguments, 0) == 3);
    CHECK(run.may_fail.contains(3));
}

TEST_CASE("two pins of one filter share it, and it is closed with the last of them") {
    const ScenarioRun run = compiled("  - open: render\n  - open: capture\n  - close: render\n  - close: capture\n    "
                                     "expect: STATUS_DEVICE_NOT_READY\n");
    CHECK(opcodes(run) == std::vector<uint16_t>{MPULAB_OP_OPEN_FILTER, MPULAB_OP_OPEN_PIN, MPULAB_OP_OPEN_PIN,
                                                MPULAB_OP_CLOSE, MPULAB_OP_CLOSE, MPULAB_OP_CLOSE, MPULAB_OP_DELAY,
                                                MPULAB_OP_REMOVE_DEVICE});
    REQUIRE(run.expected.size() == 1); // the pin's close, not its filter's
    CHECK(run.expected.begin()->first == 5);
    CHECK(run.expected.begin()->second.status == 0xc00000a3);
}

TEST_CASE("a filter is held by itself: it is not a pin's, which has its own, and takes IOCTLs and pins") {
    const ScenarioRun run = compiled("  - open: filter\n  - open: render\n  - ioctl: 0x2f0003\n    to: filter\n"
                                     "  - open: capture\n    of: filter\n    pin: 2\n  - close: render\n");
    const auto codes = opcodes(run);
    REQUIRE(codes.size() > 6);
    CHECK(std::vector<uint16_t>(codes.begin(), codes.begin() + 7) ==
          std::vector<uint16_t>{MPULAB_OP_OPEN_FILTER, MPULAB_OP_OPEN_FILTER, MPULAB_OP_OPEN_PIN, MPULAB_OP_IOCTL,
                                MPULAB_OP_OPEN_PIN, MPULAB_OP_CLOSE, MPULAB_OP_CLOSE});
    CHECK(std::count(codes.begin(), codes.end(), uint16_t{MPULAB_OP_CLOSE}) == 4); // at the end, too
}

TEST_CASE("bytes are written as KSMUSICFORMAT records of at most 256") {
    std::string hex;
    for (int i = 0; i < 300; ++i)
        hex += "90 ";
    const ScenarioRun run = compiled("  - open: render\n  - write: " + hex + "\n    at: 5ms\n");
    const auto writes = writes_of(run.score);
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].presentation_ns == 5'000'000);
    REQUIRE(writes[0].records.size() == 2);
    CHECK(writes[0].records[0].bytes.size() == 256);
    CHECK(writes[0].records[1].bytes.size() == 44);
    CHECK(run.written.at(0).size() == 300);
}

TEST_CASE("drawn traffic is written whole, and the same for a seed") {
    const std::string steps = "  - open: render\n  - generate: mix\n    bytes: 500\n    seed: 9\n";
    const ScenarioRun run = compiled(steps);
    Bytes bytes;
    for (const ReadWrite& write : writes_of(run.score))
        for (const MusicRecord& record : write.records)
            append(bytes, record.bytes);
    CHECK(bytes == run.written.at(0));
    CHECK(bytes.size() >= 500);
    CHECK(compiled(steps).score == run.score);
}

TEST_CASE("power states are Windows' numbers: D0 is 1, S1 is 2") {
    const ScenarioRun run = compiled("  - device: set-power\n    argument: 3\n  - device: sleep\n    argument: 3\n  - "
                                     "device: start\n    elsewhere: true\n");
    const auto steps = steps_of(run.score);
    CHECK(read_pod<mpulab_op_device>(steps[0].arguments, 0).argument == 4);
    CHECK(read_pod<mpulab_op_device>(steps[1].arguments, 0).argument == 4);
    CHECK(read_pod<mpulab_op_device>(steps[2].arguments, 0).argument == MPULAB_DEVICE_ELSEWHERE);
}

TEST_CASE("a device that the steps took away is not removed again, and its handles may fail to close") {
    const ScenarioRun run = compiled("  - open: render\n  - device: surprise-remove\n");
    const auto codes = opcodes(run);
    CHECK(std::count(codes.begin(), codes.end(), uint16_t{MPULAB_OP_REMOVE_DEVICE}) == 0);
    CHECK(run.may_fail == std::set<uint64_t>{4, 5, 6});
}

TEST_CASE("a device request that pends is a job of the score, at a time that the run's seed draws") {
    const std::string steps =
        "  - device: set-power\n    argument: 3\n    pend: d3\n    after: 1ms\n    spread: 100us\n"
        "  - device: set-power\n    pend: d0\n    expect: any\n  - wait-device: d3\n"
        "  - device: wake\n    pend: d3\n    after: 450ns\n";
    const ScenarioRun run = compiled(steps);
    const auto all = steps_of(run.score);
    CHECK(opcodes(run) == std::vector<uint16_t>{MPULAB_OP_BEGIN_DEVICE, MPULAB_OP_BEGIN_DEVICE, MPULAB_OP_WAIT_DEVICE,
                                                MPULAB_OP_BEGIN_DEVICE, MPULAB_OP_WAIT_DEVICE, MPULAB_OP_WAIT_DEVICE,
                                                MPULAB_OP_DELAY, MPULAB_OP_REMOVE_DEVICE});
    const auto first = read_pod<mpulab_op_begin_device>(all[0].arguments, 0);
    CHECK((first.request == MPULAB_DEVICE_SET_POWER && first.argument == 4 && first.job == 0));
    CHECK((first.later_ns >= 1'000'000 && first.later_ns <= 1'100'000 && first.later_ns % 100 == 0));
    CHECK(read_pod<mpulab_op_begin_device>(all[1].arguments, 0).job == 1);
    const auto third = read_pod<mpulab_op_begin_device>(all[3].arguments, 0);
    CHECK((third.job == 0 && third.later_ns == 400)); // the job is free again
    CHECK(run.may_fail == std::set<uint64_t>{2});
    CHECK(compiled(steps).score == run.score);
    CHECK(compiled(steps, "seed: 5\n").score != run.score);
}

TEST_CASE("a card that is pulled out beside the steps may fail what comes after, one put back only when waited for") {
    CHECK(compiled("  - open: render\n  - device: surprise-remove\n    pend: gone\n").may_fail ==
          std::set<uint64_t>{5, 6, 7}); // its own end comes first, and may not
    const std::string back = "  - device: surprise-remove\n  - device: add\n    pend: back\n";
    CHECK(!compiled(back).may_fail.empty());
    CHECK(compiled(back + "  - wait-device: back\n").may_fail.empty());
}

TEST_CASE("a wait for an event counts from the begin of the step before it") {
    const ScenarioRun run =
        compiled("  - open: render\n  - write: 90\n  - wait-event: WIRE_OUT\n    a: 0x90\n    nth: 3\n"
                 "    within: 7ms\n  - wait-event: IRQ\n    expect: STATUS_TIMEOUT\n");
    const auto all = steps_of(run.score);
    REQUIRE(all.size() > 7);
    CHECK(all[2].opcode == MPULAB_OP_WATCH_EVENT);
    CHECK(all[3].opcode == MPULAB_OP_WRITE);
    CHECK(all[4].opcode == MPULAB_OP_WAIT_EVENT);
    CHECK(all[5].opcode == MPULAB_OP_WATCH_EVENT);
    CHECK(all[6].opcode == MPULAB_OP_WAIT_EVENT);
    const auto watch = read_pod<mpulab_op_watch_event>(all[2].arguments, 0);
    CHECK((watch.kind == MPULAB_KIND_WIRE_OUT && watch.unit == 0 && watch.a == 0x90 && watch.b == MPULAB_EVENT_ANY));
    CHECK(read_pod<uint64_t>(all[4].arguments, 0) == 3);
    CHECK(all[4].timeout_ms == 7);
    CHECK(read_pod<uint64_t>(all[6].arguments, 0) == 1);
    CHECK(run.steps.at(3) == "wait-event (a.yaml:5)");
    CHECK(run.expected.at(7).status == 0x102);
    CHECK(opcodes(compiled("  - wait-event: IRQ\n"))[0] == MPULAB_OP_WATCH_EVENT); // with no step before it
    CHECK_THROWS_WITH(compiled("  - wait: 1ms\n  - wait-event: IRQ\n", "", false),
                      ContainsSubstring("a.yaml:4: the package has no card whose IRQ could be waited for"));
}

TEST_CASE("device 0 of a file is the package's first, wherever the machine has it") {
    std::vector<Complaint> complaints;
    const auto scenarios = parse_scenarios(
        "scenario: x\nsteps:\n  - device: query-stop\nchecks:\n  - nothing-lost: true\n", "a.yaml", {}, complaints);
    SongTargets targets = both_pins();
    targets.render->unit = targets.capture->unit = 1;
    const auto steps = steps_of(compile_scenario(scenarios.at(0), targets, false).score);
    REQUIRE(steps.size() == 2);
    CHECK(read_pod<uint32_t>(steps[0].arguments, 0) == 1);
    CHECK(read_pod<uint32_t>(steps[1].arguments, 0) == 1);
}

TEST_CASE("each card has its own filters, cues and bytes, and is removed at the end") {
    const std::string text = R"(scenario: x
cards:
  - irq: 7
  - irq: 5
    iobase: 0x300
cues:
  - inject: 90
    when: time
  - inject: 91 92
    when: time
    unit: 1
steps:
  - open: render
  - open: render
    unit: 1
    as: other
  - write: 93
  - write: 94 95
    to: other
  - open: capture
    unit: 1
  - read: capture
checks:
  - captured-equals: injected
    of: capture
)";
    std::vector<Complaint> complaints;
    const auto scenarios = parse_scenarios(text, "a.yaml", {}, complaints);
    for (const Complaint& complaint : complaints)
        FAIL(complaint.text());
    SongTargets targets = both_pins();
    targets.more = {both_pins()};
    targets.more[0].render->unit = targets.more[0].capture->unit = 1;
    const ScenarioRun run = compile_scenario(scenarios.at(0), targets, true);
    CHECK(run.written.at(0) == Bytes{0x93});
    CHECK(run.written.at(1) == Bytes{0x94, 0x95});
    CHECK(run.injected.at(0) == Bytes{0x90});
    CHECK(run.injected.at(1) == Bytes{0x91, 0x92});
    REQUIRE(run.cues.size() == 2);
    CHECK(read_pod<mpulab_cues_header>(run.cues.at(1), 0).cue_count == 1);
    CHECK(run.read_pins.at("capture").unit == 1);
    CHECK(run.read_pins.at("capture").steps.size() == 1);
    const auto codes = opcodes(run);
    CHECK(std::count(codes.begin(), codes.end(), uint16_t{MPULAB_OP_OPEN_FILTER}) == 2);
    CHECK(std::count(codes.begin(), codes.end(), uint16_t{MPULAB_OP_REMOVE_DEVICE}) == 2);
}

TEST_CASE("cues carry their bytes, and what they inject is known in order") {
    const ScenarioRun run = compiled(
        "  - marker: 1\n", "cues:\n"
                           "  - inject: 90 3c\n    when: marker\n    argument: 1\n    firings: 2\n    every: 1\n"
                           "  - delay-irq: 3\n    time: 2ms\n    when: irq\n    first: 5\n"
                           "  - hold-drr: 60ms\n    value: 1\n    when: time\n    delay: 1s\n");
    CHECK(run.injected.at(0) == Bytes{0x90, 0x3c, 0x90, 0x3c});
    const auto header = read_pod<mpulab_cues_header>(run.cues.at(0), 0);
    REQUIRE(header.cue_count == 3);
    const auto cue = [&run](size_t i) {
        return read_pod<mpulab_cue>(run.cues.at(0), sizeof(mpulab_cues_header) + i * sizeof(mpulab_cue));
    };
    CHECK(cue(0).action == MPULAB_ACTION_INJECT);
    CHECK(cue(0).count == 2);
    CHECK(cue(0).firings == 2);
    CHECK(run.cues.at(0)[cue(0).value] == 0x90);
    CHECK(cue(1).count == 3);
    CHECK(cue(1).time_ns == 2'000'000);
    CHECK(cue(1).first == 5);
    CHECK(cue(2).time_ns == 60'000'000);
    CHECK(cue(2).value == 1);
    CHECK(cue(2).delay_ns == 1'000'000'000);
}

TEST_CASE("a driver without a pin of a direction is an error that names the step") {
    std::vector<Complaint> complaints;
    const auto scenarios = parse_scenarios("scenario: x\nsteps:\n  - open: capture\nchecks:\n  - nothing-lost: true\n",
                                           "a.yaml", {}, complaints);
    SongTargets targets = both_pins();
    targets.capture.reset();
    CHECK_THROWS_WITH(compile_scenario(scenarios.at(0), targets, true),
                      ContainsSubstring("a.yaml:3: the driver has no capture pin for MIDI"));
}

TEST_CASE("each verb of the format makes steps that the agent takes") {
    const std::string all =
        "  - open: render\n  - open: capture\n  - open-device: \\Device\\Beep\n    as: dev\n"
        "  - state: pause\n    of: capture\n  - state: run\n  - read: capture\n  - marker: 2\n  - snapshot: 3\n"
        "  - write: 90 3c 40\n  - generate: sysex\n    bytes: 50\n  - play: " MPULAB_SOURCE_DIR
        "/tests/data/songs/corners.mid\n  - wait-writes: render\n"
        "  - wait-captured: 1\n    expect: any\n  - stop-reading: capture\n  - wait: 5ms\n"
        "  - wait-event: WIRE_OUT\n    a: 0x90\n    nth: 2\n  - device: query-stop\n    pend: q\n  - wait-device: q\n"
        "  - ioctl: 0x222003\n    to: dev\n    input: 01 02\n    output: 16\n    fill: ff\n    pend: true\n"
        "  - wait-ioctls: dev\n  - cancel: dev\n  - close: dev\n  - device: query-remove\n    expect: any\n"
        "  - remove: 1\n    expect: any\n";
    for (const Verb& verb : step_verbs())
        CHECK_THAT(all, ContainsSubstring("- " + verb.name + ":"));
    const ScenarioRun run = compiled(all);
    const agent::ScoreFault fault = agent::check_score(run.score.data(), run.score.size());
    INFO("step " << fault.step << ": " << (fault.reason == nullptr ? "" : fault.reason));
    CHECK(fault.reason == nullptr);
}
