// SPDX-License-Identifier: MIT
#include "inspect/export_states.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <span>
#include <vector>

namespace mpulab {
namespace {

struct Export {
    std::string_view name;
    ExportState state;
    std::string_view irql; // where it may be called; a variable has none
    std::string_view limits;
    uint32_t since; // Windows build that has it first; 0: every one
    bool data;      // a variable
};

constexpr uint32_t since(uint32_t build = 0) {
    return build;
}

#define NANONT_EXPORT(name, state, irql, limits, ...)                                                                  \
    {#name, ExportState::state, #irql, limits, since(__VA_ARGS__), false},
#define NANONT_EXPORT_DATA(name, state, limits, ...) {#name, ExportState::state, "", limits, since(__VA_ARGS__), true},
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
            if (candidate.name == function) return {candidate.state, candidate.limits};
        }
        return {ExportState::Absent, {}};
    }
    return {ExportState::UnknownModule, {}};
}

std::string exports_text(std::string_view module) {
    std::string text;
    const auto out = std::back_inserter(text);
    for (const Module& known : kModules) {
        const bool alias = known.exports.data() == kKernel && known.name != "ntoskrnl.exe";
        if (alias || (!module.empty() && !equal_ignoring_ascii_case(known.name, module))) continue;
        std::vector<Export> sorted(known.exports.begin(), known.exports.end());
        std::sort(sorted.begin(), sorted.end(), [](const Export& a, const Export& b) { return a.name < b.name; });
        const auto complete = std::count_if(sorted.begin(), sorted.end(),
                                            [](const Export& e) { return e.state == ExportState::Complete; });
        fmt::format_to(out,
                       "{}# {}\n\n{} exports: {} complete, {} partial. What is not listed is absent: a driver that "
                       "imports it is told so by name. IRQL: the highest at which it may be called; AtDispatch: "
                       "there only, FromDispatch: there and above.\n\n",
                       text.empty() ? "" : "\n", known.name, sorted.size(), complete,
                       sorted.size() - static_cast<size_t>(complete));
        fmt::format_to(out, "| export | state | IRQL | its limits |\n|---|---|---|---|\n");
        for (const Export& entry : sorted) {
            fmt::format_to(out, "| `{}`{}{} | {} | {} | {} |\n", entry.name, entry.data ? " (variable)" : "",
                           entry.since == 0 ? "" : fmt::format(" (from build {})", entry.since),
                           export_state_name(entry.state), entry.irql, entry.limits);
        }
    }
    return text;
}

} // namespace mpulab
