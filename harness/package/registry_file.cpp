// SPDX-License-Identifier: MIT
#include "package/registry_file.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace mpulab {
namespace {

const std::string kControlSet = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet";

/// A registry under construction: keys in the order they came, names compared without case.
class Registry {
  public:
    struct Key {
        std::string path;
        std::vector<RegEntry> values;
    };

    Key& key(const std::string& path) {
        const auto [entry, is_new] = by_path_.try_emplace(inf_lower(path), keys_.size());
        if (is_new) keys_.push_back({path, {}});
        return keys_[entry->second];
    }

    void set(const std::string& path, const std::string& name, std::string text, RegType type = RegType::Sz) {
        RegEntry entry;
        entry.name = name;
        entry.type = type;
        entry.text = {std::move(text)};
        put(path, std::move(entry));
    }

    void set(const std::string& path, const std::string& name, uint32_t number) {
        RegEntry entry;
        entry.name = name;
        entry.type = RegType::Dword;
        append_pod(entry.data, number);
        put(path, std::move(entry));
    }

    /// As setup does it: flags say what becomes of a value that is there.
    void put(const std::string& path, RegEntry entry) {
        Key& target = key(path);
        if (entry.key_only) return;
        const auto old = std::find_if(target.values.begin(), target.values.end(), [&](const RegEntry& value) {
            return equal_ignoring_ascii_case(value.name, entry.name);
        });
        if (entry.deletes) {
            if (old != target.values.end()) target.values.erase(old);
        } else if (old == target.values.end()) {
            target.values.push_back(std::move(entry));
        } else if (entry.append && old->type == RegType::MultiSz) {
            old->text.insert(old->text.end(), entry.text.begin(), entry.text.end());
        } else if (!entry.only_new) {
            *old = std::move(entry);
        }
    }

    const std::vector<Key>& keys() const { return keys_; }

  private:
    std::vector<Key> keys_;
    std::map<std::string, size_t> by_path_;
};

/// UTF-16LE bytes of UTF-8 `text`, with its zero.
void append_utf16(Bytes& out, const std::string& text) {
    const auto unit = [&out](uint32_t u) {
        out.push_back(static_cast<uint8_t>(u));
        out.push_back(static_cast<uint8_t>(u >> 8));
    };
    for (size_t i = 0; i < text.size();) {
        const auto byte = static_cast<uint8_t>(text[i]);
        const size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4; // the decoder left valid UTF-8
        uint32_t c = length == 1 ? byte : byte & (0x7fu >> length);
        for (size_t k = 1; k < length && i + k < text.size(); ++k)
            c = c << 6 | (static_cast<uint8_t>(text[i + k]) & 0x3f);
        i += length;
        if (c < 0x10000) {
            unit(c);
        } else {
            unit(0xd800 + ((c - 0x10000) >> 10));
            unit(0xdc00 + ((c - 0x10000) & 0x3ff));
        }
    }
    unit(0);
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string hex(RegType type, const Bytes& bytes) {
    std::string out = type == RegType::Binary ? "hex:" : fmt::format("hex({:x}):", static_cast<uint32_t>(type));
    for (size_t i = 0; i < bytes.size(); ++i)
        out += fmt::format("{}{:02x}", i ? "," : "", bytes[i]);
    return out;
}

std::string value_text(const RegEntry& entry) {
    Bytes bytes = entry.data;
    switch (entry.type) {
    case RegType::Sz:
        return quoted(entry.text.front()); // one line: an INF's value cannot have a line's end
    case RegType::ExpandSz:
        append_utf16(bytes, entry.text.front());
        break;
    case RegType::MultiSz:
        for (const std::string& text : entry.text)
            append_utf16(bytes, text);
        bytes.insert(bytes.end(), 2, 0);
        break;
    case RegType::Dword:
        return fmt::format("dword:{:08x}", read_pod<uint32_t>(bytes, 0));
    default:
        break;
    }
    return hex(entry.type, bytes);
}

/// Puts a section's entries below `relative` (HKR), or where their own root says.
void put_all(Registry& registry, const std::string& relative, const std::vector<RegEntry>& entries,
             std::vector<std::string>& notes) {
    for (const RegEntry& entry : entries) {
        std::string path;
        if (equal_ignoring_ascii_case(entry.root, "HKR")) {
            path = relative;
        } else if (equal_ignoring_ascii_case(entry.root, "HKLM")) {
            path = "HKEY_LOCAL_MACHINE";
        } else {
            notes.push_back(fmt::format("line {}: {}\\{} is no business of the kernel: left out", entry.line,
                                        inf_excerpt(entry.root), inf_excerpt(entry.subkey)));
            continue;
        }
        if (path == "HKEY_LOCAL_MACHINE" && entry.subkey.empty()) continue;
        std::string subkey = entry.subkey;
        while (!subkey.empty() && subkey.front() == '\\')
            subkey.erase(0, 1);
        while (!subkey.empty() && subkey.back() == '\\')
            subkey.pop_back();
        registry.put(subkey.empty() ? path : path + "\\" + subkey, entry);
    }
}

/// A device the driver is given: where it stands in Enum, and its number there.
struct Instance {
    std::string device_id; // "ACPI\PNPB006"
    std::string instance;  // "0"
    size_t unit;
};

void put_device(Registry& registry, const Package& package, const Instance& device, std::vector<std::string>& notes) {
    const InfInstall& install = *package.install;
    const std::string software =
        fmt::format("{}\\Control\\Class\\{}\\{:04}", kControlSet, package.facts->class_guid, device.unit);
    registry.set(software, "DriverDesc", package.model->description);
    registry.set(software, "ProviderName", package.facts->provider);
    registry.set(software, "DriverDate", package.facts->driver_date);
    registry.set(software, "DriverVersion", package.facts->driver_version);
    registry.set(software, "InfSection", package.model->install);
    registry.set(software, "MatchingDeviceId", inf_lower(package.model->hardware_id));
    put_all(registry, software, install.device_values, notes);

    const std::string hardware =
        fmt::format("{}\\Enum\\{}\\{}\\Device Parameters", kControlSet, device.device_id, device.instance);
    put_all(registry, hardware, install.hardware_values, notes);

    std::string path = device.device_id + "#" + device.instance;
    std::replace(path.begin(), path.end(), '\\', '#');
    for (const InfInterface& entry : install.interfaces) {
        const std::string key = fmt::format("{0}\\Control\\DeviceClasses\\{1}\\##?#{2}#{1}\\#{3}\\Device Parameters",
                                            kControlSet, entry.category, path, entry.reference);
        registry.key(key);
        put_all(registry, key, entry.values, notes);
    }
}

} // namespace

std::string registry_file(const Package& package, size_t cards, std::vector<std::string>& notes) {
    if (!package.install) return "";
    Registry registry;
    const InfService& service = package.install->service;
    const std::string key = kControlSet + "\\Services\\" + service.name;
    registry.set(key, "Type", service.type);
    registry.set(key, "Start", service.start);
    registry.set(key, "ErrorControl", service.error_control);
    registry.set(key, "ImagePath", "system32\\drivers\\" + service.file, RegType::ExpandSz);
    if (!service.display_name.empty()) registry.set(key, "DisplayName", service.display_name);
    put_all(registry, key, service.values, notes);

    if (package.root) {
        put_device(registry, package, {package.device_id, fmt::format("{:04}", cards), cards}, notes);
    } else {
        for (size_t unit = 0; unit < cards; ++unit)
            put_device(registry, package, {package.device_id, fmt::format("{}", unit), unit}, notes);
    }

    std::string text = "Windows Registry Editor Version 5.00\n";
    for (const Registry::Key& entry : registry.keys()) {
        text += fmt::format("\n[{}]\n", entry.path);
        for (const RegEntry& value : entry.values)
            text += fmt::format("{}={}\n", value.name.empty() ? "@" : quoted(value.name), value_text(value));
    }
    return text;
}

} // namespace mpulab
