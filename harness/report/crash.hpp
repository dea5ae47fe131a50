// SPDX-License-Identifier: MIT
// A guest's bugcheck, as the event log tells it, in words.
#pragma once

#include "events/code_place.hpp"
#include "events/event_log.hpp"
#include "report/bugcheck.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mpulab {

struct CrashReport {
    uint64_t code = 0;
    uint64_t parameters[4] = {};
    BugcheckText words;
    std::string caller;                                      // module+offset
    std::string text;                                        // the guest's own last words
    std::vector<CodePlace> frames;                           // innermost first
    std::vector<std::pair<std::string, uint64_t>> registers; // in the order they were reported
    std::vector<Module> modules;
    std::vector<std::string> events;  // the last 200 before it
    std::vector<std::string> symbols; // where symbols came from, or which file was looked for
};

inline constexpr size_t kCrashEvents = 200;

/// Reads the BUGCHECK of a log that has one.
CrashReport read_crash(const EventLog& log);

/// The report for people: `events` of the last events; all of them: the file that a run leaves.
std::string crash_text(const CrashReport& crash, size_t events = kCrashEvents);
nlohmann::ordered_json crash_json(const CrashReport& crash);

} // namespace mpulab
