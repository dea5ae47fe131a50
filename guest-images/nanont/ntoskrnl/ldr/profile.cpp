// SPDX-License-Identifier: MIT
#include "profile.hpp"

#include <bytes.hpp>
#include <plan.h>

#include "dbg/report.hpp"

namespace nanont::ldr {
namespace {

constexpr Profile kProfiles[] = {
#define NANONT_PROFILE(name, major, minor, build) {name, major, minor, build},
#include <nanont_profiles.def>
#undef NANONT_PROFILE
};
constexpr ULONG kDefaultBuild = 19045;

constexpr ULONG since() {
    return 0;
}
constexpr ULONG since(ULONG build) {
    return build;
}

/// Exports that not every profile has.
struct Since {
    const char* name;
    ULONG build; // 0 = every profile
};
constexpr Since kExports[] = {
#define NANONT_EXPORT(name, state, limit, missing, ...) {#name, since(__VA_ARGS__)},
#define NANONT_EXPORT_DATA(name, state, missing, ...) {#name, since(__VA_ARGS__)},
#include "exports.inc"
#undef NANONT_EXPORT
#undef NANONT_EXPORT_DATA
};

const Profile* g_profile;

const Profile* find(ULONG build) {
    for (const Profile& one : kProfiles) {
        if (one.build == build) {
            return &one;
        }
    }
    return nullptr;
}

} // namespace

void init_profile() {
    mpulab_guest_options options{};
    ULONG size = sizeof(options);
    const bool there = dbg::read_plan(MPULAB_SECTION_OPTIONS, &options, size) && size >= sizeof(options);
    const ULONG build = there && options.windows_build != 0 ? options.windows_build : kDefaultBuild;
    g_profile = find(build);
    if (g_profile != nullptr) {
        return;
    }
    char list[256] = "";
    size_t length = 0;
    for (const Profile& one : kProfiles) {
        const int more = _snprintf(list + length, sizeof(list) - length, " %lu (%s)", one.build, one.name);
        length += more > 0 ? static_cast<size_t>(more) : 0;
    }
    dbg::say("there is no profile for Windows build %lu; expected one of%s", build, list);
    dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_REVISION_MISMATCH));
}

const Profile& profile() {
    return g_profile != nullptr ? *g_profile : kProfiles[0];
}

bool is_too_new(const char* export_name) {
    for (const Since& one : kExports) {
        if (one.build > profile().build && equal_exactly(one.name, export_name)) {
            return true;
        }
    }
    return false;
}

} // namespace nanont::ldr
