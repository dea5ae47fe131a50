// SPDX-License-Identifier: MIT
// The result document of one run (report/result.schema.json) and its short form for people.
#pragma once

#include "checks/counters.hpp"
#include "checks/interrupts.hpp"
#include "checks/rule_states.hpp"
#include "report/verdict.hpp"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace mpulab {

inline constexpr int kResultVersion = 1;

/// The package a run is about, for people.
struct PackageFacts {
    std::string name;        // "mpu.inf", "driver.sys"
    std::string inf;         // path; empty: a bare image
    std::string driver;      // path
    std::string hardware_id; // what it was found by; empty for a bare image
    std::string version;     // DriverVer
    bool hardware = true;    // false: root-enumerated
    std::vector<std::string> notes;
};

/// Where Windows is undocumented: an answer the run depended on.
struct ChoiceFacts {
    struct Alternative {
        std::string text;    // "3 bytes"
        std::string verdict; // empty: not run
        std::string reason;
    };
    uint32_t number = 0;
    std::string name;
    std::string what; // is undocumented
    size_t taken = 0; // index
    bool forced = false;
    std::vector<Alternative> alternatives;
};

/// What `mpulab play` played.
struct SongFacts {
    std::filesystem::path path;
    unsigned format = 0;
    uint64_t events = 0;
    uint64_t bytes = 0;
    uint64_t length_ns = 0;
};

/// What `mpulab run` ran.
struct ScenarioFacts {
    std::filesystem::path path;
    std::string name;  // with its parameters
    std::string title; // what must hold
    std::vector<std::string> tags;
    std::map<std::string, std::string> parameters;
    std::string known_issue; // reason and reference; empty: none
};

struct RunFacts {
    std::string id;
    std::optional<SongFacts> song;         // either this
    std::optional<ScenarioFacts> scenario; // or this
    uint64_t seed = 0;
    PackageFacts package;
    std::string windows; // the profile's version, "10.0.19045"
    std::vector<ChoiceFacts> choices;
    std::vector<std::string> image_remarks;          // of the guest's loader, about the driver's image
    std::vector<std::string> command;                // the mpulab command line
    std::map<std::string, std::string> input_sha256; // "driver" → hash
    std::vector<std::map<std::string, std::string>> cards;
    std::filesystem::path folder;
    std::map<std::string, std::string> artefacts; // "event_log" → file name in `folder`
    std::string event_log_sha256;                 // empty: no log was begun
    uint64_t records = 0;
    uint64_t virtual_ns = 0; // time of the last record
    double start_seconds = 0;
    double run_seconds = 0;
    uint64_t guest_errors = 0; // GUEST_ERROR records
    InterruptStatistics interrupts;
    std::string verifier = "all";            // as parse_verifier() takes it
    std::vector<RuleState> rules;            // empty: nothing was run
    std::vector<RuleFinding> findings;       // in the log's order
    std::optional<mpulab_counters> counters; // the driver's own; empty: it has none
};

/// A check as the result has it, and for people.
nlohmann::ordered_json check_json(const CheckResult& check);
std::string check_text(const CheckResult& check);
/// Interrupts of a run, or of many together, as the result has them.
nlohmann::ordered_json interrupts_json(const InterruptStatistics& numbers);
/// Latency, duration, accesses and charged time of the routine for people, a line each; empty: it never ran.
std::string interrupts_text(const InterruptStatistics& numbers);

nlohmann::ordered_json result_document(const RunFacts& facts, const Judgement& judgement);
/// The document as it is written and printed: valid UTF-8, whatever bytes a guest's text or a path has.
std::string result_text(const nlohmann::ordered_json& document);

/// What `play` prints: verdict first, then the failing checks with their records, the hash line, the paths.
std::string summary_text(const RunFacts& facts, const Judgement& judgement);

} // namespace mpulab
