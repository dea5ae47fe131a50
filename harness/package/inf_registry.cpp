// SPDX-License-Identifier: MIT
#include "package/inf_registry.hpp"

#include "common/text.hpp"
#include "package/inf_number.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

// Flags of an AddReg line ("INF AddReg Directive").
constexpr uint32_t kBinary = 0x1;
constexpr uint32_t kNoClobber = 0x2;
constexpr uint32_t kDeleteValue = 0x4;
constexpr uint32_t kAppend = 0x8;
constexpr uint32_t kKeyOnly = 0x10;
constexpr uint32_t kKeyOnlyCommon = 0x2000;
constexpr uint32_t kTypeMask = 0xffff0001;

bool known_root(const std::string& root) {
    for (const char* name : {"HKR", "HKLM", "HKCR", "HKCU", "HKU"}) {
        if (equal_ignoring_ascii_case(root, name)) return true;
    }
    return false;
}

/// "0a,00,ff": bytes in hexadecimal, one a value.
Bytes hex_bytes(const InfFile& inf, const InfLine& line) {
    Bytes bytes;
    for (size_t i = 4; i < line.values.size(); ++i) {
        if (line.values[i].empty() && i + 1 == line.values.size()) break; // a comma at the end
        const auto byte = parse_number(line.values[i], 16);
        if (!byte || *byte > 0xff) {
            throw inf.error(line.number, fmt::format("'{}' as a byte of a binary value", inf_excerpt(line.values[i])),
                            "hexadecimal 00 to ff");
        }
        bytes.push_back(static_cast<uint8_t>(*byte));
    }
    return bytes;
}

/// A number, or its bytes, least significant first.
Bytes little_endian(const InfFile& inf, const InfLine& line, size_t size) {
    if (line.values.size() == 4 + size && size != 1) return hex_bytes(inf, line);
    const std::string& text = line.value(4);
    const auto number = text.empty() ? std::optional<uint64_t>(0) : parse_inf_number(text);
    if (!number || (size == 4 && *number > 0xffffffff)) {
        throw inf.error(line.number, fmt::format("'{}' as a value of {} bits", inf_excerpt(text), size * 8),
                        "a number such as 1 or 0x10");
    }
    Bytes bytes;
    for (size_t i = 0; i < size; ++i)
        bytes.push_back(static_cast<uint8_t>(*number >> (8 * i)));
    return bytes;
}

RegEntry read_line(const InfFile& inf, const InfLine& line, bool deletes) {
    // A name with '=' in it would have been taken for a key; no registry line has one outside quotes.
    if (!line.key.empty()) {
        throw inf.error(line.number, fmt::format("'{}='", inf_excerpt(line.key)),
                        "root,[subkey],[name],[flags],[value]");
    }
    RegEntry entry;
    entry.line = line.number;
    entry.root = line.value(0);
    if (!known_root(entry.root)) {
        throw inf.error(line.number, fmt::format("the registry root '{}'", inf_excerpt(entry.root)),
                        "HKR, HKLM, HKCR, HKCU or HKU");
    }
    entry.subkey = line.value(1);
    entry.name = line.value(2);
    entry.deletes = deletes;
    if (deletes) return entry;
    const auto flags = line.value(3).empty() ? std::optional<uint64_t>(0) : parse_inf_number(line.value(3));
    if (!flags || *flags > 0xffffffff) {
        throw inf.error(line.number, fmt::format("the flags '{}'", inf_excerpt(line.value(3))),
                        "a number such as 0x00010001");
    }
    const auto bits = static_cast<uint32_t>(*flags);
    entry.only_new = (bits & kNoClobber) != 0;
    entry.deletes = (bits & kDeleteValue) != 0;
    entry.append = (bits & kAppend) != 0;
    entry.key_only = (bits & (kKeyOnly | kKeyOnlyCommon)) != 0;
    if (entry.key_only || entry.deletes) return entry;
    switch (bits & kTypeMask) {
    case 0x00000000:
        entry.type = RegType::Sz;
        entry.text = {line.value(4)};
        break;
    case 0x00020000:
        entry.type = RegType::ExpandSz;
        entry.text = {line.value(4)};
        break;
    case 0x00010000:
        entry.type = RegType::MultiSz;
        for (size_t i = 4; i < line.values.size(); ++i) {
            if (!line.values[i].empty()) entry.text.push_back(line.values[i]); // an empty string ends such a list
        }
        break;
    case 0x00010001:
        entry.type = RegType::Dword;
        entry.data = little_endian(inf, line, 4);
        break;
    case 0x000b0001:
        entry.type = RegType::Qword;
        entry.data = little_endian(inf, line, 8);
        break;
    case 0x00020001:
        entry.type = RegType::None;
        entry.data = hex_bytes(inf, line);
        break;
    case kBinary:
        entry.type = RegType::Binary;
        entry.data = hex_bytes(inf, line);
        break;
    default:
        throw inf.error(line.number, fmt::format("the flags 0x{:08x}", bits),
                        "a type that AddReg has: 0, 1, 0x10000, 0x10001, 0x20000, 0x20001 or 0xb0001");
    }
    return entry;
}

} // namespace

std::vector<RegEntry> read_registry_sections(const InfFile& inf, const InfSection& from) {
    std::vector<RegEntry> entries;
    for (const InfLine& line : from.lines) {
        const bool adds = equal_ignoring_ascii_case(line.key, "AddReg");
        if (!adds && !equal_ignoring_ascii_case(line.key, "DelReg")) continue;
        for (const std::string& name : line.values) {
            if (name.empty()) continue;
            const InfSection* section = inf.section(name);
            if (section == nullptr) {
                throw inf.error(
                    line.number,
                    fmt::format("{} names the section [{}], which is not there", line.key, inf_excerpt(name)),
                    fmt::format("a section [{}]", inf_excerpt(name)));
            }
            for (const InfLine& value : section->lines)
                entries.push_back(read_line(inf, value, !adds));
        }
    }
    return entries;
}

} // namespace mpulab
