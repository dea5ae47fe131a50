// SPDX-License-Identifier: MIT
// mpulab sweep: a scenario over ranges of its parameters and of the card's properties; what was lost, as CSV and plot.
#pragma once

#include "cli/run.hpp"

namespace mpulab {

struct SweepOptions {
    std::filesystem::path file;
    std::vector<std::string> axes; // "rx-fifo=1..64"
    std::filesystem::path csv = "sweep.csv";
    std::filesystem::path svg = "sweep.svg";
    bool json = false; // prints the figures as one document at the end, in place of lines
    RunOptions run;    // package, profile, jobs, lane, out
};

/// Runs all combinations; a run that fails is a row like others. Error: when a run had an error of the bench.
ExitCode sweep(const SweepOptions& options);

} // namespace mpulab
