// SPDX-License-Identifier: MIT
// A PE32+ image written field by field from "PE Format" (learn.microsoft.com), so that a test can lie in one of them.
// Five sections: .text, .rdata (read-only), .data, .idata (imports; writable, as GNU ld makes it), .reloc.
#pragma once

#include "pe_image.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace pe {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kPe = 0x80;            // e_lfanew
constexpr uint32_t kFileHeader = kPe + 4; // 20 bytes
constexpr uint32_t kOptional = kPe + 24;  // 112 bytes, then the directories
constexpr uint32_t kDirectories = kOptional + 112;
constexpr uint32_t kSections = kDirectories + 16 * 8;
constexpr uint32_t kRaw = 0x400; // of the first section
constexpr uint32_t kText = 0x1000, kRdata = 0x2000, kData = 0x3000, kIdata = 0x4000, kReloc = 0x5000;
constexpr uint32_t kImageSize = 0x6000;
constexpr uint64_t kBase = 0x10000;

template <typename T> void put(Bytes& bytes, size_t at, T value) {
    if (bytes.size() < at + sizeof(T)) bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}
template <typename T> T get(const Bytes& bytes, size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}
inline void put_text(Bytes& bytes, size_t at, const std::string& text) {
    if (bytes.size() < at + text.size() + 1) bytes.resize(at + text.size() + 1);
    std::memcpy(bytes.data() + at, text.c_str(), text.size() + 1);
}

/// Where an RVA of one of the sections lies in the file.
constexpr size_t file_offset(uint32_t rva) {
    return kRaw + (rva - kText) / 0x1000 * 0x200 + rva % 0x1000;
}
constexpr size_t directory(nanont::PeDirectory which) {
    return kDirectories + static_cast<size_t>(which) * 8;
}
constexpr size_t section(size_t index) {
    return kSections + index * 40;
}

inline void put_section(Bytes& file, size_t index, const char* name, uint32_t rva, uint32_t characteristics) {
    const size_t at = section(index);
    std::memcpy(file.data() + at, name, std::strlen(name));
    put<uint32_t>(file, at + 8, 0x200); // VirtualSize
    put<uint32_t>(file, at + 12, rva);
    put<uint32_t>(file, at + 16, 0x200); // SizeOfRawData
    put<uint32_t>(file, at + 20, static_cast<uint32_t>(file_offset(rva)));
    put<uint32_t>(file, at + 36, characteristics);
}

inline void put_imports(Bytes& file) {
    // .idata: two descriptors and an empty one; "a.sys": One by name, ordinal 7; "b.dll": Two by name, no lookup table.
    const size_t at = file_offset(kIdata);
    put<uint32_t>(file, at + 0, kIdata + 0x60);       // OriginalFirstThunk
    put<uint32_t>(file, at + 12, kIdata + 0xc0);      // Name
    put<uint32_t>(file, at + 16, kIdata + 0x80);      // FirstThunk
    put<uint32_t>(file, at + 20 + 12, kIdata + 0xd0); // second: OriginalFirstThunk 0
    put<uint32_t>(file, at + 20 + 16, kIdata + 0xa0);
    put<uint64_t>(file, at + 0x60, kIdata + 0xe0);
    put<uint64_t>(file, at + 0x68, 1ull << 63 | 7);
    put<uint64_t>(file, at + 0x80, kIdata + 0xe0);
    put<uint64_t>(file, at + 0x88, 1ull << 63 | 7);
    put<uint64_t>(file, at + 0xa0, kIdata + 0xf0);
    put_text(file, at + 0xc0, "a.sys");
    put_text(file, at + 0xd0, "b.dll");
    put_text(file, at + 0xe2, "One");
    put_text(file, at + 0xf2, "Two");
    put<uint32_t>(file, directory(nanont::PeDirectory::Import), kIdata);
    put<uint32_t>(file, directory(nanont::PeDirectory::Import) + 4, 60);
}

inline void put_exports(Bytes& file) {
    // .rdata: four functions from ordinal 5 on: Alpha, (5+1: hole), Gamma, Forward (a forwarder to b.dll.X).
    const size_t at = file_offset(kRdata);
    put<uint32_t>(file, at + 16, 5); // OrdinalBase
    put<uint32_t>(file, at + 20, 4); // functions
    put<uint32_t>(file, at + 24, 3); // names
    put<uint32_t>(file, at + 28, kRdata + 0x40);
    put<uint32_t>(file, at + 32, kRdata + 0x60);
    put<uint32_t>(file, at + 36, kRdata + 0x80);
    const uint32_t functions[] = {kText + 0x10, 0, kText + 0x30, kRdata + 0xc0};
    const uint32_t names[] = {kRdata + 0x90, kRdata + 0xa0, kRdata + 0xb0};
    const uint16_t ordinals[] = {0, 3, 2};
    for (size_t i = 0; i < 4; ++i)
        put(file, at + 0x40 + i * 4, functions[i]);
    for (size_t i = 0; i < 3; ++i) {
        put(file, at + 0x60 + i * 4, names[i]);
        put(file, at + 0x80 + i * 2, ordinals[i]);
    }
    put_text(file, at + 0x90, "Alpha");
    put_text(file, at + 0xa0, "Forward");
    put_text(file, at + 0xb0, "Gamma");
    put_text(file, at + 0xc0, "b.X");
    put<uint32_t>(file, directory(nanont::PeDirectory::Export), kRdata);
    put<uint32_t>(file, directory(nanont::PeDirectory::Export) + 4, 0x100);
}

inline void put_relocations(Bytes& file) {
    // .data holds two absolute addresses, at 0x10 and 0x18; the block is padded to 12 bytes.
    put<uint64_t>(file, file_offset(kData) + 0x10, kBase + kText + 0x10);
    put<uint64_t>(file, file_offset(kData) + 0x18, kBase + kData);
    const size_t at = file_offset(kReloc);
    put<uint32_t>(file, at, kData);
    put<uint32_t>(file, at + 4, 16);
    put<uint16_t>(file, at + 8, 0xa010);
    put<uint16_t>(file, at + 10, 0xa018);
    put<uint32_t>(file, directory(nanont::PeDirectory::Relocation), kReloc);
    put<uint32_t>(file, directory(nanont::PeDirectory::Relocation) + 4, 16);
}

/// A good image.
inline Bytes make() {
    Bytes file(kRaw + 5 * 0x200);
    put<uint16_t>(file, 0, 0x5a4d);
    put<uint32_t>(file, 0x3c, kPe);
    put<uint32_t>(file, kPe, 0x00004550);
    put<uint16_t>(file, kFileHeader, 0x8664);
    put<uint16_t>(file, kFileHeader + 2, 5); // NumberOfSections
    put<uint16_t>(file, kFileHeader + 16, 112 + 128);
    put<uint16_t>(file, kFileHeader + 18, 0x0022); // EXECUTABLE_IMAGE, LARGE_ADDRESS_AWARE
    put<uint16_t>(file, kOptional, 0x20b);
    put<uint32_t>(file, kOptional + 16, kText); // AddressOfEntryPoint
    put<uint64_t>(file, kOptional + 24, kBase);
    put<uint32_t>(file, kOptional + 32, 0x1000);
    put<uint32_t>(file, kOptional + 36, 0x200);
    put<uint32_t>(file, kOptional + 56, kImageSize);
    put<uint32_t>(file, kOptional + 60, kRaw); // SizeOfHeaders
    put<uint16_t>(file, kOptional + 68, 1);    // native
    put<uint16_t>(file, kOptional + 70, 0x0160);
    put<uint32_t>(file, kOptional + 108, 16);
    put_section(file, 0, ".text", kText, 0x60000020);
    put_section(file, 1, ".rdata", kRdata, 0x40000040);
    put_section(file, 2, ".data", kData, 0xc0000040);
    put_section(file, 3, ".idata", kIdata, 0xc0000040);
    put_section(file, 4, ".reloc", kReloc, 0x42000040);
    put_imports(file);
    put_exports(file);
    put_relocations(file);
    return file;
}

inline nanont::ConstBytes view(const Bytes& bytes) {
    return {bytes.data(), bytes.size()};
}

/// A parsed file, laid out in memory of its own.
struct Laid {
    nanont::PeImage image{};
    nanont::Defect defect{};
    bool parsed = false;
    Bytes memory;

    explicit Laid(const Bytes& file) {
        parsed = nanont::parse_image(view(file), image, defect);
        if (!parsed) return;
        memory.resize(image.size_of_image);
        nanont::lay_out_image(view(file), image, mutable_view());
    }
    nanont::MutableBytes mutable_view() { return {memory.data(), memory.size()}; }
};

} // namespace pe
