// SPDX-License-Identifier: MIT
// Imports: by name and by ordinal, with and without a lookup table, and every way a table can lie.
#include "pe_builder.hpp"

#include <support/catch.hpp>

namespace {

using nanont::Import;
using nanont::PeDirectory;
using pe::get;
using pe::put;

struct Binder {
    std::vector<std::string> asked;
    std::string unknown; // not resolved

    static uint64_t resolve(void* self, const Import& import) {
        auto& binder = *static_cast<Binder*>(self);
        const std::string text = std::string(import.module) + "!" +
                                 (import.name != nullptr ? import.name : "#" + std::to_string(import.ordinal));
        binder.asked.push_back(text);
        return text == binder.unknown ? 0 : 0x1000 + binder.asked.size();
    }
};

bool bind(pe::Laid& laid, Binder& binder, size_t& missing) {
    REQUIRE(laid.parsed);
    return nanont::bind_imports(laid.image, laid.mutable_view(), Binder::resolve, &binder, missing, laid.defect);
}

void refused(const pe::Bytes& file, const std::string& field, uint64_t value) {
    pe::Laid laid(file);
    Binder binder;
    size_t missing = 0;
    REQUIRE_FALSE(bind(laid, binder, missing));
    CHECK(std::string(laid.defect.field) == field);
    CHECK(laid.defect.value == value);
    CHECK(laid.defect.expected[0] != '\0');
}

constexpr size_t kTable = pe::file_offset(pe::kIdata);

} // namespace

TEST_CASE("every import is asked for once, in order, and its address is written into the table") {
    pe::Laid laid(pe::make());
    Binder binder;
    size_t missing = 99;
    REQUIRE(bind(laid, binder, missing));
    CHECK(missing == 0);
    CHECK(binder.asked == std::vector<std::string>{"a.sys!One", "a.sys!#7", "b.dll!Two"});
    CHECK(get<uint64_t>(laid.memory, pe::kIdata + 0x80) == 0x1001);
    CHECK(get<uint64_t>(laid.memory, pe::kIdata + 0x88) == 0x1002);
    CHECK(get<uint64_t>(laid.memory, pe::kIdata + 0xa0) == 0x1003);
    CHECK(get<uint64_t>(laid.memory, pe::kIdata + 0x60) == pe::kIdata + 0xe0); // the lookup table stays
}

TEST_CASE("a missing import is counted, and the others are asked for all the same") {
    pe::Laid laid(pe::make());
    Binder binder;
    binder.unknown = "a.sys!One";
    size_t missing = 0;
    REQUIRE(bind(laid, binder, missing));
    CHECK(missing == 1);
    CHECK(binder.asked.size() == 3);
    CHECK(get<uint64_t>(laid.memory, pe::kIdata + 0x80) == 0);
}

TEST_CASE("an image without an import directory imports nothing") {
    pe::Bytes file = pe::make();
    put<uint64_t>(file, pe::directory(PeDirectory::Import), 0);
    pe::Laid laid(file);
    Binder binder;
    size_t missing = 99;
    CHECK(bind(laid, binder, missing));
    CHECK(missing == 0);
    CHECK(binder.asked.empty());
}

TEST_CASE("descriptors without an empty one at the end stop at the image's end") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::directory(PeDirectory::Import), pe::kImageSize - 20);
    put<uint32_t>(file, pe::directory(PeDirectory::Import) + 4, 20);
    put<uint32_t>(file, pe::section(4) + 8, 0x1000); // .reloc fills its page
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    const uint32_t last[] = {pe::kIdata + 0x60, 0, 0, pe::kIdata + 0xc0, pe::kIdata + 0x80};
    std::memcpy(laid.memory.data() + pe::kImageSize - 20, last, 20);
    Binder binder;
    size_t missing = 0;
    CHECK_FALSE(bind(laid, binder, missing));
    CHECK(std::string(laid.defect.field) == "import descriptors");
    CHECK(laid.defect.value == 1);
}

TEST_CASE("65 modules are refused") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, pe::section(3) + 8, 0x1000);
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    const uint32_t descriptor[] = {pe::kRdata + 0x1f0, 0, 0, pe::kRdata + 0x90, pe::kRdata + 0x1f0}; // no thunk in it
    for (size_t i = 0; i < 65; ++i)
        std::memcpy(laid.memory.data() + pe::kIdata + i * 20, descriptor, 20);
    Binder binder;
    size_t missing = 0;
    CHECK_FALSE(bind(laid, binder, missing));
    CHECK(std::string(laid.defect.field) == "import descriptors");
    CHECK(laid.defect.value == 64);
    CHECK(binder.asked.empty());
}

TEST_CASE("a module's name is a string inside the image, not empty, of 255 characters at most") {
    for (const uint32_t rva : {0xffffffffu, pe::kImageSize, pe::kImageSize + 5, pe::kIdata + 0x40}) {
        pe::Bytes file = pe::make();
        put<uint32_t>(file, kTable + 12, rva);
        refused(file, "import module name RVA", rva);
    }
    pe::Bytes file = pe::make();
    std::memset(file.data() + pe::file_offset(pe::kText), 'n', 0x200);
    put<uint32_t>(file, kTable + 12, pe::kText);
    refused(file, "import module name RVA", pe::kText);
    put<uint8_t>(file, pe::file_offset(pe::kText) + 255, 0);
    pe::Laid laid(file);
    Binder binder;
    size_t missing = 0;
    CHECK(bind(laid, binder, missing));
}

TEST_CASE("a function's name is a string inside the image and not empty") {
    for (const uint64_t rva : {uint64_t{0x7fffffffffffffff}, uint64_t{0x100000000}, uint64_t{0xfffffffe},
                               uint64_t{0xffffffff}, uint64_t{pe::kImageSize}, uint64_t{pe::kIdata + 0x40}}) {
        pe::Bytes file = pe::make();
        put<uint64_t>(file, kTable + 0x60, rva);
        INFO(rva);
        refused(file, "import name RVA", rva);
    }
}

TEST_CASE("thunks without an empty one at the end stop at the image's end or after 4096") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, kTable, 0xffffffffu);
    refused(file, "import thunk index", 0);
    file = pe::make();
    put<uint32_t>(file, kTable + 16, pe::kImageSize - 8); // room for one address, two imports
    refused(file, "import thunk index", 1);
    file = pe::make();
    put<uint32_t>(file, pe::kOptional + 56, 0x20000); // a long run of ordinals in a section of its own
    put<uint32_t>(file, pe::section(4) + 8, 0x10000);
    pe::Laid laid(file);
    REQUIRE(laid.parsed);
    for (uint32_t i = 0; i < 4100; ++i)
        put<uint64_t>(laid.memory, 0x6000 + i * 8, 1ull << 63 | 1);
    put<uint32_t>(laid.memory, pe::kIdata, 0x6000);
    put<uint32_t>(laid.memory, pe::kIdata + 16, 0x6000);
    Binder binder;
    size_t missing = 0;
    CHECK_FALSE(bind(laid, binder, missing));
    CHECK(std::string(laid.defect.field) == "import thunk index");
    CHECK(laid.defect.value == 4096);
}

TEST_CASE("a table whose addresses overwrite its own descriptors ends all the same") {
    pe::Bytes file = pe::make();
    put<uint32_t>(file, kTable + 16, pe::kIdata + 20); // a.sys' two addresses land on b.dll's descriptor
    pe::Laid laid(file);
    Binder binder;
    size_t missing = 0;
    bind(laid, binder, missing); // any answer; what counts is that one comes and nothing outside is touched
    CHECK(binder.asked.size() <= 64 * 4096);
}
