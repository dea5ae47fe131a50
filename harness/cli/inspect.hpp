// SPDX-License-Identifier: MIT
// mpulab inspect: what a package or a driver image needs and offers, and whether nanont can run it.
#pragma once

#include "common/error.hpp"

#include <filesystem>

namespace mpulab {

struct InspectOptions {
    std::filesystem::path what; // a package's folder, an INF, or a .sys
    bool exports = false;       // only: what nanont exports; `what`: of this module, or empty for all
    bool json = false;
};

/// Prints the report on stdout. Passed: nanont can run it; Error: it cannot, and the report says why. Throws Error.
ExitCode inspect(const InspectOptions& options);

} // namespace mpulab
