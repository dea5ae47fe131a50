// SPDX-License-Identifier: MIT
// AddReg and DelReg sections: lines → registry values.
#pragma once

#include "package/inf_facts.hpp"

namespace mpulab {

/// Values of the sections that the `AddReg` and `DelReg` lines of `from` name; sections that are not there are an
/// error.
std::vector<RegEntry> read_registry_sections(const InfFile& inf, const InfSection& from);

} // namespace mpulab
