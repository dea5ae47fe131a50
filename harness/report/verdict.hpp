// SPDX-License-Identifier: MIT
// From an event log to one word, and why.
#pragma once

#include "checks/check.hpp"
#include "common/error.hpp"

#include <string>
#include <vector>

namespace mpulab {

enum class Verdict { Passed, Failed, Error, Crash };

std::string verdict_name(Verdict verdict);
ExitCode exit_code(Verdict verdict);

/// A guest's bugcheck, as the log tells it.
struct CrashReport {
    uint64_t code = 0;
    uint64_t parameters[4] = {};
    std::string caller;              // module+offset
    std::vector<std::string> frames; // innermost first, module+offset
    std::vector<std::string> around; // the last records before it
};

struct Judgement {
    Verdict verdict = Verdict::Error;
    std::string reason; // one line
    std::string next;   // one line; empty when passed
    std::vector<CheckResult> checks;
    std::optional<CrashReport> crash;
};

/// Judges a run that reached RUN_ENDED, or whose log stops early (then: Error, unless the guest had crashed).
Judgement judge(const CheckInput& input);

/// A run the bench could not bring to its end.
Judgement bench_trouble(const Error& error);

} // namespace mpulab
