// SPDX-License-Identifier: MIT
// Conformance cases as data: README.md beside this file describes the format. Read whole, or refused with file:line,
// what was seen and what was expected.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

enum class Action : uint8_t {
    WriteData,
    WriteCommand,
    Send, // waits for DRR before each byte
    ReadData,
    ReadStatus,
    Run,
    MidiIn, // takes 320 us a byte
    Irq,
    Edges,
    Wire,
    Lost,
    Await,
    Never,
    PowerOn,
    Power,     // the guest puts the card into a D-state
    GivenUart, // resets what Edges, Wire and Lost count from
};

struct WireByte {
    uint8_t byte = 0;
    int64_t start_ns = -1; // -1: at any time
};

struct Step {
    Action action = Action::Run;
    int line = 0;
    uint8_t value = 0; // of a read or write; Irq: level; Power: D-state
    uint8_t mask = 0xff;
    int64_t time_ns = 0;  // Run; Await, Never: from poll to poll
    int64_t limit_ns = 0; // Await, Never
    uint64_t count = 0;   // Edges
    bool rx_fifo = false; // Lost: else the host latch
    std::vector<WireByte> bytes;
};

struct Case {
    std::string section; // of the reference: "2.1"
    std::string sentence;
    int line = 0;
    std::vector<std::pair<std::string, std::string>> properties;
    std::vector<Step> steps;

    std::string name() const { return section + " " + sentence; }
};

struct CaseFileError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// `path` is for messages only.
std::vector<Case> parse_cases(std::string_view text, const std::string& path);
std::vector<Case> read_cases(const std::string& path);

} // namespace conformance
