// SPDX-License-Identifier: MIT
#include "cli/run_report.hpp"

#include "common/files.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr size_t kBarWidth = 30;
constexpr const char* kEraseLine = "\r\033[K";

} // namespace

RunReport::RunReport(const RunOptions& options, const std::vector<Scenario>& scenarios, size_t runs)
    : options_(options), scenarios_(scenarios), runs_(runs), live_(!options.json && ::isatty(STDOUT_FILENO) == 1),
      groups_(scenarios, !options.red), first_logs_(scenarios.size()), began_(std::chrono::steady_clock::now()) {}

Verdict RunReport::add(size_t index, RunOutcome outcome) {
    const std::lock_guard lock(mutex_);
    hold_to_first_log(index, outcome);
    const Verdict verdict = outcome.judgement.verdict;
    ++counts_[verdict];
    std::optional<SeedSummary> summary;
    if (index < scenarios_.size()) summary = groups_.add(index, outcome.facts, verdict);
    if (!options_.junit.empty()) {
        Line& line = lines_[index];
        line.verdict = verdict;
        line.seconds = outcome.facts.run_seconds;
        if (verdict != Verdict::Passed) {
            line.message =
                verdict == Verdict::KnownIssue ? outcome.facts.scenario->known_issue : outcome.judgement.reason;
            line.text = summary_text(outcome.facts, outcome.judgement);
        }
    }
    if (options_.json) {
        print_json(index, std::move(outcome.document));
    } else {
        print_line(outcome);
    }
    if (summary) add_summary(std::move(*summary));
    return verdict;
}

void RunReport::add_summary(SeedSummary summary) {
    if (!options_.json) {
        erase_bar();
        fmt::print("{}", summary.text);
        print_bar();
        std::fflush(stdout);
    }
    summaries_.push_back(std::move(summary));
}

void RunReport::hold_to_first_log(size_t index, RunOutcome& outcome) {
    std::string& first = first_logs_[index % scenarios_.size()];
    const std::string& hash = outcome.facts.event_log_sha256;
    if (outcome.judgement.verdict == Verdict::Error || hash.empty()) return; // nothing, or not all, was recorded
    if (first.empty()) first = hash;
    if (first == hash) return;
    outcome.judgement.verdict = Verdict::Error;
    outcome.judgement.reason =
        fmt::format("the same run came to another event log than before: {}, not {}", hash, first);
    outcome.judgement.next = "compare the two with \"mpulab diff\", and report a defect of the bench";
    outcome.document = keep_result(outcome.facts, outcome.judgement);
}

/// A line as it ends; of what is not green, its summary.
void RunReport::print_line(const RunOutcome& outcome) {
    const Verdict verdict = outcome.judgement.verdict;
    erase_bar();
    if (!is_green(verdict)) {
        fmt::print("{}", summary_text(outcome.facts, outcome.judgement));
    } else if (!live_ && verdict == Verdict::Passed) {
        fmt::print("passed  {:<28} {}\n", outcome.facts.scenario->name,
                   outcome.judgement.reason.empty() ? outcome.facts.scenario->title : outcome.judgement.reason);
    } else if (!live_ && verdict == Verdict::NotApplicable) {
        fmt::print("n/a     {:<28} {}\n", outcome.facts.scenario->name, outcome.judgement.reason);
    } else if (!live_) {
        fmt::print("known   {:<28} {}\n", outcome.facts.scenario->name, outcome.judgement.reason);
    }
    print_bar();
    std::fflush(stdout);
}

void RunReport::erase_bar() {
    if (live_) fmt::print("{}", kEraseLine);
}

void RunReport::print_bar() {
    if (!live_) return;
    const size_t done = this->done();
    size_t red = 0;
    for (const auto& [verdict, runs] : counts_)
        red += is_green(verdict) ? 0 : runs;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const size_t filled = done * kBarWidth / std::max<size_t>(runs_, 1);
    fmt::print("[{}{}] {}/{}  {:.1f} a second  {:.0f} s left{}", std::string(filled, '='),
               std::string(kBarWidth - filled, ' '), done, runs_, rate,
               rate > 0 ? static_cast<double>(runs_ - done) / rate : 0,
               red == 0 ? "" : fmt::format("  {} not green", red));
}

void RunReport::print_json(size_t index, std::string document) {
    unprinted_.emplace(index, std::move(document));
    while (!unprinted_.empty() && unprinted_.begin()->first == printed_) {
        fmt::print("{}{}", printed_ == 0 ? "[\n" : ",\n", unprinted_.begin()->second);
        unprinted_.erase(unprinted_.begin());
        ++printed_;
    }
}

size_t RunReport::count(Verdict verdict) const {
    const auto found = counts_.find(verdict);
    return found == counts_.end() ? 0 : found->second;
}

size_t RunReport::done() const {
    size_t sum = 0;
    for (const auto& [verdict, runs] : counts_)
        sum += runs;
    return sum;
}

std::string RunReport::totals() const {
    std::string line =
        fmt::format("{} {}: {} passed", done(), options_.repeat > 1 ? "runs" : "scenarios", count(Verdict::Passed));
    for (const auto& [verdict, word] :
         {std::pair{Verdict::Failed, "failed"}, std::pair{Verdict::Crash, "crashed"},
          std::pair{Verdict::Error, "with errors"}, std::pair{Verdict::KnownIssue, "with a known issue"},
          std::pair{Verdict::NotApplicable, "not about this package"}}) {
        if (const size_t n = count(verdict); n != 0) line += fmt::format(", {} {}", n, word);
    }
    const auto broken = std::count_if(summaries_.begin(), summaries_.end(),
                                      [](const SeedSummary& one) { return one.verdict != Verdict::Passed; });
    if (broken != 0) line += fmt::format(", {} not green over its seeds", broken);
    if (runs_ != done()) line += fmt::format("; {} not run", runs_ - done());
    return line;
}

JunitCase RunReport::junit_case(size_t index, const Line& line) const {
    const Scenario& scenario = scenarios_[index % scenarios_.size()];
    JunitCase one;
    one.group = scenario.file.string();
    one.name = scenario.name + ": " + scenario.title;
    if (options_.repeat > 1) one.name += fmt::format(" (run {})", index / scenarios_.size() + 1);
    one.seconds = line.seconds;
    one.message = line.message;
    one.text = line.text;
    switch (line.verdict) {
    case Verdict::Passed:
        break;
    case Verdict::KnownIssue:
        one.outcome = JunitCase::Outcome::KnownIssue;
        break;
    case Verdict::NotApplicable:
        one.outcome = JunitCase::Outcome::NotApplicable;
        break;
    case Verdict::Error:
        one.outcome = JunitCase::Outcome::Error;
        break;
    case Verdict::Failed:
    case Verdict::Crash:
        one.outcome = JunitCase::Outcome::Failed;
        break;
    }
    return one;
}

JunitCase RunReport::junit_case(const SeedSummary& summary) {
    JunitCase one;
    one.group = summary.file.string();
    one.name = summary.name + ": all its seeds together";
    one.outcome = summary.verdict == Verdict::Passed   ? JunitCase::Outcome::Passed
                  : summary.verdict == Verdict::Failed ? JunitCase::Outcome::Failed
                                                       : JunitCase::Outcome::Error;
    one.message = summary.reason;
    one.text = summary.text;
    return one;
}

void RunReport::finish() {
    const std::lock_guard lock(mutex_);
    // Runs end in any order; what is written down does not depend on it.
    std::sort(summaries_.begin(), summaries_.end(), [](const SeedSummary& a, const SeedSummary& b) {
        return std::tie(a.file, a.name) < std::tie(b.file, b.name);
    });
    erase_bar();
    if (!options_.junit.empty()) {
        std::vector<JunitCase> cases;
        for (const auto& [index, line] : lines_)
            cases.push_back(junit_case(index, line));
        for (const SeedSummary& summary : summaries_)
            cases.push_back(junit_case(summary));
        write_whole_file(options_.junit, junit_xml(cases));
    }
    if (!options_.json) {
        fmt::print("{}\n", totals());
        return;
    }
    for (const auto& [index, document] : unprinted_) // after an interrupt there are gaps before them
        fmt::print("{}{}", printed_++ == 0 ? "[\n" : ",\n", document);
    for (const SeedSummary& summary : summaries_)
        fmt::print("{}{}", printed_++ == 0 ? "[\n" : ",\n", result_text(summary.document));
    fmt::print("{}]\n", printed_ == 0 ? "[" : "\n");
}

ExitCode RunReport::exit_code() const {
    for (const Verdict verdict : {Verdict::Crash, Verdict::Failed, Verdict::Error}) {
        const bool over_seeds = std::any_of(summaries_.begin(), summaries_.end(),
                                            [verdict](const SeedSummary& one) { return one.verdict == verdict; });
        if (count(verdict) != 0 || over_seeds) return mpulab::exit_code(verdict);
    }
    return ExitCode::Passed;
}

} // namespace mpulab
