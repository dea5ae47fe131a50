// SPDX-License-Identifier: MIT
// A model's install section, [DDInstall] with its decoration, and the sections that hang on it.
#include "common/text.hpp"
#include "package/inf_facts.hpp"
#include "package/inf_number.hpp"
#include "package/inf_registry.hpp"
#include "package/log_config.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint32_t kAssociatedService = 0x2; // SPSVCINST_ASSOCSERVICE: this is the device's own driver
constexpr uint32_t kKernelDriver = 0x1;      // SERVICE_KERNEL_DRIVER

/// The part behind the last '\' of a path.
std::string last_component(const std::string& path) {
    const size_t slash = path.find_last_of("\\/");
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string canonical_guid(const InfFile& inf, const InfLine& line, const std::string& text) {
    const std::string guid = inf_lower(text);
    bool sound = guid.size() == 38 && guid.front() == '{' && guid.back() == '}';
    for (size_t i = 1; sound && i < 37; ++i) {
        const bool dash = i == 9 || i == 14 || i == 19 || i == 24;
        sound = dash ? guid[i] == '-' : std::string_view("0123456789abcdef").find(guid[i]) != std::string_view::npos;
    }
    if (!sound)
        throw inf.error(line.number, fmt::format("'{}' as a GUID", inf_excerpt(text)),
                        "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}");
    return guid;
}

/// A section that `line` names; an error when it is not there.
const InfSection& named_section(const InfFile& inf, const InfLine& line, const std::string& name, const char* what) {
    const InfSection* section = inf.section(name);
    if (section == nullptr) {
        throw inf.error(line.number, fmt::format("{} [{}], which is not there", what, inf_excerpt(name)),
                        fmt::format("a section [{}]", inf_excerpt(name)));
    }
    return *section;
}

uint32_t number_of(const InfFile& inf, const InfSection& section, const char* key, uint32_t otherwise) {
    const InfLine* line = section.find(key);
    if (line == nullptr) return otherwise;
    const auto number = parse_inf_number(line->value(0));
    if (!number || *number > 0xffffffff) {
        throw inf.error(line->number, fmt::format("{}={}", key, inf_excerpt(line->value(0))),
                        "a number such as 1 or 0x10");
    }
    return static_cast<uint32_t>(*number);
}

InfService read_service(const InfFile& inf, const InfLine& line) {
    InfService service;
    service.line = line.number;
    service.name = line.value(0);
    const InfSection& section = named_section(inf, line, line.value(2), "AddService names the section");
    if (const InfLine* name = section.find("DisplayName")) service.display_name = name->value(0);
    service.type = number_of(inf, section, "ServiceType", service.type);
    service.start = number_of(inf, section, "StartType", service.start);
    service.error_control = number_of(inf, section, "ErrorControl", service.error_control);
    const InfLine* binary = section.find("ServiceBinary");
    if (binary == nullptr || binary->value(0).empty()) {
        throw inf.error(section.number, fmt::format("no ServiceBinary in [{}]", section.name),
                        "one, as %12%\\driver.sys");
    }
    service.binary = binary->value(0);
    service.file = last_component(service.binary);
    if (service.file.empty() || service.file.size() > 63) {
        throw inf.error(binary->number, fmt::format("ServiceBinary={}", inf_excerpt(service.binary)),
                        "a path that ends in a file of at most 63 characters");
    }
    if (service.type != kKernelDriver) {
        throw inf.error(section.number,
                        fmt::format("ServiceType {} of the service {}", service.type, inf_excerpt(service.name)),
                        "1, a kernel driver");
    }
    service.values = read_registry_sections(inf, section);
    return service;
}

void read_services(const InfFile& inf, InfInstall& install, unsigned line) {
    const std::string name = install.section + ".Services";
    const InfSection* section = inf.section(name);
    if (section == nullptr)
        throw inf.error(line, fmt::format("no [{}]", inf_excerpt(name)), "one with the AddService of the driver");
    bool found = false;
    for (const InfLine& add : section->lines) {
        if (!equal_ignoring_ascii_case(add.key, "AddService")) continue;
        const auto flags = add.value(1).empty() ? std::optional<uint64_t>(0) : parse_inf_number(add.value(1));
        if (!flags) {
            throw inf.error(add.number, fmt::format("the flags '{}' of AddService", inf_excerpt(add.value(1))),
                            "a number such as 2");
        }
        if ((*flags & kAssociatedService) == 0) continue; // a service beside the driver
        if (add.value(0).empty()) {
            throw inf.error(add.number, "an AddService without a name",
                            "the driver's service: a null driver drives nothing");
        }
        if (found) throw inf.error(add.number, "a second AddService for the device (flag 2)", "one");
        install.service = read_service(inf, add);
        found = true;
    }
    if (!found)
        throw inf.error(section->number, fmt::format("no AddService with flag 2 in [{}]", section->name),
                        "the driver's own service");
}

void read_interfaces(const InfFile& inf, InfInstall& install) {
    const InfSection* section = inf.section(install.section + ".Interfaces");
    if (section == nullptr) return;
    for (const InfLine& line : section->lines) {
        if (!equal_ignoring_ascii_case(line.key, "AddInterface")) continue;
        InfInterface entry;
        entry.line = line.number;
        entry.category = canonical_guid(inf, line, line.value(0));
        entry.reference = line.value(1);
        if (!line.value(2).empty()) {
            entry.values =
                read_registry_sections(inf, named_section(inf, line, line.value(2), "AddInterface names the section"));
        }
        install.interfaces.push_back(std::move(entry));
    }
}

void read_log_configs(const InfFile& inf, const InfSection& section, InfInstall& install) {
    for (const InfLine& line : section.lines) {
        if (!equal_ignoring_ascii_case(line.key, "LogConfig")) continue;
        for (const std::string& name : line.values) {
            if (name.empty()) continue;
            install.log_configs.push_back(
                read_log_config(named_section(inf, line, name, "LogConfig names the section")));
        }
    }
}

/// KMDF and UMDF drivers announce themselves in [DDInstall.Wdf] and the section it names.
void refuse_wdf(const InfFile& inf, const InfInstall& install) {
    for (const InfSection& section : inf.sections()) {
        for (const char* key : {"KmdfLibraryVersion", "UmdfLibraryVersion"}) {
            if (const InfLine* line = section.find(key)) {
                throw inf.error(
                    line->number,
                    fmt::format("{} {}: a driver on the Windows Driver Frameworks", key, inf_excerpt(line->value(0))),
                    "a WDM driver on PortCls: nanont has no WDF");
            }
        }
    }
    if (const InfSection* wdf = inf.section(install.section + ".Wdf")) {
        throw inf.error(wdf->number, fmt::format("[{}]: a driver on the Windows Driver Frameworks", wdf->name),
                        "a WDM driver on PortCls: nanont has no WDF");
    }
}

/// [DDInstall.NTamd64] before [DDInstall.NT] before [DDInstall].
const InfSection& choose_section(const InfFile& inf, const InfModel& model) {
    for (const char* decoration : {".NTamd64", ".NT", ""}) {
        if (const InfSection* section = inf.section(model.install + decoration)) return *section;
    }
    throw inf.error(model.line, fmt::format("the install section [{}], which is not there", inf_excerpt(model.install)),
                    fmt::format("[{0}.NTamd64], [{0}.NT] or [{0}]", inf_excerpt(model.install)));
}

/// The entry for `file` in a [SourceDisksFiles] section with any of its decorations.
const InfLine* source_entry(const InfFile& inf, const char* base, const std::string& key) {
    for (const char* decoration : {".amd64", ""}) {
        const InfSection* section = inf.section(std::string(base) + decoration);
        if (section == nullptr) continue;
        if (const InfLine* line = section->find(key)) return line;
    }
    return nullptr;
}

/// The name a file has in the package: CopyFiles may rename it ("dest.sys,source.sys").
std::string source_name(const InfFile& inf, const InfInstall& install, const std::string& file) {
    const InfSection* section = inf.section(install.section);
    if (section == nullptr) return file;
    for (const std::string& name : section->all("CopyFiles")) {
        const InfSection* list = name.empty() || name[0] == '@' ? nullptr : inf.section(name);
        if (list == nullptr) continue;
        for (const InfLine& line : list->lines) {
            if (equal_ignoring_ascii_case(line.value(0), file)) return line.value(1).empty() ? file : line.value(1);
        }
    }
    return file;
}

} // namespace

InfInstall read_inf_install(const InfFile& inf, const InfModel& model) {
    const InfSection& section = choose_section(inf, model);
    InfInstall install;
    install.section = section.name;
    refuse_wdf(inf, install);
    for (const std::string& name : section.all("Include"))
        if (!name.empty()) install.includes.push_back(name);
    for (const std::string& name : section.all("Needs"))
        if (!name.empty()) install.needs.push_back(name);
    install.device_values = read_registry_sections(inf, section);
    if (const InfSection* hardware = inf.section(install.section + ".HW")) {
        install.hardware_values = read_registry_sections(inf, *hardware);
    }
    read_services(inf, install, model.line);
    read_interfaces(inf, install);
    read_log_configs(inf, section, install);
    return install;
}

std::string inf_source_path(const InfFile& inf, const InfInstall& install, const std::string& file) {
    const std::string name = source_name(inf, install, file);
    const InfLine* entry = source_entry(inf, "SourceDisksFiles", name);
    if (entry == nullptr) return name;
    // file=diskid[,subdir[,size]]; diskid=description[,tag file[,unused[,path]]]
    std::string path;
    if (const InfLine* disk = source_entry(inf, "SourceDisksNames", entry->value(0))) path = disk->value(3);
    std::string result;
    for (std::string part : {path, entry->value(1), name}) {
        std::replace(part.begin(), part.end(), '\\', '/');
        while (!part.empty() && part.front() == '/')
            part.erase(0, 1);
        while (!part.empty() && part.back() == '/')
            part.pop_back();
        if (part == "." || part.empty()) continue;
        result += (result.empty() ? "" : "/") + part;
    }
    return result;
}

} // namespace mpulab
