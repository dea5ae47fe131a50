// SPDX-License-Identifier: MIT
// Exports: by name and by ordinal; forwarders are none; tables that lie give nothing.
#include "pe_builder.hpp"

#include <support/catch.hpp>

namespace {

using pe::put;

constexpr size_t kTable = pe::file_offset(pe::kRdata);

uint32_t by_name(const pe::Bytes& file, const char* name) {
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    return nanont::find_export(laid.image, pe::view(laid.memory), name);
}

uint32_t by_ordinal(const pe::Bytes& file, int ordinal) {
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    return nanont::find_export(laid.image, pe::view(laid.memory), static_cast<uint16_t>(ordinal));
}

/// Alpha, Gamma, and both by ordinal are gone; none of it reads outside (the sanitizer would say).
void gives_nothing(const pe::Bytes& file) {
    CHECK(by_name(file, "Alpha") == 0);
    CHECK(by_name(file, "Gamma") == 0);
    CHECK(by_ordinal(file, 5) == 0);
    CHECK(by_ordinal(file, 7) == 0);
}

} // namespace

TEST_CASE("an export is found by its name, case and all") {
    CHECK(by_name(pe::make(), "Alpha") == pe::kText + 0x10);
    CHECK(by_name(pe::make(), "Gamma") == pe::kText + 0x30);
    for (const char* name : {"alpha", "Alph", "Alphaa", "", "Beta", "Zeta", "A"}) {
        INFO(name);
        CHECK(by_name(pe::make(), name) == 0);
    }
}

TEST_CASE("an export is found by its ordinal, counted from the table's base") {
    CHECK(by_ordinal(pe::make(), 5) == pe::kText + 0x10);
    CHECK(by_ordinal(pe::make(), 7) == pe::kText + 0x30);
    for (const int ordinal : {0, 1, 4, 6, 9, 0xffff}) { // 6 is a hole
        INFO(ordinal);
        CHECK(by_ordinal(pe::make(), ordinal) == 0);
    }
}

TEST_CASE("a forwarder is no export, neither by name nor by ordinal") {
    CHECK(by_name(pe::make(), "Forward") == 0);
    CHECK(by_ordinal(pe::make(), 8) == 0);
}

TEST_CASE("an image without an export directory, or with one too small, exports nothing") {
    pe::Bytes file = pe::make();
    put<uint64_t>(file, pe::directory(nanont::PeDirectory::Export), 0);
    gives_nothing(file);
    file = pe::make();
    put<uint32_t>(file, pe::directory(nanont::PeDirectory::Export), pe::kImageSize - 39);
    put<uint32_t>(file, pe::directory(nanont::PeDirectory::Export) + 4, 39);
    gives_nothing(file);
}

TEST_CASE("tables that do not lie inside the image give nothing") {
    for (const size_t field : {size_t{20}, size_t{24}, size_t{28}, size_t{32}, size_t{36}})
        for (const uint32_t value : {0xffffffffu, 0x40000000u, 0x7fffffffu, pe::kImageSize - 1}) {
            pe::Bytes file = pe::make();
            put(file, kTable + field, value);
            INFO("field " << field << " is " << value);
            gives_nothing(file);
        }
}

TEST_CASE("a function beyond the image is none") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, kTable + 0x40, pe::kImageSize);
    CHECK(by_name(file, "Alpha") == 0);
    put<uint32_t>(file, kTable + 0x40, 0xffffffffu);
    CHECK(by_name(file, "Alpha") == 0);
    CHECK(by_name(file, "Gamma") == pe::kText + 0x30);
}

TEST_CASE("a name's index beyond the functions is none") {
    pe::Bytes file = pe::make();
    put<uint16_t>(file, kTable + 0x80, 4);
    CHECK(by_name(file, "Alpha") == 0);
    put<uint16_t>(file, kTable + 0x80, 0xffff);
    CHECK(by_name(file, "Alpha") == 0);
}

TEST_CASE("a name that is no string in the image ends the search") {
    for (const uint32_t rva : {0xffffffffu, pe::kImageSize}) {
        pe::Bytes file = pe::make();
        put<uint32_t>(file, kTable + 0x64, rva); // the one in the middle
        CHECK(by_name(file, "Alpha") == 0);
        CHECK(by_ordinal(file, 5) == pe::kText + 0x10);
    }
}

TEST_CASE("names out of order lose exports and find no wrong one") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, kTable + 0x60, pe::kRdata + 0xb0);
    put<uint32_t>(file, kTable + 0x68, pe::kRdata + 0x90);
    for (const char* name : {"Alpha", "Gamma"}) {
        const uint32_t rva = by_name(file, name);
        CHECK((rva == 0 || rva == pe::kText + 0x10 || rva == pe::kText + 0x30));
    }
}
