// SPDX-License-Identifier: MIT
#include "inspect/image_notes.hpp"

#include "inspect/offers.hpp"
#include "nanont/common/pe_image.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace mpulab {
namespace {

constexpr size_t kResource = 2, kSecurity = 4, kRelocation = 5, kDebug = 6, kLoadConfig = 10; // data directories
constexpr uint16_t kGuardCf = 0x4000;                                                         // DllCharacteristics
constexpr uint32_t kCodeView = 2;         // type of a debug directory entry
constexpr uint32_t kVersionResource = 16; // RT_VERSION
constexpr size_t kCookieOffset = 0x58;    // SecurityCookie of a 64-bit load configuration
constexpr size_t kMaxEntries = 64;        // of a debug directory, of a resource directory's level
constexpr size_t kMaxPath = 1024;
constexpr size_t kMaxStrings = 64; // of a version resource

/// A parsed image and its bytes, read by RVA.
class View {
  public:
    View(ByteView file, const nanont::PeImage& image) : file_(file), image_(image) {}

    /// What the file has from `rva` to its section's end; empty: nothing is there.
    ByteView at(uint64_t rva) const {
        for (size_t i = 0; i < image_.section_count; ++i) {
            const nanont::PeSection& s = image_.sections[i];
            if (rva < s.rva || rva - s.rva >= s.file_size) continue;
            const uint64_t offset = s.file_offset + (rva - s.rva);
            if (offset >= file_.size()) return {};
            return file_.subspan(offset, std::min<uint64_t>(s.file_size - (rva - s.rva), file_.size() - offset));
        }
        return {};
    }
    ByteView directory(size_t which) const {
        const nanont::PeDirectoryEntry entry = image_.directories[which];
        if (entry.rva == 0) return {};
        const ByteView bytes = at(entry.rva);
        return bytes.first(std::min<size_t>(bytes.size(), entry.size));
    }
    ByteView file() const { return file_; }

  private:
    ByteView file_;
    const nanont::PeImage& image_;
};

template <typename T> T get(ByteView bytes, size_t offset) {
    return offset <= bytes.size() && sizeof(T) <= bytes.size() - offset ? read_pod<T>(bytes, offset) : T{};
}

ByteView from(ByteView bytes, size_t offset) {
    return offset < bytes.size() ? bytes.subspan(offset) : ByteView{};
}

std::optional<PdbId> read_pdb(const View& view) {
    const ByteView directory = view.directory(kDebug);
    for (size_t i = 0; i < kMaxEntries && (i + 1) * 28 <= directory.size(); ++i) {
        const ByteView entry = directory.subspan(i * 28, 28);
        if (get<uint32_t>(entry, 12) != kCodeView) continue;
        // "RSDS", GUID, age, path
        const ByteView record = view.at(get<uint32_t>(entry, 20));
        if (record.size() < 25 || get<uint32_t>(record, 0) != 0x53445352) continue;
        PdbId pdb;
        pdb.guid = guid_text(get<Guid>(record, 4));
        pdb.age = get<uint32_t>(record, 20);
        for (size_t k = 24; k < record.size() && k < 24 + kMaxPath && record[k] != 0; ++k)
            pdb.path += static_cast<char>(record[k] < 0x20 || record[k] == 0x7f ? '?' : record[k]);
        return pdb;
    }
    return std::nullopt;
}

/// First leaf below the entry with `id` (any, for 0) of a resource directory at `offset`; 0: none. `depth` bounds
/// loops.
size_t resource_leaf(ByteView resources, size_t offset, uint32_t id, unsigned depth) {
    const ByteView table = from(resources, offset);
    const size_t named = get<uint16_t>(table, 12);
    const size_t count = std::min<size_t>(named + get<uint16_t>(table, 14), kMaxEntries);
    for (size_t i = 0; i < count; ++i) {
        const auto name = get<uint32_t>(table, 16 + i * 8);
        const auto target = get<uint32_t>(table, 20 + i * 8);
        if (id != 0 && name != id) continue;
        if ((target & 0x80000000u) == 0) return target;
        if (depth != 0) return resource_leaf(resources, target & 0x7fffffffu, 0, depth - 1);
    }
    return 0;
}

/// Zero-terminated UTF-16 as ASCII; other characters become '?'. `after`: offset behind its zero.
std::string short_text(ByteView bytes, size_t offset, size_t& after) {
    std::string text;
    size_t at = offset;
    for (; at + 1 < bytes.size() && get<uint16_t>(bytes, at) != 0; at += 2) {
        const auto unit = get<uint16_t>(bytes, at);
        if (text.size() < kMaxPath)
            text += unit >= 0x20 && unit < 0x7f ? static_cast<char>(unit) : unit == 0xa9 ? 'c' : '?';
    }
    after = at + 2;
    return text;
}

size_t aligned(size_t offset) {
    return (offset + 3) & ~size_t{3};
}

/// A block of VS_VERSIONINFO: length, value length, type, key, then its value or its children, each at a multiple of 4.
void read_strings(ByteView block, unsigned depth, ImageNotes& notes) {
    const size_t length = std::min<size_t>(get<uint16_t>(block, 0), block.size());
    if (length < 6) return;
    block = block.first(length);
    const size_t value_units = get<uint16_t>(block, 2);
    size_t at = 0;
    const std::string key = short_text(block, 6, at);
    at = aligned(at);
    if (depth == 3) { // root → StringFileInfo → language → here: a string
        size_t end = 0;
        if (value_units != 0 && notes.version.size() < kMaxStrings)
            notes.version.emplace_back(key, short_text(block, at, end));
        return;
    }
    if (depth == 0) at = aligned(at + value_units); // VS_FIXEDFILEINFO, in bytes
    if (depth == 1 && key != "StringFileInfo") return;
    for (size_t i = 0; i < kMaxStrings && at + 6 <= block.size(); ++i) {
        const size_t child = get<uint16_t>(block, at);
        if (child < 6) return;
        read_strings(block.subspan(at), depth + 1, notes);
        at = aligned(at + child);
    }
}

void read_version(const View& view, ImageNotes& notes) {
    const ByteView resources = view.directory(kResource);
    const size_t leaf = resource_leaf(resources, 0, kVersionResource, 2);
    if (leaf == 0) return;
    const ByteView data = view.at(get<uint32_t>(resources, leaf));
    read_strings(data.first(std::min<size_t>(data.size(), get<uint32_t>(resources, leaf + 4))), 0, notes);
}

} // namespace

std::string PdbId::file() const {
    const size_t slash = path.find_last_of("\\/");
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

ImageNotes read_image_notes(ByteView file) {
    ImageNotes notes;
    const auto image = std::make_unique<nanont::PeImage>();
    nanont::Defect defect;
    if (!nanont::parse_image({file.data(), file.size()}, *image, defect)) return notes;
    const View view(file, *image);
    const size_t optional = size_t{get<uint32_t>(file, 0x3c)} + 24;
    notes.section_alignment = get<uint32_t>(file, optional + 32);
    for (size_t i = 0; i < image->section_count; ++i) {
        const nanont::PeSection& s = image->sections[i];
        if (s.writable() && s.executable()) notes.writable_code.push_back(s.name);
    }
    notes.relocations = image->directories[kRelocation].size != 0;
    notes.guard_cf = (image->dll_characteristics & kGuardCf) != 0;
    notes.security_cookie = get<uint64_t>(view.directory(kLoadConfig), kCookieOffset) != 0;
    notes.is_signed = image->directories[kSecurity].size != 0;
    notes.pdb = read_pdb(view);
    read_version(view, notes);
    return notes;
}

std::string mapped_whole_remark(uint64_t section_alignment) {
    return fmt::format(
        "section alignment 0x{:x} is below a page: it is mapped whole, writable and executable throughout",
        section_alignment);
}

std::vector<std::string> ImageNotes::remarks() const {
    std::vector<std::string> lines;
    if (section_alignment != 0 && section_alignment < nanont::kPageSize)
        lines.push_back(mapped_whole_remark(section_alignment));
    for (const std::string& name : writable_code)
        lines.push_back(
            fmt::format("section {} is writable and executable: Windows with memory integrity refuses it", name));
    if (!relocations && section_alignment != 0)
        lines.push_back("no relocations: it cannot be moved from its preferred address");
    return lines;
}

} // namespace mpulab
