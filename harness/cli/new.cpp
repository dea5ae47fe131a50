// SPDX-License-Identifier: MIT
// mpulab new: a commented scenario to start from. tests/harness/cli/new_test.cpp reads it, tests/scenarios runs one.
#include "cli/run.hpp"
#include "common/files.hpp"
#include "common/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mpulab {
namespace {

constexpr const char* kTemplate = R"(# Run it:             mpulab run {0}
# All keys:           mpulab run --reference
# Completion:         mpulab run --schema > scenario.schema.json, and name that file in the next line
# yaml-language-server: $schema=scenario.schema.json
scenario: a note goes out as it was written, and one comes in
why: the smallest thing a MIDI driver is for
tags: [smoke]
# A value in a list makes a run for each: ${{fifo}} stands for it below.
parameters:
  fifo: [1, 256]
card:
  tx-fifo: ${{fifo}}          # all properties: mpulab run --reference
cues:                       # what the card does by itself
  - inject: 90 3c 40        # these bytes arrive at MIDI IN
    when: marker
    argument: 1             # when the steps reach marker 1 …
    delay: 5ms              # … and 5 ms of virtual time later
steps:                      # what the client does
  - open: render
  - state: run              # by ACQUIRE and PAUSE, as clients do
  - open: capture
  - state: pause
    of: capture
  - read: capture           # keep reads pending
  - state: run
    of: capture
  - marker: 1
  - write: 90 40 7f 80 40 00
  - wait-writes: render
  - wait-captured: 3        # bytes
    within: 1s
checks:                     # beside: a whole log, each step's status, no rule broken
  - wire-equals: written
  - captured-equals: injected
  - interrupts: claimed
    at-least: 1
  - never: OVERRUN
  - follows: INTERRUPT      # after each byte that becomes readable comes an interrupt
    each: LATCH
    within: 1ms
    after-marker: 1
)";

} // namespace

ExitCode new_scenario(const std::string& name, bool json) {
    const std::filesystem::path path = name.ends_with(".yaml") ? name : name + ".yaml";
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored))
        throw Error(fmt::format("{} exists", path.string()), "take another name", ExitCode::Usage);
    if (path.has_parent_path()) create_folders(path.parent_path());
    write_file(path, fmt::format(kTemplate, path.string()));
    if (json) {
        fmt::print("{}\n", json_text(nlohmann::ordered_json{{"file", path.string()}}));
    } else {
        fmt::print("{}\nnext: mpulab run {}\n", path.string(), path.string());
    }
    return ExitCode::Passed;
}

} // namespace mpulab
