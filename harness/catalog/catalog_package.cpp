// SPDX-License-Identifier: MIT
// A package's folder against its catalogue.
#include "catalog/catalog.hpp"

#include "common/files.hpp"
#include "common/text.hpp"
#include "package/inf_file.hpp"
#include "package/inf_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

/// The package's INF and what the catalogue is about, for every architecture.
struct Contents {
    InfFile inf;
    std::vector<std::string> files; // below the folder, the INF first
};

bool begins(const std::string& lower, std::string_view prefix) {
    return lower == prefix || lower.rfind(std::string(prefix) + ".", 0) == 0;
}

/// The one INF of a package.
fs::path inf_path(const fs::path& folder) {
    std::vector<fs::path> infs;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
        if (equal_ignoring_ascii_case(it->path().extension().string(), ".inf")) infs.push_back(it->path());
    }
    if (failure || infs.size() != 1) {
        throw Error(fmt::format("{}: {}", folder.string(),
                                failure ? failure.message() : fmt::format("{} INFs; expected one", infs.size())),
                    "name the folder of a driver package");
    }
    return infs[0];
}

InfFile read_inf(const fs::path& path) {
    return InfFile::parse(read_file(path, kMaxInfBytes, "INF"), path.string());
}

Contents read_contents(const fs::path& folder) {
    const fs::path inf = inf_path(folder);
    Contents contents{read_inf(inf), {inf.filename().string()}};
    std::error_code failure;
    std::set<std::string> paths;
    for (const InfSection& section : contents.inf.sections()) {
        if (!begins(inf_lower(section.name), "sourcedisksfiles")) continue;
        for (const InfLine& line : section.lines) {
            std::string path = line.value(1).empty() ? line.key : line.value(1) + "/" + line.key;
            std::replace(path.begin(), path.end(), '\\', '/');
            if (line.key.empty() || fs::path(path).is_absolute() || path.find("..") != std::string::npos) {
                throw contents.inf.error(line.number, fmt::format("the file '{}'", inf_excerpt(path)),
                                         "one below the package's folder");
            }
            if (!fs::is_regular_file(folder / path, failure))
                throw contents.inf.error(line.number, fmt::format("{}, which is not in the package", inf_excerpt(path)),
                                         "that file");
            paths.insert(path);
        }
    }
    contents.files.insert(contents.files.end(), paths.begin(), paths.end());
    return contents;
}

std::vector<std::string> hardware_ids(const InfFile& inf) {
    std::set<std::string> ids;
    if (const InfSection* makers = inf.section("Manufacturer")) {
        for (const InfLine& line : makers->lines) {
            for (size_t i = 0; i < line.values.size(); ++i) {
                const InfSection* models = inf.section(i == 0 ? line.value(0) : line.value(0) + "." + line.value(i));
                if (models == nullptr) continue;
                for (const InfLine& model : models->lines) {
                    for (size_t k = 1; k < model.values.size(); ++k)
                        if (!model.value(k).empty()) ids.insert(inf_lower(model.value(k)));
                }
            }
        }
    }
    return {ids.begin(), ids.end()};
}

/// DriverVer's date as a UTCTime at midnight.
std::string date_of(const InfFile& inf) {
    const InfSection* version = inf.section("Version");
    const InfLine* line = version == nullptr ? nullptr : version->find("DriverVer");
    if (line == nullptr) throw inf.error(1, "no DriverVer in [Version]", "DriverVer = mm/dd/yyyy,w.x.y.z");
    const std::string& date = line->value(0);
    bool sound = date.size() == 10 && date[2] == '/' && date[5] == '/';
    for (const size_t i : {0, 1, 3, 4, 6, 7, 8, 9})
        sound = sound && date[i] >= '0' && date[i] <= '9';
    if (!sound) throw inf.error(line->number, fmt::format("the date '{}'", inf_excerpt(date)), "mm/dd/yyyy");
    return date.substr(8, 2) + date.substr(0, 2) + date.substr(3, 2) + "000000Z";
}

std::string name_of(const std::string& path) {
    return inf_lower(fs::path(path).filename().string());
}

} // namespace

Catalog catalog_of_package(const fs::path& folder, bool only_sha1) {
    const Contents contents = read_contents(folder);
    Catalog catalog;
    catalog.date = date_of(contents.inf);
    catalog.hardware_ids = hardware_ids(contents.inf);
    for (const std::string& file : contents.files) {
        const Bytes bytes = read_file(folder / file, kMaxMemberBytes, "member");
        for (const MemberHash kind : {MemberHash::Sha1, MemberHash::Sha256}) {
            if (only_sha1 && kind != MemberHash::Sha1) continue;
            catalog.members.push_back({name_of(file), kind, member_hash(bytes, kind), pe_hash_layout(bytes).image});
        }
    }
    return catalog;
}

std::vector<std::string> verify_catalog(const Catalog& catalog, const fs::path& folder) {
    const Contents contents = read_contents(folder);
    std::vector<std::string> lines;
    std::vector<bool> met(catalog.members.size());
    std::set<MemberHash> kinds;
    for (const CatalogMember& member : catalog.members)
        kinds.insert(member.kind);
    if (kinds.empty()) lines.push_back("the catalogue has no member");
    for (const std::string& file : contents.files) {
        const Bytes bytes = read_file(folder / file, kMaxMemberBytes, "member");
        for (const MemberHash kind : kinds) {
            const Bytes hash = member_hash(bytes, kind);
            bool found = false;
            for (size_t i = 0; i < catalog.members.size(); ++i) {
                const CatalogMember& member = catalog.members[i];
                if (member.kind != kind || member.hash != hash) continue;
                if (!member.file.empty() && !equal_ignoring_ascii_case(member.file, name_of(file))) continue;
                found = met[i] = true;
            }
            if (!found)
                lines.push_back(
                    fmt::format("{}: its {} is not in the catalogue: it is altered", file, hash_name(kind)));
        }
    }
    for (size_t i = 0; i < met.size(); ++i) {
        const CatalogMember& member = catalog.members[i];
        if (!met[i])
            lines.push_back(fmt::format("no file of the package has the {} of member '{}'", hash_name(member.kind),
                                        inf_excerpt(member.file)));
    }
    return lines;
}

fs::path catalog_path(const fs::path& folder) {
    const InfFile inf = read_inf(inf_path(folder)); // its files may be missing: that is for verify_catalog() to tell
    const InfSection* version = inf.section("Version");
    const InfLine* line = version == nullptr ? nullptr : version->find("CatalogFile");
    if (line == nullptr) throw inf.error(1, "no CatalogFile in [Version]", "CatalogFile = name.cat");
    const std::string& name = line->value(0);
    if (name.empty() || name.find_first_of("/\\") != std::string::npos)
        throw inf.error(line->number, fmt::format("CatalogFile '{}'", inf_excerpt(name)), "a file's name");
    return folder / name;
}

} // namespace mpulab
