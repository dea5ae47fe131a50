// SPDX-License-Identifier: MIT
// Included files: what of them counts, in which order, and what is wrong with them told at its place.
#include "scenario/scenario.hpp"

#include "harness/support/temp_dir.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr const char* kOwn = R"(scenario: a note comes in
include: [pins.yaml]
tags: [own]
parameters:
  depth: 7
cues:
  - inject: 90 3c 40
    when: marker
    argument: 1
steps:
  - marker: 1
checks:
  - nothing-lost: true
)";

constexpr const char* kPins = R"(tags: [shared]
seed: 5
parameters:
  depth: [1, 2]
  size: 16
card:
  rx-fifo: ${depth}
  tx-fifo: ${size}
steps:
  - open: capture
  - state: run
    of: capture
checks:
  - never: OVERRUN
)";

struct Parsed {
    std::vector<Scenario> scenarios;
    std::vector<std::string> complaints;
};

Parsed parse(TempDir& dir, const std::string& text) {
    Parsed parsed;
    std::vector<Complaint> complaints;
    parsed.scenarios = read_scenarios(dir.file("own.yaml", text), {}, complaints);
    for (const Complaint& complaint : complaints)
        parsed.complaints.push_back(complaint.text());
    return parsed;
}

std::string replaced(std::string text, const std::string& line, const std::string& other) {
    const size_t at = text.find(line);
    if (at == std::string::npos) throw std::logic_error("no such line: " + line);
    return text.replace(at, line.size(), other);
}

/// The one complaint about own.yaml when pins.yaml is `pins`; the folder is cut off.
std::string complaint_with(const std::string& pins, const std::string& own = kOwn) {
    TempDir dir;
    dir.file("pins.yaml", pins);
    const Parsed parsed = parse(dir, own);
    REQUIRE(parsed.complaints.size() == 1);
    const std::string folder = (dir / "").string();
    CHECK_THAT(parsed.complaints[0], StartsWith(folder));
    return parsed.complaints[0].substr(folder.size());
}

} // namespace

TEST_CASE("lists of an included file come before the file's own, of all else the file's own counts") {
    TempDir dir;
    dir.file("pins.yaml", kPins);
    const Parsed parsed = parse(dir, kOwn);
    CHECK(parsed.complaints.empty());
    REQUIRE(parsed.scenarios.size() == 1); // depth is the file's own single value
    const Scenario& scenario = parsed.scenarios[0];
    CHECK(scenario.name == "own");
    CHECK(scenario.tags == std::vector<std::string>{"shared", "own"});
    CHECK(scenario.seed == 5);
    CHECK(*scenario.card.find("rx-fifo") == "7");
    CHECK(*scenario.card.find("tx-fifo") == "16");
    REQUIRE(scenario.steps.size() == 3);
    CHECK(scenario.steps[0]["verb"] == "open");
    CHECK(scenario.steps[2]["verb"] == "marker");
    REQUIRE(scenario.checks.size() == 2);
    CHECK(scenario.checks[0]["verb"] == "never");
    CHECK(place_text(scenario.checks[0]) == "pins.yaml:14");
    CHECK(place_text(scenario.checks[1]) == "13");
}

TEST_CASE("steps and checks may both be included, but have to be somewhere") {
    TempDir dir;
    dir.file("pins.yaml", kPins);
    CHECK(parse(dir, "scenario: x\ninclude: [pins.yaml]\nparameters: {depth: 3}\n").complaints.empty());
    CHECK_THAT(complaint_with("tags: [a]\n", "scenario: x\ninclude: [pins.yaml]\nsteps:\n  - marker: 1\n"),
               StartsWith("own.yaml:1:1: checks is missing; expected a list of them, here or in an included file"));
}

TEST_CASE("files are included in order, and those they include before them") {
    TempDir dir;
    dir.file("sub/deep.yaml", "tags: [deep]\ncpus: 2\n");
    dir.file("sub/one.yaml", "include: [deep.yaml]\ntags: [one]\ncpus: 1\n"); // from its own folder
    dir.file("two.yaml", "tags: [two]\n");
    const Parsed parsed = parse(
        dir, replaced(replaced(kOwn, "[pins.yaml]", "[sub/one.yaml, two.yaml]"), "parameters:\n  depth: 7\n", ""));
    CHECK(parsed.complaints.empty());
    REQUIRE(parsed.scenarios.size() == 1);
    CHECK(parsed.scenarios[0].tags == std::vector<std::string>{"deep", "one", "two", "own"});
    CHECK(parsed.scenarios[0].cpus == 1);
}

TEST_CASE("what is wrong in an included file is told with its own name, line and column") {
    CHECK_THAT(complaint_with(replaced(kPins, "- never:", "- nevr:")),
               StartsWith("pins.yaml:14:5: 'nevr' is none of what can stand here (did you mean 'never'?)"));
    CHECK_THAT(complaint_with(replaced(kPins, "of: capture", "of: render")),
               StartsWith("pins.yaml:11:5: nothing named 'render' is open here"));
    CHECK_THAT(complaint_with(replaced(kPins, "- never: OVERRUN", "- never: OVERRUN\n    after-marker: 9")),
               StartsWith("pins.yaml:14:5: after-marker: no step reaches marker 9"));
    CHECK_THAT(complaint_with("cues:\n  - drop-irq: 1\n    when: marker\n    argument: 8\n"),
               StartsWith("pins.yaml:2:5: no step reaches marker 8"));
    CHECK_THAT(complaint_with("tags: a: b\n"), StartsWith("pins.yaml:1:8: no YAML: "));
    CHECK_THAT(complaint_with("- a\n"), StartsWith("pins.yaml:1:1: this is no mapping"));
    CHECK_THAT(complaint_with("scenario: mine\n"), StartsWith("pins.yaml:1:1: 'scenario' is not a key here"));
    CHECK_THAT(complaint_with("known-issue: {reason: a, reference: b}\n"),
               StartsWith("pins.yaml:1:1: 'known-issue' is not a key here"));
}

TEST_CASE("a circle, a file twice, and one that is not there are told where they are named") {
    CHECK_THAT(complaint_with("include: [own.yaml]\n"), StartsWith("pins.yaml:1:11: "));
    CHECK_THAT(complaint_with("include: [own.yaml]\n"),
               ContainsSubstring("own.yaml includes itself, by way of 2 files"));
    CHECK_THAT(complaint_with("include: [./pins.yaml]\n"), ContainsSubstring("pins.yaml includes itself"));
    CHECK_THAT(complaint_with(kPins, replaced(kOwn, "[pins.yaml]", "[pins.yaml, ./pins.yaml]")),
               StartsWith("own.yaml:2:22: "));
    CHECK_THAT(complaint_with(kPins, replaced(kOwn, "[pins.yaml]", "[pins.yaml, ./pins.yaml]")),
               ContainsSubstring("is included a second time; expected each file once"));
    CHECK_THAT(complaint_with(kPins, replaced(kOwn, "pins.yaml", "absent.yaml")),
               StartsWith("own.yaml:2:11: cannot read included file"));
    CHECK_THAT(complaint_with(kPins, replaced(kOwn, "pins.yaml", ".")), ContainsSubstring("not a regular file"));
    CHECK_THAT(complaint_with(kPins, replaced(kOwn, "[pins.yaml]", "pins.yaml")),
               StartsWith("own.yaml:2:10: this is no list"));
}

TEST_CASE("eight levels of includes are read, nine are refused, and so are more than 64 files") {
    TempDir dir;
    for (int i = 1; i <= 9; ++i)
        dir.file("l" + std::to_string(i) + ".yaml", "include: [l" + std::to_string(i + 1) + ".yaml]\n");
    dir.file("l8.yaml", "tags: [last]\n");
    const std::string own = replaced(kOwn, "pins.yaml", "l1.yaml");
    CHECK(parse(dir, replaced(own, "parameters:\n  depth: 7\n", "")).complaints.empty());
    dir.file("l8.yaml", "include: [l9.yaml]\n");
    const Parsed deep = parse(dir, own);
    REQUIRE(deep.complaints.size() == 1);
    CHECK_THAT(deep.complaints[0], ContainsSubstring("l8.yaml:1:11: includes are more than 8 deep"));
    std::string many;
    for (int i = 0; i < 65; ++i) {
        dir.file("m" + std::to_string(i) + ".yaml", "tags: []\n");
        many += (i == 0 ? "" : ", ") + ("m" + std::to_string(i)) + ".yaml";
    }
    CHECK_THAT(parse(dir, replaced(kOwn, "pins.yaml", many)).complaints.at(0),
               ContainsSubstring("more than 64 files are included; expected fewer files"));
}
