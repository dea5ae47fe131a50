// SPDX-License-Identifier: MIT
#include "cli/profile.hpp"

#include "common/text.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

struct Profile {
    const char* name;
    WindowsVersion version;
};
constexpr Profile kProfiles[] = {
#define NANONT_PROFILE(name, major, minor, build) {name, {major, minor, build}},
#include "nanont/include/nanont_profiles.def"
#undef NANONT_PROFILE
};

} // namespace

WindowsVersion find_profile(const std::string& name) {
    std::string names;
    for (const Profile& profile : kProfiles) {
        if (equal_ignoring_ascii_case(profile.name, name)) return profile.version;
        names += (names.empty() ? "" : ", ") + std::string(profile.name);
    }
    throw Error(fmt::format("--profile: there is no Windows '{}'", name), "take one of " + names, ExitCode::Usage);
}

} // namespace mpulab
