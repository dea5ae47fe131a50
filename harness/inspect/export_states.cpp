// SPDX-License-Identifier: MIT
#include "inspect/export_states.hpp"

#include "common/text.hpp"

#include <span>

namespace mpulab {
namespace {

struct Export {
    std::string_view name;
    ExportState state;
    std::string_view missing;
};

#define NANONT_EXPORT(name, state, missing, ...) {#name, ExportState::state, missing},
#define NANONT_EXPORT_DATA(name, state, missing, ...) {#name, ExportState::state, missing},
constexpr Export kKernel[] = {
#include "nanont/ntoskrnl/exports.inc"
};
constexpr Export kHal[] = {
#include "nanont/hal/exports.inc"
};
constexpr Export kKs[] = {
#include "nanont/ks/exports.inc"
};
constexpr Export kPortcls[] = {
#include "nanont/portcls/exports.inc"
};
#undef NANONT_EXPORT
#undef NANONT_EXPORT_DATA

struct Module {
    std::string_view name;
    std::span<const Export> exports;
};

// The kernel's other names: which of them an image asks for depends on the kit it was linked with.
constexpr Module kModules[] = {
    {"ntoskrnl.exe", kKernel}, {"ntkrnlpa.exe", kKernel}, {"ntkrnlmp.exe", kKernel}, {"ntkrpamp.exe", kKernel},
    {"hal.dll", kHal},         {"ks.sys", kKs},           {"portcls.sys", kPortcls},
};

} // namespace

std::string_view export_state_name(ExportState state) {
    switch (state) {
    case ExportState::Complete:
        return "complete";
    case ExportState::Partial:
        return "partial";
    case ExportState::Absent:
        return "absent";
    case ExportState::UnknownModule:
        return "unknown module";
    }
    return "?";
}

ExportInfo find_export_state(std::string_view module, std::string_view function) {
    for (const Module& known : kModules) {
        if (!equal_ignoring_ascii_case(known.name, module)) continue;
        for (const Export& candidate : known.exports) {
            if (candidate.name == function) return {candidate.state, candidate.missing};
        }
        return {ExportState::Absent, {}};
    }
    return {ExportState::UnknownModule, {}};
}

} // namespace mpulab
