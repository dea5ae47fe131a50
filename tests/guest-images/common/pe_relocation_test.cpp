// SPDX-License-Identifier: MIT
// Laying images out and moving them.
#include "pe_builder.hpp"

#include <support/catch.hpp>

namespace {

using pe::get;
using pe::put;

constexpr uint64_t kNewBase = 0xfffff80001230000;

void refused(pe::Laid& laid, const std::string& field, uint64_t value) {
    REQUIRE(laid.parsed);
    REQUIRE_FALSE(nanont::relocate_image(laid.image, laid.mutable_view(), kNewBase, laid.defect));
    CHECK(std::string(laid.defect.field) == field);
    CHECK(laid.defect.value == value);
    CHECK(laid.defect.expected[0] != '\0');
}

/// Headers and data as in the file, with the relocation block's words replaced.
pe::Bytes with_block(uint32_t page, uint32_t size, std::vector<uint16_t> entries, uint32_t directory_size) {
    pe::Bytes file = pe::make();
    const size_t at = pe::file_offset(pe::kReloc);
    put(file, at, page);
    put(file, at + 4, size);
    for (size_t i = 0; i < entries.size(); ++i)
        put(file, at + 8 + 2 * i, entries[i]);
    put(file, pe::directory(nanont::PeDirectory::Relocation) + 4, directory_size);
    return file;
}

} // namespace

TEST_CASE("headers and sections are laid out at their addresses, and what the file lacks is zero") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::file_offset(pe::kText), 0x11223344u);
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    CHECK(get<uint16_t>(laid.memory, 0) == 0x5a4d);
    CHECK(get<uint32_t>(laid.memory, pe::kText) == 0x11223344);
    CHECK(get<uint64_t>(laid.memory, pe::kText + 0x200) == 0);
    CHECK(get<uint64_t>(laid.memory, pe::kData + 0x10) == pe::kBase + pe::kText + 0x10);
}

TEST_CASE("a moved image has its addresses moved by the distance, and knows its new base") {
    pe::Laid laid(pe::make());
    REQUIRE(laid.parsed);
    REQUIRE(nanont::relocate_image(laid.image, laid.mutable_view(), kNewBase, laid.defect));
    CHECK(get<uint64_t>(laid.memory, pe::kData + 0x10) == kNewBase + pe::kText + 0x10);
    CHECK(get<uint64_t>(laid.memory, pe::kData + 0x18) == kNewBase + pe::kData);
    CHECK(get<uint64_t>(laid.memory, pe::kOptional + 24) == kNewBase);
    CHECK(get<uint64_t>(laid.memory, pe::kData + 0x20) == 0);
}

TEST_CASE("moving it down, or not at all, is right too") {
    pe::Laid laid(pe::make());
    REQUIRE(nanont::relocate_image(laid.image, laid.mutable_view(), 0x1000, laid.defect));
    CHECK(get<uint64_t>(laid.memory, pe::kData + 0x18) == 0x1000 + pe::kData);
    pe::Laid same(pe::make());
    REQUIRE(nanont::relocate_image(same.image, same.mutable_view(), pe::kBase, same.defect));
    CHECK(get<uint64_t>(same.memory, pe::kData + 0x18) == pe::kBase + pe::kData);
}

TEST_CASE("an image without relocations is moved as it is") {
    pe::Bytes file = pe::make();
    put<uint64_t>(file, pe::directory(nanont::PeDirectory::Relocation), 0);
    pe::Laid laid(file);
    REQUIRE(nanont::relocate_image(laid.image, laid.mutable_view(), kNewBase, laid.defect));
    CHECK(get<uint64_t>(laid.memory, pe::kData + 0x10) == pe::kBase + pe::kText + 0x10);
}

TEST_CASE("a block has at least its head, an even size, and an end inside the directory") {
    for (const uint32_t size : {0u, 1u, 7u, 9u, 11u, 18u, 0xffffffffu, 0x80000000u}) {
        pe::Laid laid(with_block(pe::kData, size, {0xa010, 0xa018}, 16));
        INFO(size);
        refused(laid, "relocation block size", size);
    }
    pe::Laid laid(with_block(pe::kData, 12, {0xa010, 0xa018}, 16));
    refused(laid, "relocation block offset", 12);
}

TEST_CASE("the types the format defines for this machine are relocated, and another is named") {
    pe::Laid padding(with_block(pe::kData, 12, {0xa010, 0x0123}, 12));
    CHECK(nanont::relocate_image(padding.image, padding.mutable_view(), kNewBase, padding.defect));
    for (const int type : {1, 2, 3, 4}) {
        pe::Laid laid(with_block(pe::kData, 12, {static_cast<uint16_t>(type << 12 | 0x10), 0}, 12));
        CHECK(nanont::relocate_image(laid.image, laid.mutable_view(), kNewBase, laid.defect));
    }
    for (const int type : {5, 9, 11, 15}) {
        pe::Laid laid(with_block(pe::kData, 12, {static_cast<uint16_t>(type << 12 | 0x10), 0}, 12));
        refused(laid, "relocation type", static_cast<uint64_t>(type));
    }
}

TEST_CASE("a target lies inside the image with all of its 8 bytes") {
    pe::Laid last(with_block(pe::kImageSize - 0x1000, 12, {0xaff8, 0}, 12));
    CHECK(nanont::relocate_image(last.image, last.mutable_view(), kNewBase, last.defect));
    pe::Laid over(with_block(pe::kImageSize - 0x1000, 12, {0xaff9, 0}, 12));
    refused(over, "relocation target", pe::kImageSize - 7);
    pe::Laid far(with_block(0xffffffff, 12, {0xafff, 0}, 12));
    refused(far, "relocation target", 0xffffffffull + 0xfff);
}

TEST_CASE("a block that relocates the blocks behind it is bounded like any other") {
    // The first entry hits the size field of the second block: whatever it becomes is checked when it is read.
    pe::Bytes file = with_block(pe::kReloc, 12, {0xa00c, 0}, 24);
    const size_t second = pe::file_offset(pe::kReloc) + 12;
    put<uint32_t>(file, second, pe::kData);
    put<uint32_t>(file, second + 4, 12);
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    CHECK_FALSE(nanont::relocate_image(laid.image, laid.mutable_view(), kNewBase, laid.defect));
    CHECK(std::string(laid.defect.field) == "relocation block size");
}
