// SPDX-License-Identifier: MIT
// The Windows version this kernel says it is (include/nanont_profiles.def).
#ifndef NANONT_LDR_PROFILE_HPP
#define NANONT_LDR_PROFILE_HPP

#include "nt.hpp"

namespace nanont::ldr {

struct Profile {
    const char* name;
    ULONG major, minor, build;
};

/// From the plan's options; a build that is in no profile ends the run and names those that are.
void init_profile();
const Profile& profile();
/// An export of ntoskrnl.exe that came after the profile's Windows: as good as absent. Any IRQL.
bool is_too_new(const char* export_name);

} // namespace nanont::ldr

#endif
