// SPDX-License-Identifier: MIT
// What Windows' setup, or the people who install it, would trip over in an INF, for every architecture it names.
// ("INF File Sections and Directives", learn.microsoft.com.)
#pragma once

#include "package/inf_file.hpp"

#include <filesystem>

namespace mpulab {

struct InfFinding {
    unsigned line = 0;
    std::string seen;
    std::string expected;
};

/// Findings by line; `folder`: where the files it copies must lie.
std::vector<InfFinding> lint_inf(const InfFile& inf, const std::filesystem::path& folder);

} // namespace mpulab
