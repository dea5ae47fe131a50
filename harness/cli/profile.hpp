// SPDX-License-Identifier: MIT
// Windows version profiles: which Windows nanont says it is (guest-images/nanont/include/nanont_profiles.def).
#pragma once

#include "package/inf_facts.hpp"

namespace mpulab {

inline constexpr const char* kDefaultProfile = "win10-22h2";

/// The version of profile `name`. Throws Error with ExitCode::Usage that lists what there is.
WindowsVersion find_profile(const std::string& name);

} // namespace mpulab
