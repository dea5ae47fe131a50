// SPDX-License-Identifier: MIT
// registry.reg: what installing the package would have put into the guest's registry, in the text format of Windows'
// own editor ("Windows Registry Editor Version 5.00"), as UTF-8.
#pragma once

#include "package/package.hpp"

namespace mpulab {

/// For a machine with `cards` cards. Empty for a bare image. What does not belong under HKLM is left out and noted.
std::string registry_file(const Package& package, size_t cards, std::vector<std::string>& notes);

} // namespace mpulab
