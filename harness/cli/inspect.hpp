// SPDX-License-Identifier: MIT
// mpulab inspect: what a driver image needs, and whether nanont can run it.
#pragma once

#include "common/error.hpp"

#include <filesystem>

namespace mpulab {

struct InspectOptions {
    std::filesystem::path file;
    bool json = false;
};

/// Prints the report on stdout. Passed: nanont can run it; Error: it cannot, and the report says why. Throws Error.
ExitCode inspect(const InspectOptions& options);

} // namespace mpulab
