// SPDX-License-Identifier: MIT
// mpulab diff: what two runs have in common, and where they part.
#pragma once

#include "common/error.hpp"

#include <filesystem>
#include <string>

namespace mpulab {

struct DiffOptions {
    std::string a, b; // event logs, run folders or ids
    std::filesystem::path out = "mpulab-out";
    bool json = false;
};

/// Prints which inputs differ and, from "byte for byte" to "the same bytes on the cable", the first difference of the
/// event logs. Passed: one event log; Failed: two.
ExitCode diff(const DiffOptions& options);

} // namespace mpulab
