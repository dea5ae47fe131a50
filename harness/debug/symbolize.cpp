// SPDX-License-Identifier: MIT
#include "debug/symbolize.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "debug/pdb_file.hpp"
#include "events/format.hpp"
#include "inspect/image_notes.hpp"
#include "machine/spec.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

constexpr size_t kMaxImage = 64u << 20;
constexpr size_t kMaxPdb = 512u << 20;
constexpr size_t kMaxAnswer = 4u << 20;

/// A folder for one look, gone with it.
class Scratch {
  public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "mpulab-sym-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw Error("no folder for symbols", "free some space in /tmp");
        path = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    fs::path path;
};

fs::path image_of(const std::string& module, const SymbolSources& sources) {
    if (const auto found = sources.images.find(module); found != sources.images.end()) return found->second;
    std::error_code ignored;
    for (const fs::path& folder : sources.path.folders) {
        if (fs::is_regular_file(folder / module, ignored)) return folder / module;
    }
    return {};
}

/// The image's PDB: beside it, or where the linker left it; the one that fits. `said` becomes what was
/// found.
fs::path find_pdb(const fs::path& image, const PdbId& pdb, std::string& said) {
    said = fmt::format("looked for {} {} age {}", pdb.file(), pdb.guid, pdb.age);
    for (const fs::path& candidate : {image.parent_path() / pdb.file(), fs::path(pdb.path)}) {
        std::error_code ignored;
        if (!fs::is_regular_file(candidate, ignored)) continue;
        const auto identity = read_pdb_identity(read_file(candidate, kMaxPdb, "PDB"));
        if (!identity) {
            said += fmt::format("; {} is no PDB", candidate.string());
        } else if (!identity->fits(pdb.guid, pdb.age)) {
            said +=
                fmt::format("; {} is of another build: {} age {}", candidate.string(), identity->guid, identity->age);
        } else {
            said = candidate.string();
            return candidate;
        }
    }
    return {};
}

/// A copy of `image` beside its PDB, whose RSDS record names just the file: so that it is found whatever path the
/// linker, maybe Windows', wrote.
fs::path stage(const fs::path& image, const fs::path& pdb, const PdbId& id, const fs::path& folder) {
    Bytes bytes = read_file(image, kMaxImage, "image");
    const std::string old_path = id.path;
    const auto found = std::search(bytes.begin(), bytes.end(), old_path.begin(), old_path.end());
    const std::string name = pdb.filename().string();
    if (found != bytes.end() && name.size() <= old_path.size()) {
        std::fill(found, found + static_cast<std::ptrdiff_t>(old_path.size()), uint8_t{0});
        std::copy(name.begin(), name.end(), found);
    }
    const fs::path copy = folder / image.filename();
    write_file(copy, ByteView(bytes));
    fs::create_symlink(fs::absolute(pdb), folder / name);
    return copy;
}

/// The file llvm-symbolizer shall read for a module; empty: there are no symbols.
fs::path symbol_file(const std::string& module, const SymbolSources& sources, const fs::path& scratch,
                     std::string& said) {
    if (const fs::path dwarf = sources.path.find(module); !dwarf.empty()) {
        said = dwarf.string();
        return dwarf;
    }
    const fs::path image = image_of(module, sources);
    if (image.empty()) {
        said = fmt::format("looked for {0}.debug and {0}", one_line(module));
        return {};
    }
    const ImageNotes notes = read_image_notes(read_file(image, kMaxImage, "image"));
    if (!notes.pdb) {
        said = fmt::format("looked for {}.debug and in {}, which names no PDB", one_line(module), image.string());
        return image; // mingw leaves DWARF in an image until it is stripped
    }
    const fs::path pdb = find_pdb(image, *notes.pdb, said);
    return pdb.empty() ? fs::path() : stage(image, pdb, *notes.pdb, scratch);
}

/// What `command` prints; empty when it cannot be run.
std::string output_of(const std::vector<std::string>& command) {
    FILE* pipe = ::popen((shell_quoted(command) + " 2>/dev/null </dev/null").c_str(), "re");
    if (pipe == nullptr) return "";
    std::string text;
    char part[4096];
    while (const size_t got = std::fread(part, 1, sizeof part, pipe)) {
        if (text.size() < kMaxAnswer) text.append(part, got);
    }
    ::pclose(pipe);
    return text;
}

/// A path of a compiler without what leads up and down again, from the tree's root where it lies in it.
std::string tidy(const std::string& path, const fs::path& sources) {
    fs::path clean = fs::path(path).lexically_normal();
    if (clean.is_absolute() && !sources.empty()) {
        const fs::path inside = clean.lexically_relative(sources);
        if (!inside.empty() && *inside.begin() != "..") clean = inside;
    }
    return clean.string();
}

void ask(const fs::path& file, const std::vector<std::pair<CodePlace*, uint64_t>>& wanted, const fs::path& sources) {
    std::vector<std::string> command = {"llvm-symbolizer", "--relative-address", "--output-style=JSON",
                                        "--obj=" + file.string()};
    for (const auto& [frame, rva] : wanted)
        command.push_back(fmt::format("0x{:x}", rva));
    const auto answer = nlohmann::json::parse(output_of(command), nullptr, false);
    if (!answer.is_array()) return;
    for (size_t i = 0; i < wanted.size() && i < answer.size(); ++i) {
        if (!answer[i].is_object() || !answer[i].contains("Symbol")) continue;
        for (const auto& symbol : answer[i]["Symbol"]) {
            CodePlace::Line line;
            line.function = one_line(symbol.value("FunctionName", ""));
            if (line.function.empty()) continue;
            line.file = symbol.value("FileName", "");
            if (!line.file.empty()) line.file = one_line(tidy(line.file, sources));
            line.line = symbol.value("Line", 0u);
            wanted[i].first->lines.push_back(std::move(line));
        }
    }
}

} // namespace

std::vector<std::string> name_lines(const std::vector<CodePlace*>& places, const std::vector<Module>& modules,
                                    const SymbolSources& sources) {
    std::vector<std::string> symbols;
    try {
        const Scratch scratch;
        for (const Module& module : modules) {
            std::vector<std::pair<CodePlace*, uint64_t>> wanted;
            for (CodePlace* place : places) {
                if (place->address < module.base || place->address - module.base >= module.size) continue;
                wanted.emplace_back(place, place->address - module.base - (place->exact ? 0 : 1));
            }
            if (wanted.empty()) continue;
            std::string said;
            const fs::path folder = scratch.path / std::to_string(module.record);
            fs::create_directory(folder);
            fs::path file;
            try {
                file = symbol_file(module.name, sources, folder, said);
            } catch (const Error& error) {
                said = error.what();
            }
            if (!file.empty()) {
                ask(file, wanted, sources.path.sources);
                const bool found =
                    std::any_of(wanted.begin(), wanted.end(), [](const auto& w) { return !w.first->lines.empty(); });
                if (!found)
                    said += ": nothing there for these addresses (is llvm-symbolizer installed? next: apt-get install "
                            "llvm)";
            }
            symbols.push_back(fmt::format("{}: {}", one_line(module.name), said));
        }
    } catch (const std::exception& error) {
        symbols.push_back(fmt::format("none: {}", error.what()));
    }
    return symbols;
}

void symbolize(CrashReport& crash, const SymbolSources& sources) {
    std::vector<CodePlace*> places;
    for (CodePlace& frame : crash.frames)
        places.push_back(&frame);
    crash.symbols = name_lines(places, crash.modules, sources);
}

} // namespace mpulab
