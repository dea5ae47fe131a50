// SPDX-License-Identifier: MIT
// What `mpulab run` says while its runs end, and in the end: lines or a live bar, the totals, JUnit, JSON, exit code.
#pragma once

#include "cli/run_one.hpp"
#include "cli/seed_groups.hpp"
#include "report/junit.hpp"

#include <chrono>
#include <map>
#include <mutex>

namespace mpulab {

class RunReport {
  public:
    /// `runs`: how many there will be at most; run `i` is of scenario `i % scenarios.size()`.
    RunReport(const RunOptions& options, const std::vector<Scenario>& scenarios, size_t runs);

    /// Run `index` has ended, and perhaps with it the last seed of its scenario. A run that repeats another of its
    /// scenario and seed must come to the same event log; if not, that is its verdict: an error of the bench. Returns
    /// the verdict. Any thread.
    Verdict add(size_t index, RunOutcome outcome);

    /// Prints totals, or the end of the JSON; writes the JUnit file. Call once, after the last run.
    void finish();

    /// Of all that was added: the worst decides.
    ExitCode exit_code() const;

  private:
    struct Line {
        Verdict verdict = Verdict::Error;
        double seconds = 0;
        std::string message, text; // empty for what is green
    };

    void hold_to_first_log(size_t index, RunOutcome& outcome);
    void print_line(const RunOutcome& outcome);
    void add_summary(SeedSummary summary);
    void print_bar();
    void erase_bar();
    void print_json(size_t index, std::string document);
    size_t count(Verdict verdict) const; // of the runs so far
    size_t done() const;
    std::string totals() const;
    JunitCase junit_case(size_t index, const Line& line) const;
    static JunitCase junit_case(const SeedSummary& summary);

    const RunOptions& options_;
    const std::vector<Scenario>& scenarios_;
    size_t runs_;
    bool live_; // a terminal: a bar, and lines for what is not green
    std::mutex mutex_;
    std::map<size_t, Line> lines_;     // by run; only when a JUnit file is wanted
    std::map<Verdict, size_t> counts_; // of all
    SeedGroups groups_;
    std::vector<SeedSummary> summaries_;      // of scenarios with several seeds, as they ended
    std::vector<std::string> first_logs_;     // of each scenario: hash of the first run's
    std::map<size_t, std::string> unprinted_; // JSON documents that wait for one before them
    size_t printed_ = 0;                      // JSON documents
    std::chrono::steady_clock::time_point began_;
};

} // namespace mpulab
