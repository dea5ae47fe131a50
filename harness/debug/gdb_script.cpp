// SPDX-License-Identifier: MIT
#include "debug/gdb_script.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "events/format.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

constexpr size_t kMaxSymbolFile = 256u << 20;

// PE: offset of the PE header at 0x3c; behind its signature (4) and file header (20) the optional header, whose magic
// tells PE32+ (0x20b, 8-byte ImageBase at 24) from PE32 (0x10b, 4-byte ImageBase at 28).
constexpr size_t kPeOffset = 0x3c;
constexpr size_t kOptionalHeader = 24;
constexpr uint16_t kPe32 = 0x10b;
constexpr uint16_t kPe32Plus = 0x20b;

/// One word of a gdb command that splits its arguments as a shell does.
std::string gdb_word(const std::string& text) {
    std::string word = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') word += '\\';
        word += c;
    }
    return word + '"';
}

} // namespace

fs::path SymbolPath::find(const std::string& module) const {
    std::error_code ignored;
    for (const fs::path& folder : folders) {
        for (const std::string& name : {module + ".debug", fs::path(module).stem().string() + ".debug"}) {
            if (fs::is_regular_file(folder / name, ignored)) return fs::absolute(folder / name);
        }
    }
    return {};
}

std::optional<uint64_t> pe_image_base(ByteView file) {
    if (file.size() < kPeOffset + 4 || file[0] != 'M' || file[1] != 'Z') return std::nullopt;
    const size_t optional = size_t{read_pod<uint32_t>(file, kPeOffset)} + kOptionalHeader;
    if (optional + 32 > file.size() || read_pod<uint32_t>(file, optional - kOptionalHeader) != 0x00004550) {
        return std::nullopt;
    }
    const auto magic = read_pod<uint16_t>(file, optional);
    if (magic == kPe32Plus) return read_pod<uint64_t>(file, optional + 24);
    if (magic == kPe32) return read_pod<uint32_t>(file, optional + 28);
    return std::nullopt;
}

std::string gdb_script(const fs::path& socket, const std::vector<Module>& modules, const SymbolPath& symbols) {
    std::string script =
        "# made by mpulab play --gdb; the addresses are those of this run, and of every rerun with its seed\n"
        "set confirm off\n"
        "set architecture i386:x86-64\n";
    if (!symbols.sources.empty()) script += fmt::format("directory {}\n", symbols.sources.string());
    for (const Module& module : modules) {
        const fs::path file = symbols.find(module.name);
        const auto linked = file.empty() ? std::nullopt : pe_image_base(read_file(file, kMaxSymbolFile, "symbol file"));
        if (!linked) {
            script += fmt::format("# no symbol file for {} at 0x{:x}\n", one_line(module.name), module.base);
            continue;
        }
        script += fmt::format("add-symbol-file {} -o 0x{:x}\n", gdb_word(file.string()), module.base - *linked);
    }
    script += fmt::format("target remote {}\n", socket.string());
    return script;
}

std::string find_gdb() {
    const char* path = std::getenv("PATH");
    for (const char* name : {"gdb-multiarch", "x86_64-w64-mingw32-gdb", "gdb"}) {
        std::istringstream folders(path != nullptr ? path : "/usr/bin");
        for (std::string folder; std::getline(folders, folder, ':');) {
            if (::access((fs::path(folder) / name).c_str(), X_OK) == 0) return name;
        }
    }
    return "gdb-multiarch";
}

void ModuleWatcher::record(const mpulab_record& record) {
    if (record.kind == MPULAB_KIND_MODULE) {
        modules_.push_back({"", record.a, record.b, record.c, record.seq});
        naming_ = true;
    } else if (record.kind == MPULAB_KIND_NAME && naming_) {
        const Bytes part = record_payload(record);
        modules_.back().name.append(part.begin(), part.end());
        naming_ = (record.flags & MPULAB_RECORD_MORE) != 0;
    }
}

} // namespace mpulab
