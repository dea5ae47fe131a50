// SPDX-License-Identifier: MIT
// The one error type of the harness: what went wrong (thing and value seen), what to do next, and how mpulab exits.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace mpulab {

enum class ExitCode : int {
    Passed = 0,
    Failed = 1,       // the driver is wrong
    Error = 2,        // scenario, package or bench is wrong
    Crash = 3,        // the guest stopped with a bugcheck
    Usage = 64,       // wrong command line
    Interrupted = 130 // Ctrl-C
};

class Error : public std::runtime_error {
  public:
    /// `what` starts in lower case and names the thing and the value seen; `next` is an imperative: what to try.
    Error(const std::string& what, std::string next, ExitCode code = ExitCode::Error)
        : std::runtime_error(what), next_(std::move(next)), code_(code) {}

    const std::string& next() const { return next_; }
    ExitCode code() const { return code_; }
    /// Both halves on one line, as they are shown.
    std::string line() const { return std::string(what()) + "; next: " + next_; }

  private:
    std::string next_;
    ExitCode code_;
};

/// What was asked for is about something that the package does not have by its INF: no mistake of anybody's.
class NotForPackage : public Error {
  public:
    using Error::Error;
};

} // namespace mpulab
