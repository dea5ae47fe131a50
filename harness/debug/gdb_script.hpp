// SPDX-License-Identifier: MIT
// The way into a held machine: a gdb script with every module's symbols at the address the guest mapped it to.
#pragma once

#include "common/bytes.hpp"
#include "events/event_log.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mpulab {

/// Where symbol files are looked for: for module "ks.sys" as "ks.sys.debug" or "ks.debug" in each folder.
struct SymbolPath {
    std::vector<std::filesystem::path> folders;
    std::filesystem::path sources = {}; // root of the tree that relative source names start at; empty: not known

    /// Empty: there is none.
    std::filesystem::path find(const std::string& module) const;
};

/// ImageBase of a PE image (the address its symbols were linked for). Empty: the file is none.
std::optional<uint64_t> pe_image_base(ByteView file);

/// The script: connects, and loads symbols. Modules without a symbol file are named in comments.
std::string gdb_script(const std::filesystem::path& socket, const std::vector<Module>& modules,
                       const SymbolPath& symbols);

/// The gdb of this machine that reads PE files: gdb-multiarch, mingw's, else plain gdb.
std::string find_gdb();

/// Follows MODULE and NAME records as they come, before the log is complete.
class ModuleWatcher {
  public:
    void record(const mpulab_record& record);
    const std::vector<Module>& modules() const { return modules_; }

  private:
    std::vector<Module> modules_;
    bool naming_ = false; // NAME records now belong to the last module
};

} // namespace mpulab
