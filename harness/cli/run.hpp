// SPDX-License-Identifier: MIT
// mpulab run: scenarios, each in a machine of its own, and one report.
#pragma once

#include "cli/guest.hpp"
#include "cli/run_queue.hpp"
#include "common/error.hpp"

#include <optional>

namespace mpulab {

/// One of several machines that share the scenarios among them.
struct Shard {
    size_t number = 1; // from 1
    size_t count = 1;
};

struct RunOptions {
    std::vector<std::filesystem::path> what; // files, and folders of *.yaml
    std::vector<std::string> tags;           // only scenarios with one of these
    std::vector<std::string> names;          // only those whose name has one of these in it
    std::vector<std::string> parameters;     // "depth=16": in place of the file's values
    PackageChoice package;                   // of scenarios that name none
    std::string profile;                     // of scenarios that name none
    std::string verifier = "all";            // rules that are on, of scenarios that do not say it
    std::optional<uint64_t> seed;            // in place of the scenarios' own
    std::optional<uint32_t> seeds;           // how many, in place of the scenarios' own number
    std::filesystem::path out = "mpulab-out";
    std::filesystem::path junit; // empty: none
    std::optional<Shard> shard;
    unsigned repeat = 1;        // runs of each scenario
    bool until_failure = false; // stop at the first that is not green; without `repeat` nothing else does
    LaneChoice lane = LaneChoice::Auto;
    std::string libvirt_uri; // of warm machines; empty: the embedded driver
    unsigned jobs = 0;       // machines at once; 0: as many as there are cores
    bool compress = true;    // event logs are kept as gzip packs them
    bool json = false;
    bool red = false;       // add each scenario's red cues and expect a failure
    bool list = false;      // only say what would run
    bool schema = false;    // only print the JSON Schema of scenario files
    bool reference = false; // only print the format's reference
    std::vector<std::string> command;
};

/// Validates all files before anything boots, runs what is selected, prints a line for each as it ends and a report.
/// The worst outcome makes the exit code: interrupted, crash, failed, error.
ExitCode run_scenarios(RunOptions options);

/// mpulab new: writes a commented scenario that runs, and prints its path. Throws Error when the file exists.
ExitCode new_scenario(const std::string& name, bool json);

} // namespace mpulab
