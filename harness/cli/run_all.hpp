// SPDX-License-Identifier: MIT
// Many runs, several at a time, each in the lane that suits its machine.
#pragma once

#include "cli/run_one.hpp"

#include <functional>

namespace mpulab {

/// Runs each scenario `options.repeat` times, `options.jobs` at a time. `ended` gets each outcome with the run's number
/// (run `i` is of scenario `i % scenarios.size()`), from several threads, and says whether to go on: after false, and
/// after a stopping signal while a SignalWatch lives, no further run begins. What `ended` throws
/// is thrown here, after the runs under way.
void run_all(const RunOptions& options, const std::vector<Scenario>& scenarios,
             const std::function<bool(size_t, RunOutcome)>& ended);

} // namespace mpulab
