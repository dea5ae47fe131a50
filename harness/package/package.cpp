// SPDX-License-Identifier: MIT
#include "package/package.hpp"

#include "common/files.hpp"
#include "common/text.hpp"
#include "package/inf_text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

constexpr size_t kMaxFolderEntries = 10'000;

bool has_ending(const fs::path& path, std::string_view ending) {
    return equal_ignoring_ascii_case(path.extension().string(), ending);
}

/// Entries of a folder, by name; bounded.
std::vector<fs::path> entries_of(const fs::path& folder) {
    std::vector<fs::path> entries;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
        if (entries.size() == kMaxFolderEntries) {
            throw Error(fmt::format("package {} has more than {} files", folder.string(), kMaxFolderEntries),
                        "name the folder of the INF");
        }
        entries.push_back(it->path());
    }
    if (failure) {
        throw Error(fmt::format("cannot read package {}: {}", folder.string(), failure.message()), "check the folder");
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

/// `relative` below `folder`, each part in whatever case it is written on the disk; empty: it is not there.
fs::path find_file(const fs::path& folder, const std::string& relative) {
    fs::path at = folder;
    for (const fs::path& part : fs::path(relative)) {
        if (part == "..") return {};
        const auto entries = entries_of(at);
        const auto found = std::find_if(entries.begin(), entries.end(), [&](const fs::path& entry) {
            return equal_ignoring_ascii_case(entry.filename().string(), part.string());
        });
        if (found == entries.end()) return {};
        at = *found;
    }
    std::error_code ignored;
    return fs::is_regular_file(at, ignored) ? at : fs::path();
}

// Ids of devices that hang on what nanont does not have, and what that is.
struct ForeignBus {
    std::string_view prefix;
    std::string_view why;
};
constexpr ForeignBus kForeignBuses[] = {
    {"USB\\", "a USB device: nanont has no USB"},
    {"HDAUDIO\\", "an HD Audio function: that is WaveRT's, which nanont has not"},
    {"INTELAUDIO\\", "an Intel Smart Sound function: nanont has no such bus"},
    {"BTHENUM\\", "a Bluetooth device: nanont has no Bluetooth"},
    {"1394\\", "an IEEE 1394 device: nanont has no such bus"},
    {"SWENUM\\", "a device of the software enumerator: nanont has none"},
    {"SW\\", "a device of the software enumerator: nanont has none"},
    {"SWC\\", "a software component, which another driver makes"},
    {"PCMCIA\\", "a PC Card: nanont has no such bus"},
};

std::vector<std::string> ids_of(const InfModel& model) {
    std::vector<std::string> ids;
    if (!model.hardware_id.empty()) ids.push_back(model.hardware_id);
    ids.insert(ids.end(), model.compatible_ids.begin(), model.compatible_ids.end());
    return ids;
}

/// Ids that somebody makes by hand: "ROOT\NAME", or a name without an enumerator.
bool is_root_id(const std::string& id) {
    return inf_lower(id).rfind("root\\", 0) == 0 ||
           (id.find('\\') == std::string::npos && id.find('*') == std::string::npos);
}

std::string root_device_id(const std::string& id) {
    const std::string name = inf_lower(id).rfind("root\\", 0) == 0 ? id.substr(5) : id;
    std::string clean = "ROOT\\";
    for (const char c : name.substr(0, 58))
        clean += c > ' ' && c <= '~' && c != ',' && c != '\\' ? c : '_';
    return clean;
}

/// Which of the INF's devices this machine can be: one of its own first, else a root-enumerated one.
void choose_model(const InfFile& inf, Package& package, const PackageOptions& options) {
    std::vector<InfModel> models = package.facts->models;
    if (!options.id.empty()) {
        std::erase_if(models, [&options](const InfModel& model) {
            const auto ids = ids_of(model);
            return std::none_of(ids.begin(), ids.end(),
                                [&](const std::string& id) { return equal_ignoring_ascii_case(id, options.id); });
        });
        if (models.empty())
            throw Error(fmt::format("{} names no device {} for amd64", package.inf.string(), options.id),
                        "its devices: \"mpulab inspect " + package.inf.string() + "\"");
    }
    for (const MachineDevice& device : options.devices) {
        for (const std::string& wanted : device.ids) {
            for (const InfModel& model : models) {
                for (const std::string& id : ids_of(model)) {
                    if (!equal_ignoring_ascii_case(id, wanted)) continue;
                    package.model = model;
                    package.card = device.card;
                    package.device_id = device.device_id; // however the INF names it
                    return;
                }
            }
        }
    }
    std::string others;
    unsigned line = models.front().line;
    std::string_view why;
    for (const InfModel& model : models) {
        for (const std::string& id : ids_of(model)) {
            if (is_root_id(id)) {
                package.model = model;
                package.root = true;
                package.root_id = package.device_id = root_device_id(id);
                return;
            }
            for (const ForeignBus& bus : kForeignBuses) {
                if (inf_lower(id).rfind(inf_lower(bus.prefix), 0) == 0 && why.empty()) {
                    why = bus.why;
                    line = model.line;
                }
            }
            if (others.size() < 120) others += (others.empty() ? "" : ", ") + inf_excerpt(id);
        }
    }
    std::string here;
    for (const MachineDevice& device : options.devices)
        here += (here.empty() ? "" : ", ") + device.ids.back();
    throw inf.error(
        line, fmt::format("the devices {}{}{}", others, why.empty() ? "" : "; the first is ", why),
        fmt::format("one of this machine's ({}) or a root-enumerated one (ROOT\\NAME)", here.empty() ? "none" : here));
}

Package read_package(const fs::path& path, const PackageOptions& options) {
    const InfFile inf = InfFile::parse(read_file(path, kMaxInfBytes, "INF"), path.string());
    Package package;
    package.inf = path;
    package.facts = read_inf_facts(inf, options.target);
    choose_model(inf, package, options);
    package.install = read_inf_install(inf, *package.model);
    const InfService& service = package.install->service;
    package.service = service.name;
    const std::string relative = inf_source_path(inf, *package.install, service.file);
    package.driver = find_file(path.parent_path().empty() ? fs::path(".") : path.parent_path(), relative);
    if (package.driver.empty()) {
        throw inf.error(service.line,
                        fmt::format("the driver {}, which is not in the package at {}", inf_excerpt(service.file),
                                    inf_excerpt(relative)),
                        "that file in the package's folder");
    }
    package.image = read_file(package.driver, kMaxDriverBytes, "driver");
    package.notes = package.facts->notes;
    for (const std::string& needs : package.install->needs)
        package.notes.push_back(fmt::format("Needs {}: of Windows' own INFs, not read", inf_excerpt(needs)));
    if (!package.facts->catalog.empty() &&
        find_file(path.parent_path().empty() ? fs::path(".") : path.parent_path(), package.facts->catalog).empty()) {
        package.notes.push_back(
            fmt::format("CatalogFile {} is not in the package: it is not signed", inf_excerpt(package.facts->catalog)));
    }
    return package;
}

Package from_folder(const fs::path& folder, const PackageOptions& options) {
    std::vector<fs::path> infs;
    for (const fs::path& entry : entries_of(folder)) {
        if (has_ending(entry, ".inf")) infs.push_back(entry);
    }
    if (infs.empty())
        throw Error(fmt::format("there is no INF in package {}", folder.string()),
                    "name the folder that has one, or a .sys");
    if (infs.size() == 1) return read_package(infs.front(), options);
    // Beside the driver's INF others may lie (extensions, components): the one that can be run is meant.
    std::vector<Package> packages;
    std::string names;
    std::string first_reason;
    for (const fs::path& inf : infs) {
        names += (names.empty() ? "" : ", ") + inf.filename().string();
        try {
            packages.push_back(read_package(inf, options));
        } catch (const Error& error) {
            if (first_reason.empty()) first_reason = error.what();
        }
    }
    if (packages.size() == 1) return std::move(packages.front());
    if (packages.empty()) {
        throw Error(fmt::format("none of the INFs in package {} ({}) can be run; {}", folder.string(),
                                inf_excerpt(names), first_reason),
                    "name one of them instead of the folder to hear of it alone");
    }
    throw Error(
        fmt::format("{} INFs in package {} can be run: {}", packages.size(), folder.string(), inf_excerpt(names)),
        "name one of them instead of the folder");
}

} // namespace

Package bare_package(const fs::path& driver) {
    Package package;
    package.driver = driver;
    package.image = read_file(driver, kMaxDriverBytes, "driver");
    if (std::string_view(reinterpret_cast<const char*>(package.image.data()), package.image.size())
            .starts_with("PK\3\4"))
        throw Error(fmt::format("{} is a zip archive", driver.string()), "unpack it, and name the folder with its INF");
    package.service = driver.stem().string();
    return package;
}

Package load_package(const fs::path& path, const PackageOptions& options) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (!fs::exists(status)) {
        throw Error(fmt::format("there is no package at {}", path.string()),
                    "name a folder with an INF, an INF, or a .sys");
    }
    if (fs::is_directory(status)) return from_folder(path, options);
    return has_ending(path, ".inf") ? read_package(path, options) : bare_package(path);
}

std::string boot_config(const Package& package) {
    std::string text = fmt::format("driver={}\nservice={}\n", package.driver.filename().string(), package.service);
    if (package.root) {
        text += "root=" + package.root_id;
        if (package.resources) {
            text += fmt::format(" ports={:#x}-{:#x}", package.resources->first_port, package.resources->last_port);
            if (package.resources->irq) text += fmt::format(" irq={}", *package.resources->irq);
        }
        text += '\n';
    } else if (package.model) {
        for (const std::string& id : ids_of(*package.model))
            text += fmt::format("id={}\n", id);
    }
    return text;
}

} // namespace mpulab
