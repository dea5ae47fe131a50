// SPDX-License-Identifier: MIT
// mpulab selftest: is the verifier armed? Small real drivers with planted defects, each of which its rule must catch.
#pragma once

#include "common/error.hpp"

#include <filesystem>

namespace mpulab {

struct SelftestOptions {
    std::filesystem::path drivers; // empty: those of the build tree
    bool json = false;
};

/// Runs each driver of selftests.def once and says which rules caught theirs. Failed: one did not, or a group of rules
/// that has a checker has no driver here. Throws Error when a driver is not there.
ExitCode selftest(const SelftestOptions& options);

} // namespace mpulab
