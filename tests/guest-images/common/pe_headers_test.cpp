// SPDX-License-Identifier: MIT
// Headers of PE images: a good one is read as it is, and one lie in one field is refused by that field's name, with its
// value and what was expected.
#include "pe_builder.hpp"

#include <support/catch.hpp>

namespace {

using nanont::PeDirectory;
using pe::put;

/// Refused, for `field` being `value`.
void refused(const pe::Bytes& file, const std::string& field, uint64_t value) {
    nanont::PeImage image;
    nanont::Defect defect;
    INFO("expected a defect in " << field);
    REQUIRE_FALSE(nanont::parse_image(pe::view(file), image, defect));
    REQUIRE(defect.field != nullptr);
    CHECK(std::string(defect.field) == field);
    CHECK(defect.value == value);
    REQUIRE(defect.expected != nullptr);
    CHECK(defect.expected[0] != '\0');
}

/// The good image with `value` at `at` is refused for it.
template <typename T> void lie(size_t at, T value, const std::string& field) {
    pe::Bytes file = pe::make();
    put<T>(file, at, value);
    refused(file, field, value);
}

} // namespace

TEST_CASE("a good image is read field by field") {
    nanont::PeImage image;
    nanont::Defect defect;
    const pe::Bytes file = pe::make();
    REQUIRE(nanont::parse_image(pe::view(file), image, defect));
    CHECK(image.preferred_base == pe::kBase);
    CHECK(image.size_of_image == pe::kImageSize);
    CHECK(image.size_of_headers == pe::kRaw);
    CHECK(image.entry_rva == pe::kText);
    CHECK(image.dll_characteristics == 0x0160);
    REQUIRE(image.section_count == 5);
    CHECK(std::string(image.sections[1].name) == ".rdata");
    CHECK(image.sections[2].rva == pe::kData);
    CHECK(image.sections[2].file_offset == pe::file_offset(pe::kData));
    CHECK(image.sections[0].executable());
    CHECK_FALSE(image.sections[0].writable());
    CHECK(image.sections[2].writable());
    CHECK(image.sections[4].discardable());
    CHECK(image.directory(PeDirectory::Import).rva == pe::kIdata);
    CHECK(image.directory(PeDirectory::Relocation).size == 16);
}

TEST_CASE("what does not begin with MZ is no image, nor what is too short to") {
    refused({}, "DOS signature", 0);
    refused({'M'}, "DOS signature", 0);
    refused({'h', 'e', 'l', 'l', 'o', '!'}, "DOS signature", 0x6568);
    lie<uint16_t>(0, 0x4d5a, "DOS signature");
}

TEST_CASE("e_lfanew must lead to headers inside the file") {
    const auto size = static_cast<uint32_t>(pe::make().size());
    for (const uint32_t pe_offset : {size, size - 1, size - 135, 0xffffffffu, 0x7fffffffu})
        lie<uint32_t>(0x3c, pe_offset, "e_lfanew");
    pe::Bytes file = pe::make();
    file.resize(0x3f);
    refused(file, "e_lfanew", 0);
}

TEST_CASE("e_lfanew that leads to other bytes finds no signature") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, 0x3c, 0);
    refused(file, "PE signature", 0x5a4d);
    lie<uint32_t>(pe::kPe, 0x0000454e, "PE signature"); // NE
}

TEST_CASE("an image for another machine is refused by its number") {
    for (const int machine : {0x14c, 0xaa64, 0x1c4, 0x200, 0})
        lie<uint16_t>(pe::kFileHeader, static_cast<uint16_t>(machine), "Machine");
}

TEST_CASE("an image that is not executable, or cannot be moved, is refused") {
    lie<uint16_t>(pe::kFileHeader + 18, 0x0020, "Characteristics");
    lie<uint16_t>(pe::kFileHeader + 18, 0x0023, "Characteristics");
}

TEST_CASE("the number of sections is 1 to 96, and the table lies inside the file") {
    for (const int count : {0, 97, 0xffff})
        lie<uint16_t>(pe::kFileHeader + 2, static_cast<uint16_t>(count), "NumberOfSections");
    pe::Bytes file = pe::make();
    file.resize(pe::section(5) - 1);
    refused(file, "NumberOfSections", 5);
}

TEST_CASE("a 32-bit optional header, or none, is refused") {
    lie<uint16_t>(pe::kOptional, 0x10b, "optional header Magic");
    lie<uint16_t>(pe::kOptional, 0x107, "optional header Magic");
}

TEST_CASE("the optional header must have room for its directories, and lie inside the file") {
    lie<uint32_t>(pe::kOptional + 108, 17, "NumberOfRvaAndSizes");
    lie<uint32_t>(pe::kOptional + 108, 0xffffffff, "NumberOfRvaAndSizes");
    for (const int size : {0, 111, 112, 112 + 127, 0xffff})
        lie<uint16_t>(pe::kFileHeader + 16, static_cast<uint16_t>(size), "SizeOfOptionalHeader");
}

TEST_CASE("a program for a user is no driver") {
    for (const int subsystem : {0, 2, 3, 10, 0xffff})
        lie<uint16_t>(pe::kOptional + 68, static_cast<uint16_t>(subsystem), "Subsystem");
}

TEST_CASE("an alignment below a page that is not the file's too is refused") {
    for (const uint32_t alignment : {0u, 0x20u, 0x400u, 0x1001u, 0x1800u})
        lie<uint32_t>(pe::kOptional + 32, alignment, "SectionAlignment");
}

TEST_CASE("an alignment of a page or more is a power of two that an image can have") {
    for (const uint32_t alignment : {0x3000u, 0x2000000u, 0x80000000u, 0xfffff000u})
        lie<uint32_t>(pe::kOptional + 32, alignment, "SectionAlignment");
}

TEST_CASE("the file's alignment is a power of two from 512 to 64 K, and no larger than the sections'") {
    for (const uint32_t alignment : {0u, 1u, 0x100u, 0x300u, 0x2000u, 0x20000u, 0xffffffffu})
        lie<uint32_t>(pe::kOptional + 36, alignment, "FileAlignment");
}

TEST_CASE("the preferred base is a multiple of 64 K") {
    for (const uint64_t base : {1ull, 0x11000ull, 0xfffff80000008000ull})
        lie<uint64_t>(pe::kOptional + 24, base, "ImageBase");
}

TEST_CASE("the image's size is 1 byte to 16 MB") {
    for (const uint32_t size : {0u, 0x1000001u, 0xffffffffu, 0x80000000u})
        lie<uint32_t>(pe::kOptional + 56, size, "SizeOfImage");
}

TEST_CASE("the headers' size covers the headers and lies inside file and image") {
    for (const uint32_t size :
         {0u, static_cast<uint32_t>(pe::section(5)) - 1, 0xffffffffu, static_cast<uint32_t>(pe::make().size()) + 1})
        lie<uint32_t>(pe::kOptional + 60, size, "SizeOfHeaders");
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::kOptional + 56, 0x200);
    put<uint32_t>(file, pe::kOptional + 60, 0x1001);
    file.resize(0x2000);
    refused(file, "SizeOfHeaders", 0x1001);
}

TEST_CASE("a section starts on a page, behind the headers and the section before it") {
    for (const uint32_t rva : {0u, 0x10u, 0x1200u, 0x1001u})
        lie<uint32_t>(pe::section(1) + 12, rva, "section VirtualAddress");
    lie<uint32_t>(pe::section(1) + 12, pe::kText, "section VirtualAddress");
    lie<uint32_t>(pe::section(0) + 12, 0, "section VirtualAddress");
    pe::Bytes file = pe::make(); // .text grows into .rdata
    put<uint32_t>(file, pe::section(0) + 8, 0x1001);
    refused(file, "section VirtualAddress", pe::kRdata);
}

TEST_CASE("a section ends inside the image") {
    lie<uint32_t>(pe::section(4) + 8, 0x1001, "section VirtualSize");
    lie<uint32_t>(pe::section(4) + 8, 0xffffffff, "section VirtualSize");
    lie<uint32_t>(pe::section(0) + 8, 0xfffff000, "section VirtualSize");
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::section(4) + 12, 0xfffff000);
    refused(file, "section VirtualSize", 0x200);
}

TEST_CASE("a section's bytes lie inside the file") {
    for (const uint32_t offset : {0xffffffffu, static_cast<uint32_t>(pe::make().size()) - 0x1ffu, 0xfffffe01u})
        lie<uint32_t>(pe::section(2) + 20, offset, "section PointerToRawData");
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::section(2) + 16, 0xffffffff);
    refused(file, "section PointerToRawData", pe::file_offset(pe::kData));
}

TEST_CASE("a section without bytes in the file may point anywhere, and one without a virtual size has its file's") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::section(2) + 16, 0);
    put<uint32_t>(file, pe::section(2) + 20, 0xffffffff);
    put<uint32_t>(file, pe::section(1) + 8, 0);
    nanont::PeImage image;
    nanont::Defect defect;
    REQUIRE(nanont::parse_image(pe::view(file), image, defect));
    CHECK(image.sections[2].file_size == 0);
    CHECK(image.sections[1].virtual_size == 0x200);
}

TEST_CASE("no more of the file is taken than the section has pages") {
    pe::Bytes file = pe::make();
    file.resize(0x8000);
    put<uint32_t>(file, pe::section(0) + 16, 0x4000);
    nanont::PeImage image;
    nanont::Defect defect;
    REQUIRE(nanont::parse_image(pe::view(file), image, defect));
    CHECK(image.sections[0].file_size == 0x1000);
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    CHECK(laid.memory.size() == pe::kImageSize);
}

TEST_CASE("a section that is writable and executable is refused") {
    lie<uint32_t>(pe::section(0) + 36, 0xe0000020, "section Characteristics");
}

TEST_CASE("each directory lies inside the image, and the certificates' does not count") {
    for (uint32_t i = 0; i < 16; ++i) {
        pe::Bytes file = pe::make();
        put<uint32_t>(file, pe::kDirectories + i * 8, 0xfffffff0);
        put<uint32_t>(file, pe::kDirectories + i * 8 + 4, 0x20);
        nanont::PeImage image;
        nanont::Defect defect;
        INFO(i);
        if (i == 4) {
            CHECK(nanont::parse_image(pe::view(file), image, defect));
        } else {
            refused(file, "directory RVA", 0xfffffff0);
            put<uint32_t>(file, pe::kDirectories + i * 8, pe::kImageSize - 0x1f);
            refused(file, "directory RVA", pe::kImageSize - 0x1f);
            put<uint32_t>(file, pe::kDirectories + i * 8 + 4, 0xffffffff);
            refused(file, "directory RVA", pe::kImageSize - 0x1f);
        }
    }
}

TEST_CASE("thread-local storage is refused: nobody sets it up") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::directory(PeDirectory::Tls), pe::kRdata);
    put<uint32_t>(file, pe::directory(PeDirectory::Tls) + 4, 40);
    refused(file, "TLS directory size", 40);
}

TEST_CASE("the entry point lies in executable code, or there is none") {
    for (const uint32_t entry : {1u, pe::kText - 1, pe::kText + 0x200, pe::kData, 0xffffffffu})
        lie<uint32_t>(pe::kOptional + 16, entry, "AddressOfEntryPoint");
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::kOptional + 16, 0u);
    nanont::PeImage image;
    nanont::Defect defect;
    REQUIRE(nanont::parse_image(pe::view(file), image, defect));
    CHECK(image.entry_rva == 0);
}

TEST_CASE("an image cut anywhere is refused or has all it says, and nothing beyond the cut is read") {
    const pe::Bytes whole = pe::make();
    for (size_t size = 0; size < whole.size(); ++size) {
        const pe::Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        nanont::PeImage image;
        nanont::Defect defect;
        INFO(size);
        CHECK_FALSE(nanont::parse_image(pe::view(cut), image, defect));
    }
}

TEST_CASE("the checksum is Windows': words summed with carry, its own field as 0, plus the length") {
    pe::Bytes file = pe::make();
    file.push_back(0x5a); // an odd length
    nanont::PeImage image;
    nanont::Defect defect;
    REQUIRE(nanont::parse_image(pe::view(file), image, defect));
    uint64_t sum = 0;
    for (size_t i = 0; i < file.size(); ++i)
        sum += static_cast<uint64_t>(file[i]) << (i % 2 * 8);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    CHECK(nanont::image_checksum(pe::view(file), image) == sum + file.size());
    put<uint32_t>(file, image.checksum_offset, 0xdeadbeef);
    CHECK(nanont::image_checksum(pe::view(file), image) == sum + file.size());
    file[0x500] ^= 1;
    CHECK(nanont::image_checksum(pe::view(file), image) != sum + file.size());
}
