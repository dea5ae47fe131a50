// SPDX-License-Identifier: MIT
#include "cli/run.hpp"

#include "cli/run_one.hpp"
#include "cli/run_selection.hpp"
#include "common/files.hpp"
#include "machine/signal_watch.hpp"
#include "report/junit.hpp"
#include "scenario/format.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <thread>

namespace mpulab {
namespace {

constexpr unsigned kMaxJobs = 64;

void print_list(const std::vector<Scenario>& scenarios) {
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
        if (scenario.red.empty()) fmt::print(stderr, "{} names no red cues: not run\n", scenario.name);
        return scenario.red.empty();
    });
    if (scenarios.empty()) throw Error("no scenario names red cues", "add red: to one", ExitCode::Usage);
    for (Scenario& scenario : scenarios)
        scenario.cues.insert(scenario.cues.end(), scenario.red.begin(), scenario.red.end());
}

/// A line as it ends; of what is not green, its summary.
void print_outcome(const RunOutcome& outcome) {
    const Verdict verdict = outcome.judgement.verdict;
    if (verdict == Verdict::Passed) {
        fmt::print("passed  {:<28} {}\n", outcome.facts.scenario->name,
                   outcome.judgement.reason.empty() ? outcome.facts.scenario->title : outcome.judgement.reason);
    } else if (verdict == Verdict::KnownIssue) {
        fmt::print("known   {:<28} {}\n", outcome.facts.scenario->name, outcome.judgement.reason);
    } else {
        fmt::print("{}", summary_text(outcome.facts, outcome.judgement));
    }
    std::fflush(stdout);
}

JunitCase junit_case(const RunOutcome& outcome) {
    JunitCase one;
    one.group = outcome.facts.scenario->path.string();
    one.name = outcome.facts.scenario->name + ": " + outcome.facts.scenario->title;
    one.seconds = outcome.facts.run_seconds;
    one.message = outcome.judgement.reason;
    switch (outcome.judgement.verdict) {
    case Verdict::Passed:
        break;
    case Verdict::KnownIssue:
        one.outcome = JunitCase::Outcome::KnownIssue;
        one.message = outcome.facts.scenario->known_issue;
        break;
    case Verdict::Error:
        one.outcome = JunitCase::Outcome::Error;
        break;
    case Verdict::Failed:
    case Verdict::Crash:
        one.outcome = JunitCase::Outcome::Failed;
        break;
    }
    if (one.outcome != JunitCase::Outcome::Passed) one.text = summary_text(outcome.facts, outcome.judgement);
    return one;
}

/// Runs all, `jobs` at a time; the outcomes in the scenarios' order. After Ctrl-C (`interrupted`) the rest is left out.
std::vector<RunOutcome> run_all(const RunOptions& options, const std::vector<Scenario>& scenarios, bool& interrupted) {
    const auto looks = make_look_cache();
    std::vector<std::optional<RunOutcome>> slots(scenarios.size());
    unsigned jobs = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    jobs = std::min({jobs, kMaxJobs, static_cast<unsigned>(scenarios.size())});
    std::vector<std::string> machines;
    for (const Scenario& scenario : scenarios)
        machines.push_back(machine_key(options, scenario));
    RunQueue queue(machines, options.lane, jobs);
    WorkerPool pool(options.libvirt_uri);
    const SignalWatch signals;
    std::mutex printing;
    const auto work = [&] {
        WorkerSlot slot{&pool, "", nullptr};
        while (SignalWatch::seen() == 0) {
            const auto next = queue.take(slot.machine);
            if (!next) return;
            auto& outcome = slots[next->index];
            outcome = run_scenario(options, scenarios[next->index], *looks, next->warm ? &slot : nullptr);
            const std::lock_guard lock(printing);
            if (!options.json) print_outcome(*outcome);
        }
    };
    std::vector<std::thread> workers;
    for (unsigned i = 1; i < jobs; ++i)
        workers.emplace_back(work);
    work();
    for (std::thread& worker : workers)
        worker.join();
    std::vector<RunOutcome> outcomes;
    for (auto& slot : slots)
        if (slot) outcomes.push_back(std::move(*slot));
    if (SignalWatch::seen() != 0) interrupted = true;
    return outcomes;
}

void print_totals(const std::vector<RunOutcome>& outcomes, size_t selected) {
    const auto count = [&outcomes](Verdict verdict) {
        return std::count_if(outcomes.begin(), outcomes.end(),
                             [verdict](const RunOutcome& o) { return o.judgement.verdict == verdict; });
    };
    std::string line = fmt::format("{} scenarios: {} passed", outcomes.size(), count(Verdict::Passed));
    for (const auto& [verdict, word] :
         {std::pair{Verdict::Failed, "failed"}, std::pair{Verdict::Crash, "crashed"},
          std::pair{Verdict::Error, "with errors"}, std::pair{Verdict::KnownIssue, "with a known issue"}}) {
        if (const auto n = count(verdict); n != 0) line += fmt::format(", {} {}", n, word);
    }
    if (selected != outcomes.size()) line += fmt::format("; {} not run", selected - outcomes.size());
    fmt::print("{}\n", line);
}

ExitCode exit_code_of(const std::vector<RunOutcome>& outcomes) {
    const auto any = [&outcomes](const auto& is) { return std::any_of(outcomes.begin(), outcomes.end(), is); };
    for (const Verdict verdict : {Verdict::Crash, Verdict::Failed, Verdict::Error}) {
        if (any([verdict](const RunOutcome& o) { return o.judgement.verdict == verdict; })) return exit_code(verdict);
    }
    return ExitCode::Passed;
}

} // namespace

ExitCode run_scenarios(const RunOptions& options) {
    if (options.schema) {
        fmt::print("{}\n", scenario_schema().dump(2));
        return ExitCode::Passed;
    }
    if (options.reference) {
        fmt::print("{}", scenario_reference());
        return ExitCode::Passed;
    }
    if (options.what.empty())
        throw Error("no scenario is named", "mpulab run FILE.yaml or a folder of them", ExitCode::Usage);
    std::vector<Scenario> scenarios = select_scenarios(options);
    if (options.seed) {
        for (Scenario& scenario : scenarios)
            scenario.seed = *options.seed;
    }
    if (options.red) take_red_cues(scenarios);
    if (options.list) {
        print_list(scenarios);
        return ExitCode::Passed;
    }
    bool interrupted = false;
    const std::vector<RunOutcome> outcomes = run_all(options, scenarios, interrupted);
    if (!options.junit.empty()) {
        std::vector<JunitCase> cases;
        for (const RunOutcome& outcome : outcomes)
            cases.push_back(junit_case(outcome));
        write_file(options.junit, junit_xml(cases));
    }
    if (options.json) {
        fmt::print("[");
        for (size_t i = 0; i < outcomes.size(); ++i)
            fmt::print("{}{}", i == 0 ? "\n" : ",\n", outcomes[i].document);
        fmt::print("]\n");
    } else {
        print_totals(outcomes, scenarios.size());
    }
    return interrupted ? ExitCode::Interrupted : exit_code_of(outcomes);
}

} // namespace mpulab
