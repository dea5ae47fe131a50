// SPDX-License-Identifier: MIT
// mpulab show: an event log as text.
#pragma once

#include "common/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mpulab {

struct ShowOptions {
    std::string what; // an event log, a run's folder or its id
    std::filesystem::path out = "mpulab-out";
    std::vector<std::string> kinds; // empty: all
    uint64_t from = 0;              // first record
    uint64_t count = UINT64_MAX;    // records shown at most
    bool json = false;              // an object a line (events/json.hpp)
};

/// Prints the records, one a line, on stdout. Throws Error.
ExitCode show(const ShowOptions& options);

} // namespace mpulab
