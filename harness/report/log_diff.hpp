// SPDX-License-Identifier: MIT
// Two event logs, from "byte for byte" to "the same bytes on the cable": where they part for the first time.
#pragma once

#include "events/event_log.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mpulab {

/// One way of looking at both logs.
struct LogView {
    std::string name; // "records", "register trace"
    std::string what; // it compares
    size_t a = 0;     // elements of the first log's view
    size_t b = 0;
    struct Difference {
        size_t element = 0;         // number of the first that differs, or where the shorter one ends
        std::optional<size_t> a, b; // its records; empty: there are no more
    };
    std::optional<Difference> difference; // empty: the same
};

/// Byte for byte.
LogView compare_records(const EventLog& a, const EventLog& b);

/// Strictest first: records; records without times and addresses (what two builds of a driver can have in common);
/// register trace; MIDI OUT; MIDI IN that clients got.
std::vector<LogView> compare_logs(const EventLog& a, const EventLog& b);

/// Kinds whose numbers of records differ: "REG_READ 120 / 118".
std::vector<std::string> compare_counts(const EventLog& a, const EventLog& b);

} // namespace mpulab
