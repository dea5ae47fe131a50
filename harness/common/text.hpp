// SPDX-License-Identifier: MIT
// Small text.
#pragma once

#include <algorithm>
#include <string_view>

namespace mpulab {

/// Names of Windows files and modules are compared so.
inline bool equal_ignoring_ascii_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace mpulab
