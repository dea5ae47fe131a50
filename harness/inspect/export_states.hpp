// SPDX-License-Identifier: MIT
// What nanont exports and how well: the lists its modules are built from (guest-images/nanont/*/exports.inc).
#pragma once

#include <string>
#include <string_view>

namespace mpulab {

enum class ExportState { Complete, Partial, Absent, UnknownModule };

struct ExportInfo {
    ExportState state;
    std::string_view limits; // Partial: what it does not do as Windows does
};

/// "complete", "partial", "absent", "unknown module".
std::string_view export_state_name(ExportState state);

/// The state of `function` in `module` ("portcls.sys", "ntkrnlpa.exe"; case is ignored). UnknownModule: nanont has no
/// module of that name.
ExportInfo find_export_state(std::string_view module, std::string_view function);

/// The lists as a document (Markdown): one table a module. `module` empty: all of them; empty text: there is no such
/// module.
std::string exports_text(std::string_view module);

} // namespace mpulab
