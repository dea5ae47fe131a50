// SPDX-License-Identifier: MIT
// mpulab rerun: a stored run once more, from what lies in its folder.
#pragma once

#include "common/error.hpp"

#include <filesystem>
#include <string>

namespace mpulab {

struct RerunOptions {
    std::string what; // a run's folder or its id
    std::filesystem::path out = "mpulab-out";
    bool json = false;
};

/// Prints whether the run came to the identical event log. Passed: it did. Error: it did not, and which of its inputs
/// is another one than then; the new log stays beside the old one. Throws Error when it cannot be run.
ExitCode rerun(const RerunOptions& options);

} // namespace mpulab
