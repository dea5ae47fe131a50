// SPDX-License-Identifier: MIT
// Scenario files, right and wrong: what is wrong is told all at once, each with line, column and what was expected.
#include "scenario/scenario.hpp"

#include "harness/support/temp_dir.hpp"
#include "scenario/format.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr const char* kGood = R"(scenario: a note goes out
tags: [smoke]
steps:
  - open: render
  - state: run
  - write: 90 3c 40
checks:
  - wire-equals: written
)";

struct Parsed {
    std::vector<Scenario> scenarios;
    std::vector<std::string> complaints;
};

Parsed parse(const std::string& text, const Parameters& given = {}) {
    Parsed parsed;
    std::vector<Complaint> complaints;
    parsed.scenarios = parse_scenarios(text, "a.yaml", given, complaints);
    for (const Complaint& complaint : complaints)
        parsed.complaints.push_back(complaint.text());
    return parsed;
}

/// kGood with a line in place of another, or without it.
std::string with(const std::string& line, const std::string& other) {
    std::string text = kGood;
    const size_t at = text.find(line);
    if (at == std::string::npos) throw std::logic_error("no such line: " + line);
    return text.replace(at, line.size(), other);
}

/// The one complaint about a text.
std::string complaint_of(const std::string& text) {
    const Parsed parsed = parse(text);
    INFO(text);
    REQUIRE(parsed.complaints.size() == 1);
    return parsed.complaints[0];
}

} // namespace

TEST_CASE("a sound scenario is read whole and nothing is complained of") {
    const Parsed parsed = parse(kGood);
    CHECK(parsed.complaints.empty());
    REQUIRE(parsed.scenarios.size() == 1);
    const Scenario& scenario = parsed.scenarios[0];
    CHECK(scenario.name == "a");
    CHECK(scenario.title == "a note goes out");
    CHECK(scenario.tags == std::vector<std::string>{"smoke"});
    CHECK(scenario.steps.size() == 3);
    CHECK(scenario.steps[2]["write"] == "903c40");
    CHECK(scenario.steps[2][kPlaceKey] == nlohmann::json::array({6, 5}));
}

TEST_CASE("lists of lists that name each other nine times over are refused, and not written out") {
    std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char one = 'b'; one != 'o'; ++one) { // 9^14 items, were they all looked at
        std::string nine;
        for (int i = 0; i < 9; ++i)
            nine += std::string(i == 0 ? "" : ", ") + "*" + static_cast<char>(one - 1);
        text += std::string(1, one) + ": &" + one + " [" + nine + "]\n";
    }
    const Parsed parsed = parse(text + "steps: *n\nchecks: *n\n");
    CHECK(parsed.scenarios.empty());
    CHECK_FALSE(parsed.complaints.empty());
    CHECK(parsed.complaints.size() < 40);
}

TEST_CASE("three mistakes are three complaints, each with its line and column") {
    const Parsed parsed = parse(R"(scenario: wrong
steps:
  - wirte: 90
  - state: running
checks:
  - wire-equals: written
    unti: 1
)");
    REQUIRE(parsed.complaints.size() == 3);
    CHECK_THAT(
        parsed.complaints[0],
        StartsWith(
            "a.yaml:3:5: 'wirte' is none of what can stand here (did you mean 'write'?); expected one of open,"));
    CHECK_THAT(parsed.complaints[1], StartsWith("a.yaml:4:12: 'running' does not fit; expected one of stop,"));
    CHECK_THAT(parsed.complaints[2],
               StartsWith("a.yaml:7:5: 'unti' is not a key of 'wire-equals' (did you mean 'unit'?); expected one of"));
    CHECK(parsed.scenarios.empty());
}

TEST_CASE("what is no YAML is told with its place") {
    CHECK_THAT(complaint_of("scenario: a: b\n"), StartsWith("a.yaml:1:12: no YAML: "));
    CHECK_THAT(complaint_of(""), ContainsSubstring("there is nothing here"));
    CHECK_THAT(complaint_of("- a\n"), ContainsSubstring("this is no mapping"));
}

TEST_CASE("keys that are missing, twice, or of nobody are named") {
    CHECK_THAT(complaint_of(with("scenario: a note goes out\n", "")), ContainsSubstring("scenario is missing"));
    CHECK_THAT(complaint_of(with("tags: [smoke]", "tags: [a]\ntags: [b]")),
               ContainsSubstring("'tags' stands here twice"));
    CHECK_THAT(complaint_of(with("tags: [smoke]", "tagz: [a]")), ContainsSubstring("'tagz' is not a key here"));
    CHECK_THAT(complaint_of(with("tags: [smoke]", "card: {irq: 99}")),
               ContainsSubstring("'99' does not fit; expected a number from 3 to 15"));
    CHECK_THAT(complaint_of(with("tags: [smoke]", "card: {tx-fifo: 0}")),
               ContainsSubstring("a number from 1 to 65536"));
    CHECK_THAT(complaint_of(with("  - state: run\n", "  - wait: 5\n")), ContainsSubstring("expected a time"));
    CHECK_THAT(complaint_of(with("checks:\n  - wire-equals: written\n", "checks: []\n")),
               ContainsSubstring("0 entries stand here"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - write:\n")), ContainsSubstring("there is no value"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - write: [90]\n")),
               ContainsSubstring("a list or mapping stands here"));
}

TEST_CASE("handles are opened before they are used, once, and as what they are") {
    CHECK_THAT(complaint_of(
                   with("  - open: render\n", "  - open: render\n    as: other\n  - open: render\n  - open: render\n")),
               ContainsSubstring("a.yaml:7:5: 'render' is open already"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - write: 90\n    to: nobody\n")),
               ContainsSubstring("nothing named 'nobody' is open here"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - open: capture\n  - write: 90\n    to: capture\n")),
               ContainsSubstring("'capture' is of another kind; expected a render pin"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - open: capture\n  - wait-captured: 3\n")),
               ContainsSubstring("nobody reads from that pin"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - close: render\n  - write: 90\n")),
               ContainsSubstring("nothing named 'render' is open here"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - open: capture\n    of: render\n    pin: 0\n")),
               ContainsSubstring("'render' is of another kind; expected a device"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - open: capture\n    of: port\n    pin: 0\n")),
               ContainsSubstring("nothing named 'port' is open here"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n",
                                 "  - open-device: port\n    as: port\n  - open: capture\n    of: port\n")),
               ContainsSubstring("which pin of it is not said"));
}

TEST_CASE("a filter has neither a pin nor a filter, is no pin, and is of a card there is") {
    const auto told = [](const std::string& steps) { return complaint_of(with("  - write: 90 3c 40\n", steps)); };
    CHECK_THAT(told("  - open: filter\n    pin: 1\n"), ContainsSubstring("a filter has no pin"));
    CHECK_THAT(told("  - open: filter\n    of: render\n"), ContainsSubstring("a filter has no of"));
    CHECK_THAT(told("  - open: filter\n    unit: 1\n"), ContainsSubstring("there is no card 1"));
    CHECK_THAT(told("  - open: filter\n  - write: 90\n    to: filter\n"),
               ContainsSubstring("'filter' is of another kind"));
}

TEST_CASE("seventeen handles are more than a score has room for") {
    std::string steps;
    for (int i = 0; i < 16; ++i)
        steps += "  - open: render\n    as: pin" + std::to_string(i) + "\n";
    CHECK_THAT(parse(with("  - write: 90 3c 40\n", steps)).complaints.at(0), ContainsSubstring("more than 16 handles"));
}

TEST_CASE("device requests that pend have names of their own, are waited for by them, and are four at once") {
    const auto told = [](const std::string& steps) { return complaint_of(with("  - write: 90 3c 40\n", steps)); };
    const std::string begun = "  - device: query-stop\n    pend: q\n";
    CHECK_THAT(told(begun + begun), ContainsSubstring("a.yaml:8:5: 'q' is under way already; expected another name"));
    CHECK_THAT(told(begun + "  - wait-device: r\n"),
               ContainsSubstring("no device request named 'r' is under way here"));
    CHECK_THAT(told(begun + "  - wait-device: q\n  - wait-device: q\n"),
               ContainsSubstring("no device request named 'q'"));
    CHECK_THAT(told("  - device: query-stop\n    after: 1ms\n"), ContainsSubstring("after stands without pend"));
    CHECK_THAT(told("  - device: query-stop\n    spread: 1ms\n"), ContainsSubstring("spread stands without pend"));
    CHECK_THAT(told("  - device: query-stop\n    pend: q\n    after: 2h\n"), ContainsSubstring("0 to 1h"));
    std::string many;
    for (int i = 0; i < 5; ++i)
        many += "  - device: query-stop\n    pend: q" + std::to_string(i) + "\n";
    CHECK_THAT(told(many), ContainsSubstring("more than 4 device requests are under way at once"));
}

TEST_CASE("an event that is waited for is one of a card's, of a card there is") {
    const auto told = [](const std::string& steps) { return complaint_of(with("  - write: 90 3c 40\n", steps)); };
    CHECK_THAT(told("  - wait-event: WIRE_OUTT\n"), ContainsSubstring("WIRE_OUT"));
    CHECK_THAT(told("  - wait-event: TEXT\n"), ContainsSubstring("'TEXT'"));
    CHECK_THAT(told("  - wait-event: IRQ\n    unit: 1\n"), ContainsSubstring("there is no card 1"));
    CHECK_THAT(told("  - wait-event: IRQ\n    nth: 0\n"), ContainsSubstring("'0' does not fit"));
}

TEST_CASE(
    "a status that nobody knows, a D-state that is none, a file that is not there are told before anything boots") {
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - wait-writes: render\n    expect: STATUS_NO_SUCH\n")),
               ContainsSubstring("'STATUS_NO_SUCH' is no status"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - device: set-power\n    argument: 4\n")),
               ContainsSubstring("there is no such D-state"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - device: sleep\n")),
               ContainsSubstring("there is no such S-state"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - play: absent.mid\n")), ContainsSubstring("absent.mid"));
}

TEST_CASE("cues that cannot fire or take what they have not are told") {
    const auto cue = [](const std::string& lines) { return complaint_of(with("tags: [smoke]", "cues:\n" + lines)); };
    CHECK_THAT(cue("  - inject: 90\n    when: marker\n    argument: 7\n"),
               ContainsSubstring("no step reaches marker 7"));
    CHECK_THAT(cue("  - inject: 90\n    when: marker\n"), ContainsSubstring("argument is missing"));
    CHECK_THAT(cue("  - drop-irq: 1\n    when: irq\n    argument: 1\n"),
               ContainsSubstring("when: irq takes no argument"));
    CHECK_THAT(cue("  - drop-irq: 1\n    when: read\n    argument: 2\n"), ContainsSubstring("argument 2 does not fit"));
    CHECK_THAT(cue("  - drop-irq: 1\n    when: time\n    firings: 3\n"), ContainsSubstring("period is missing"));
    CHECK_THAT(cue("  - drop-irq: 1\n    when: irq\n    every: 3\n"), ContainsSubstring("it fires once"));
    CHECK_THAT(cue("  - delay-irq: 1\n    when: irq\n"), ContainsSubstring("time is missing"));
    CHECK_THAT(cue("  - add-irq: false\n    when: irq\n"), ContainsSubstring("an action that is not wanted"));
    CHECK_THAT(cue("  - drop-irq: 0\n    when: irq\n"), ContainsSubstring("'0' does not fit"));
}

TEST_CASE("cards that cannot be in one machine, units and pins that are not there are told") {
    const auto cards = [](const std::string& lines, const std::string& more = "") {
        return complaint_of(with("tags: [smoke]", lines) + more);
    };
    const std::string two = "cards:\n  - iobase: 0x330\n  - iobase: 0x300\n    irq: 5";
    CHECK(parse(with("tags: [smoke]", two)).complaints.empty());
    CHECK_THAT(cards("cards:\n  - irq: 5\n  - irq: 7\n"), ContainsSubstring("two cards have iobase 816"));
    CHECK_THAT(cards("cards:\n  - iobase: 0x300\n  - rx-fifo: 3\n"),
               ContainsSubstring("a.yaml:4:5: two cards have irq 7; expected an irq of its own"));
    CHECK_THAT(cards("cards:\n  - device: pci-mpu401\n  - irq: 7\n"), ContainsSubstring("of different devices"));
    CHECK_THAT(cards(two + "\ncard: {irq: 3}"), ContainsSubstring("card stands beside cards"));
    CHECK_THAT(cards("cards: []"), ContainsSubstring("0 entries stand here; expected a list of 1 to 4 entries"));
    CHECK(parse(with("tags: [smoke]", "cards:\n  - device: pci-mpu401\n  - device: pci-mpu401")).complaints.empty());
    CHECK_THAT(parse(with("  - open: render\n", "  - open: render\n    unit: 1\n")).complaints.at(0),
               ContainsSubstring("a.yaml:4:5: there is no card 1; expected a unit of one of cards:"));
    CHECK_THAT(cards("cues:\n  - inject: 90\n    when: time\n    unit: 1"), ContainsSubstring("there is no card 1"));
    CHECK_THAT(cards("tags: [x]", "  - captured-equals: nothing\n    of: capture\n"),
               ContainsSubstring("no step reads from 'capture'"));
    CHECK_THAT(cards(two, "  - captured-equals: nothing\n"),
               ContainsSubstring("there are several cards; expected of: and the name of a pin"));
}

TEST_CASE("checks that nothing can meet are told") {
    const auto check = [](const std::string& lines) { return complaint_of(with("  - wire-equals: written\n", lines)); };
    CHECK_THAT(check("  - never: OVERRUN\n    after-marker: 3\n"),
               ContainsSubstring("after-marker: no step reaches marker 3"));
    CHECK_THAT(check("  - count: OVERRUN\n    exactly: 1\n    at-most: 2\n"),
               ContainsSubstring("exactly stands beside"));
    CHECK_THAT(check("  - count: OVERRUN\n    at-least: 3\n    at-most: 2\n"),
               ContainsSubstring("at-least is more than at-most"));
    CHECK_THAT(check("  - nothing-lost: false\n"), ContainsSubstring("a check that is not wanted"));
    CHECK_THAT(check("  - never: OVERRUN\n    between: IRQ\n"), ContainsSubstring("between stands without and"));
    CHECK_THAT(check("  - never: OVERRUN\n    and: IRQ\n"), ContainsSubstring("and stands without between"));
    CHECK_THAT(check("  - never: OVERRUN\n    between-a: 1\n"), ContainsSubstring("between-a stands without between"));
    CHECK_THAT(check("  - never: CALL_ENTER\n    a: STATUS_SUCCESS\n"),
               ContainsSubstring("'STATUS_SUCCESS' does not fit"));
    CHECK_THAT(check("  - never: CALL_ENTER\n    a: InteruptRoutine\n"),
               ContainsSubstring("did you mean 'InterruptRoutine'?"));
    CHECK_THAT(check("  - never: WIRE_OUT\n    a: InterruptRoutine\n"),
               ContainsSubstring("a: no WIRE_OUT has 'InterruptRoutine' there; expected a number"));
    CHECK_THAT(check("  - follows: WIRE_OUT\n    each: OVERRUN\n    each-a: read while empty\n    within: 1ms\n"),
               ContainsSubstring("each-a: no OVERRUN has 'read while empty' there; expected a number, or one of host "
                                 "latch, RX FIFO"));
    CHECK_THAT(check("  - interrupts: claimed\n    storm: 3\n"), ContainsSubstring("storm stands without within"));
    CHECK_THAT(check("  - interrupts: claimed\n    within: 3ms\n"), ContainsSubstring("within stands without storm"));
    CHECK_THAT(check("  - interrupts: claimed\n    bytes-least: 3\n    bytes-most: 2\n"),
               ContainsSubstring("bytes-least is more than bytes-most"));
    CHECK_THAT(check("  - callback: Write\n    irql-least: 3\n    irql-most: 2\n"),
               ContainsSubstring("irql-least is more than irql-most"));
    CHECK_THAT(check("  - callback: Wirte\n"),
               ContainsSubstring("'Wirte' does not fit (did you mean 'Write'?); expected one of DriverEntry,"));
    CHECK_THAT(check("  - registers: never-fail\n"), ContainsSubstring("expected one of never-read-empty,"));
    CHECK_THAT(check("  - fifo: up\n"), ContainsSubstring("expected one of rx or tx"));
    CHECK_THAT(check("  - interrupts: over-seeds\n    latency-max: 1us\n"),
               ContainsSubstring("a check over seeds, and the scenario has one; expected seeds: 2 or more"));
    CHECK_THAT(check("  - interrupts: over-seeds\n    storm: 3\n    within: 1ms\nseeds: 2\n"),
               ContainsSubstring("a storm is one run's"));
    CHECK_THAT(check("  - never: NO_SUCH_KIND\n"), ContainsSubstring("'NO_SUCH_KIND' does not fit"));
}

TEST_CASE("a parameter with several values makes a run of each combination, named by what varies") {
    const Parsed parsed = parse(
        with("tags: [smoke]",
             "parameters:\n  fifo: [1, 16]\n  note: 3c\n  cpus: [1, 2]\ncpus: ${cpus}\ncard:\n  tx-fifo: ${fifo}"));
    CHECK(parsed.complaints.empty());
    REQUIRE(parsed.scenarios.size() == 4);
    CHECK(parsed.scenarios[0].name == "a[fifo=1,cpus=1]");
    CHECK(parsed.scenarios[3].name == "a[fifo=16,cpus=2]");
    CHECK(parsed.scenarios[3].cpus == 2);
    CHECK(*parsed.scenarios[3].card.find("tx-fifo") == "16");
}

TEST_CASE("a parameter from outside takes the place of the file's values") {
    const Parsed parsed =
        parse(with("tags: [smoke]", "parameters:\n  fifo: [1, 16]\ncard:\n  tx-fifo: ${fifo}"), {{"fifo", "7"}});
    REQUIRE(parsed.scenarios.size() == 1);
    CHECK(*parsed.scenarios[0].card.find("tx-fifo") == "7");
}

TEST_CASE("parameters that are unknown, malformed or too many are told, what several combinations share once") {
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - write: ${note}\n")),
               ContainsSubstring("there is no parameter 'note'"));
    CHECK_THAT(complaint_of(with("  - write: 90 3c 40\n", "  - write: ${note\n")),
               ContainsSubstring("there is no parameter"));
    CHECK_THAT(complaint_of(with("tags: [smoke]", "parameters:\n  Fifo: 1")), ContainsSubstring("'Fifo' is no name"));
    std::string many = "parameters:\n";
    for (const char name : {'a', 'b', 'c', 'd'})
        many += std::string("  ") + name + ": [1, 2, 3, 4, 5, 6, 7, 8]\n";
    CHECK_THAT(complaint_of(with("tags: [smoke]\n", many)), ContainsSubstring("more than 1000 combinations"));
    const Parsed twice = parse(with("  - write: 90 3c 40\n", "  - write: zz\n") + "parameters:\n  x: [1, 2]\n");
    CHECK(twice.complaints.size() == 1);
}

TEST_CASE("what a parameter brings in is not looked at again") {
    const Parsed parsed = parse(with("tags: [smoke]", "parameters:\n  x: ${x}\nwhy: ${x}"));
    CHECK(parsed.complaints.empty());
    CHECK(parsed.scenarios.at(0).why == "${x}");
}

TEST_CASE("a step about a pin that is not there and a check that cannot be are told together") {
    const std::string text = "scenario: x\nsteps:\n  - close: nosuch\n  - marker: 1\nchecks:\n  - interrupts: claimed\n"
                             "    storm: 1\n";
    std::vector<Complaint> complaints;
    parse_scenarios(text, "a.yaml", {}, complaints);
    REQUIRE(complaints.size() == 2);
    CHECK(complaints[0].line == 6);
    CHECK(complaints[1].line == 3);
}

TEST_CASE("two documents in a file are refused at the second") {
    std::vector<Complaint> complaints;
    parse_scenarios("scenario: x\nsteps:\n  - marker: 1\nchecks:\n  - count: MARKER\n---\nmore: 1\n", "a.yaml", {},
                    complaints);
    REQUIRE(complaints.size() == 1);
    CHECK(complaints[0].line == 7);
    CHECK(complaints[0].what == "2 documents in one file");
}

TEST_CASE("a file that is missing or larger than a scenario is named") {
    TempDir dir;
    std::vector<Complaint> complaints;
    CHECK(read_scenarios(dir / "absent.yaml", {}, complaints).empty());
    read_scenarios(dir.file("big.yaml", std::string(kMaxScenarioBytes + 1, '#')), {}, complaints);
    REQUIRE(complaints.size() == 2);
    CHECK_THAT(complaints[0].text(), ContainsSubstring("absent.yaml"));
    CHECK_THAT(complaints[1].text(), ContainsSubstring("big.yaml"));
}
