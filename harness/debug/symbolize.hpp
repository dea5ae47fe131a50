// SPDX-License-Identifier: MIT
// Function, file and line of addresses in a guest: from DWARF (mingw's .debug files) or from the PDB that belongs to an
// image, read by llvm-symbolizer.
#pragma once

#include "debug/gdb_script.hpp"
#include "report/crash.hpp"

#include <map>

namespace mpulab {

struct SymbolSources {
    SymbolPath path;                                     // folders of symbol files and images
    std::map<std::string, std::filesystem::path> images; // where a module's file is, when not in those folders
};

/// Fills in the lines of all places that lie in a module. Returns for each module that has one where its symbols came
/// from, or which file was looked for in vain. Never throws.
std::vector<std::string> name_lines(const std::vector<CodePlace*>& places, const std::vector<Module>& modules,
                                    const SymbolSources& sources);

/// Fills in the lines of `crash.frames`, and `crash.symbols`: for each module on the stack where its symbols came from,
/// or which file was looked for in vain. Never throws: a crash without symbols is reported all the same.
void symbolize(CrashReport& crash, const SymbolSources& sources);

} // namespace mpulab
