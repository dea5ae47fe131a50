// SPDX-License-Identifier: MIT
// From an event log to one word, and why.
#pragma once

#include "checks/check.hpp"
#include "common/error.hpp"
#include "report/crash.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mpulab {

enum class Verdict {
    Passed,
    Failed,
    Error,
    Crash,
    KnownIssue,
    NotApplicable // the package has nothing of what it is about, by its INF: nothing was run
};

std::string verdict_name(Verdict verdict);
ExitCode exit_code(Verdict verdict);
/// Nothing to look at: it passed, failed as it is known to, or is not about this package.
inline bool is_green(Verdict verdict) {
    return verdict == Verdict::Passed || verdict == Verdict::KnownIssue || verdict == Verdict::NotApplicable;
}

struct Judgement {
    Verdict verdict = Verdict::Error;
    std::string reason; // one line
    std::string next;   // one line; empty when there is nothing to do
    std::vector<CheckResult> checks;
    std::optional<CrashReport> crash;
};

/// Judges a run that reached RUN_ENDED, or whose log stops early (then: Error, unless the guest had crashed).
Judgement judge(const CheckInput& input);
/// The same with other checks; they are run when the log is whole, and the first is check_integrity().
Judgement judge_by(const EventLog& log, const std::function<std::vector<CheckResult>()>& checks);

/// The same words with the run's folder where a next step says RUN.
std::string with_run(std::string next, const std::string& run);

/// A run the bench could not bring to its end.
Judgement bench_trouble(const Error& error);

} // namespace mpulab
