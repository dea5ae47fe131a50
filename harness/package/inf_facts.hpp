// SPDX-License-Identifier: MIT
// What an INF says about a driver, as Windows' setup would read it for amd64: device ids, the section to install,
// service, registry values, interfaces. (reference portcls-midi.md §8; "INF File Sections and Directives",
// learn.microsoft.com.)
#pragma once

#include "package/inf_file.hpp"

#include <cstdint>
#include <optional>

namespace mpulab {

/// A Windows version as INFs write it: 10.0, build 19045.
struct WindowsVersion {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned build = 0;

    auto operator<=>(const WindowsVersion&) const = default;
    std::string text() const; // "10.0.19045"; without a build "6.1"
};

/// REG_* types.
enum class RegType : uint32_t { None = 0, Sz = 1, ExpandSz = 2, Binary = 3, Dword = 4, MultiSz = 7, Qword = 11 };

/// One value (or, `key_only`, a key) that an AddReg line makes.
struct RegEntry {
    std::string root;   // "HKR", "HKLM", …
    std::string subkey; // below it; empty: the root itself
    std::string name;   // empty: the key's default value
    RegType type = RegType::Sz;
    std::vector<std::string> text; // Sz, ExpandSz: one; MultiSz: all
    Bytes data;                    // every other type
    bool key_only = false;
    bool deletes = false;  // DELVAL, or of a DelReg section
    bool only_new = false; // NOCLOBBER: not over a value that is there
    bool append = false;   // APPEND: to the MultiSz that is there
    unsigned line = 0;
};

/// AddInterface: a device interface the INF prepares, and its values (HKR: the interface's key).
struct InfInterface {
    std::string category;  // "{6994ad04-93ef-11d0-a3cc-00a0c9223196}", in lower case
    std::string reference; // what PcRegisterSubdevice must be called with
    std::vector<RegEntry> values;
    unsigned line = 0;
};

/// A device the INF names for amd64.
struct InfModel {
    std::string description;
    std::string install; // section, undecorated
    std::string hardware_id;
    std::vector<std::string> compatible_ids;
    unsigned line = 0;
};

struct InfLogConfig {
    std::string section;
    std::vector<std::string> lines; // "IOConfig=330-331", as they stand there
};

struct InfService {
    std::string name;
    std::string display_name;
    uint32_t type = 1;
    uint32_t start = 3;
    uint32_t error_control = 1;
    std::string binary;           // "%12%\x.sys", as it stands there
    std::string file;             // "x.sys"
    std::vector<RegEntry> values; // HKR: the service's key
    unsigned line = 0;
};

/// One DDInstall section with all that belongs to it.
struct InfInstall {
    std::string section; // as chosen, with its decoration
    InfService service;
    std::vector<RegEntry> device_values;   // HKR: the device's software key
    std::vector<RegEntry> hardware_values; // HKR: its hardware key
    std::vector<InfInterface> interfaces;
    std::vector<InfLogConfig> log_configs;
    std::vector<std::string> includes; // of Windows' own INFs: noted, not read
    std::vector<std::string> needs;
};

struct InfFacts {
    std::string class_name;
    std::string class_guid; // lower case, with braces
    std::string provider;
    std::string driver_date; // of DriverVer
    std::string driver_version;
    std::string catalog; // CatalogFile[.ntamd64]
    std::string models_section;
    std::vector<InfModel> models;          // of that section
    std::optional<WindowsVersion> minimum; // by the lowest decoration for amd64; none: no version is named
    std::vector<std::string> notes;        // what is odd and does no harm
};

/// Reads [Version], [Manufacturer] and the models for amd64 on `target`. Throws Error for another class, for a package
/// without models that this Windows would take, and for what nanont does not carry: each by name.
InfFacts read_inf_facts(const InfFile& inf, const WindowsVersion& target);

/// Reads what a model's install section asks for. Throws Error; WDF drivers are refused by name.
InfInstall read_inf_install(const InfFile& inf, const InfModel& model);

/// Where a file of the package lies below its folder, by [SourceDisksNames] and [SourceDisksFiles]: "amd64/x.sys". With
/// no entry: the name itself.
std::string inf_source_path(const InfFile& inf, const InfInstall& install, const std::string& file);

} // namespace mpulab
