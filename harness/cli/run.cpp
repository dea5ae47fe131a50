// SPDX-License-Identifier: MIT
#include "cli/run.hpp"

#include "cli/run_all.hpp"
#include "cli/run_report.hpp"
#include "cli/run_selection.hpp"
#include "cli/seed_groups.hpp"
#include "common/files.hpp"
#include "common/json_text.hpp"
#include "machine/hypervisor.hpp"
#include "machine/signal_watch.hpp"
#include "scenario/format.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr unsigned kEndless = 1'000'000; // runs of each scenario until a failure

void print_list(const std::vector<Scenario>& scenarios, bool json) {
    if (json) {
        nlohmann::json list = nlohmann::json::array();
        for (const Scenario& scenario : scenarios) {
            list.push_back({{"name", scenario.name},
                            {"title", scenario.title},
                            {"file", scenario.file.string()},
                            {"tags", scenario.tags}});
        }
        fmt::print("{}\n", json_text(list));
        return;
    }
    for (const Scenario& scenario : scenarios) {
        std::string tags;
        for (const std::string& tag : scenario.tags)
            tags += (tags.empty() ? "  [" : " ") + tag;
        fmt::print("{:<28} {}{}\n", scenario.name, scenario.title, tags.empty() ? "" : tags + "]");
    }
}

/// What has nothing that turns it red cannot be shown to be able to fail.
void take_red_cues(std::vector<Scenario>& scenarios) {
    std::erase_if(scenarios, [](const Scenario& scenario) {
        if (scenario.known_issue) {
            fmt::print(stderr, "{} has a known issue, and is red without cues: not run\n", scenario.name);
        } else if (scenario.red.empty()) {
            fmt::print(stderr, "{} names no red cues: not run\n", scenario.name);
        }
        return scenario.known_issue || scenario.red.empty();
    });
    if (scenarios.empty()) throw Error("no scenario names red cues", "add red: to one", ExitCode::Usage);
    for (Scenario& scenario : scenarios)
        scenario.cues.insert(scenario.cues.end(), scenario.red.begin(), scenario.red.end());
}

/// The i-th of n shards, by position: each scenario is in exactly one, with all its seeds, whatever machine asks.
void take_shard(std::vector<Scenario>& scenarios, const Shard& shard) {
    std::vector<Scenario> mine;
    for (size_t i = 0; i < scenarios.size(); ++i) {
        if (i % shard.count == shard.number - 1) mine.push_back(std::move(scenarios[i]));
    }
    if (mine.empty()) {
        throw Error(fmt::format("shard {}/{} of {} scenarios is empty", shard.number, shard.count, scenarios.size()),
                    "name fewer shards", ExitCode::Usage);
    }
    scenarios = std::move(mine);
}

/// Fresh boots are started without libvirt: who names one wants its machines.
void take_libvirt(RunOptions& options) {
    if (options.libvirt_uri.empty()) return;
    if (options.lane == LaneChoice::Cold) {
        throw Error("--cold and --connect: a fresh boot is started without libvirt", "leave one of the two out",
                    ExitCode::Usage);
    }
    options.lane = LaneChoice::Warm;
}

/// What cannot be written is told before the runs, not after an hour of them.
void check_junit(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    if (file.empty() || ::access(folder.c_str(), W_OK) == 0) return;
    throw Error(fmt::format("--junit {}: cannot write in {}: {}", file.string(), folder.string(), errno_text(errno)),
                "make the folder, or name another file");
}

} // namespace

ExitCode run_scenarios(RunOptions options) {
    if (options.schema) {
        fmt::print("{}\n", json_text(scenario_schema()));
        return ExitCode::Passed;
    }
    if (options.reference) {
        fmt::print("{}", scenario_reference());
        return ExitCode::Passed;
    }
    if (options.what.empty())
        throw Error("no scenario is named", "mpulab run FILE.yaml or a folder of them", ExitCode::Usage);
    check_libvirt_uri(options.libvirt_uri);
    take_libvirt(options);
    check_junit(options.junit);
    std::vector<Scenario> scenarios = select_scenarios(options);
    if (options.seed) {
        for (Scenario& scenario : scenarios)
            scenario.seed = *options.seed;
    }
    const RuleSet rules_off = parse_verifier(options.verifier);
    for (Scenario& scenario : scenarios) {
        if (!scenario.verifier) scenario.rules_off = rules_off;
    }
    if (options.shard) take_shard(scenarios, *options.shard);
    if (options.red) take_red_cues(scenarios);
    scenarios = expand_seeds(std::move(scenarios), options.seeds);
    if (options.list) {
        print_list(scenarios, options.json);
        return ExitCode::Passed;
    }
    if (options.until_failure && options.repeat == 1) options.repeat = kEndless;
    const SignalWatch signals;
    RunReport report(options, scenarios, scenarios.size() * options.repeat);
    run_all(options, scenarios, [&](size_t index, RunOutcome outcome) {
        const Verdict verdict = report.add(index, std::move(outcome));
        return !options.until_failure || is_green(verdict);
    });
    report.finish();
    return SignalWatch::seen() != 0 ? ExitCode::Interrupted : report.exit_code();
}

} // namespace mpulab
