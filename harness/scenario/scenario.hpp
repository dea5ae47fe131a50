// SPDX-License-Identifier: MIT
// A scenario: one run as its author wrote it, held against the format and complete. Several come from one file when its
// parameters have several values.
#pragma once

#include "checks/rules.hpp"
#include "machine/spec.hpp"
#include "scenario/sources.hpp"
#include "scenario/yaml_reader.hpp"

#include <filesystem>
#include <optional>

namespace mpulab {

struct KnownIssue {
    std::string reason;
    std::string reference;
};

struct Scenario {
    std::filesystem::path file;
    std::string name;  // "late-dpc", "late-dpc[depth=16]": of the file and its parameters
    std::string title; // what must hold
    std::string why;
    std::vector<std::string> tags;
    Parameters parameters;
    uint64_t seed = 0;
    uint32_t seeds = 1;      // runs are wanted, of `seed` and those that follow it
    uint32_t seed_index = 0; // which of them this is (cli/seed_groups.hpp)
    uint32_t cpus = 1;
    uint32_t slice = kDefaultSlice;   // MachineSpec's
    uint64_t dpc_delay_ns = 0;        // how late each DPC of a driver comes, at least
    std::filesystem::path package;    // empty: the command line's
    std::string profile;              // empty: the command line's
    CardSpec card;                    // unit 0; device empty: by the package
    std::vector<CardSpec> more_cards; // units 1, 2, …
    std::vector<std::string> choices;
    std::optional<std::string> verifier; // empty: the command line's
    RuleSet rules_off;                   // what that comes to
    std::optional<KnownIssue> known_issue;
    // As YamlReader gives them, each entry with its place:
    nlohmann::json cues = nlohmann::json::array();
    nlohmann::json red = nlohmann::json::array(); // cues that must make it fail
    nlohmann::json steps = nlohmann::json::array();
    nlohmann::json checks = nlohmann::json::array();
};

inline constexpr size_t kMaxCards = 4;
inline constexpr size_t kMaxCombinations = 1'000; // of the parameters of a file

/// What `interrupts` says of a check that is of all seeds together, and of no single run.
inline constexpr const char* kOverSeeds = "over-seeds";

/// Reads a scenario file. `given`: parameters from outside, in place of the file's. What is wrong is added to
/// `complaints`, all of it at once; the scenarios returned then are not to be run.
std::vector<Scenario> read_scenarios(const std::filesystem::path& file, const Parameters& given,
                                     std::vector<Complaint>& complaints);

/// The same from text; `file` names it, and paths inside are taken from its folder.
std::vector<Scenario> parse_scenarios(std::string_view text, const std::filesystem::path& file, const Parameters& given,
                                      std::vector<Complaint>& complaints);

/// How many of its steps make marker `number`: those called so, and snapshots.
size_t markers_of(const Scenario& scenario, uint64_t number);

/// What is wrong with its dpc-delay beyond its form.
void proofread_dpc_delay(const Scenario& scenario, std::vector<Complaint>& complaints);

} // namespace mpulab
