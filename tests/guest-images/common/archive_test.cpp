// SPDX-License-Identifier: MIT
// The modules archive (cpio, newc), and the two little readers of settings that lie beside it.
#include "archive.hpp"

#include <support/catch.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

using nanont::Archive;
using nanont::ArchiveEntry;
using nanont::Defect;

/// Written from the format's description (cpio(5)), not by the code under test.
void add_entry(std::string& archive, const std::string& name, const std::string& content) {
    char head[111];
    std::snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, 0100644, 0, 0,
                  1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
    archive += head + name + '\0';
    archive.resize((archive.size() + 3) / 4 * 4);
    archive += content;
    archive.resize((archive.size() + 3) / 4 * 4);
}

std::string make(const std::vector<std::pair<std::string, std::string>>& files) {
    std::string archive;
    for (const auto& [name, content] : files)
        add_entry(archive, name, content);
    add_entry(archive, "TRAILER!!!", "");
    return archive;
}

nanont::ConstBytes view(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string text_of(const ArchiveEntry& entry) {
    return {reinterpret_cast<const char*>(entry.content.data), entry.content.size};
}

/// Looks for "b" in a broken archive; the field that was found wrong, "" for none.
std::string defect_in(const std::string& archive, uint64_t* value = nullptr) {
    ArchiveEntry entry;
    Defect defect;
    CHECK_FALSE(Archive(view(archive)).find("b", entry, defect));
    if (defect.field == nullptr) return "";
    CHECK(defect.expected != nullptr);
    if (value != nullptr) *value = defect.value;
    return defect.field;
}

} // namespace

TEST_CASE("an entry is found by its name, whatever the case, with its bytes and no padding") {
    const std::string archive = make({{"a.sys", "12345"}, {"Boot.cfg", "driver=a.sys\n"}, {"empty", ""}});
    ArchiveEntry entry;
    Defect defect;
    REQUIRE(Archive(view(archive)).find("boot.CFG", entry, defect));
    CHECK(text_of(entry) == "driver=a.sys\n");
    CHECK(std::string(entry.name) == "Boot.cfg");
    REQUIRE(Archive(view(archive)).find("A.SYS", entry, defect));
    CHECK(text_of(entry) == "12345");
    REQUIRE(Archive(view(archive)).find("empty", entry, defect));
    CHECK(entry.content.size == 0);
}

TEST_CASE("a leading ./ in the archive does not count") {
    const std::string archive = make({{"./hal.dll", "x"}});
    ArchiveEntry entry;
    Defect defect;
    CHECK(Archive(view(archive)).find("hal.dll", entry, defect));
    CHECK_FALSE(Archive(view(archive)).find("./hal.dll", entry, defect));
}

TEST_CASE("a walk visits each entry once, in order, and ends at the trailer without a defect") {
    const std::string archive = make({{"one", "1"}, {"two", "22"}, {"three", "333"}});
    size_t offset = 0;
    ArchiveEntry entry;
    Defect defect;
    std::vector<std::string> names;
    while (Archive(view(archive)).next(offset, entry, defect))
        names.emplace_back(entry.name);
    CHECK(defect.field == nullptr);
    CHECK(names == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("what is not there is not there, and that is no defect") {
    CHECK(defect_in(make({{"a", "1"}})).empty());
    CHECK(defect_in(make({})).empty());
}

TEST_CASE("an empty archive and one without a trailer lack a header") {
    uint64_t value = 1;
    CHECK(defect_in("", &value) == "archive offset");
    CHECK(value == 0);
    std::string archive;
    add_entry(archive, "a", "1");
    CHECK(defect_in(archive, &value) == "archive offset");
    CHECK(value == archive.size());
}

TEST_CASE("an archive cut anywhere before its trailer ends is a defect or lacks the entry, never a read beyond it") {
    const std::string whole = make({{"a", "12345"}, {"c", "678"}});
    for (size_t size = 0; size < whole.size(); ++size) {
        const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)); // sanitized
        ArchiveEntry entry;
        Defect defect;
        INFO(size);
        CHECK_FALSE(Archive({cut.data(), cut.size()}).find("b", entry, defect));
        if (size < whole.size() - 3) CHECK(defect.field != nullptr); // the trailer's own padding may be missing
    }
}

TEST_CASE("another cpio format is refused by its magic") {
    for (const char* magic : {"070707", "070700", "\x71\xc7\0\0\0\0", "PK\3\4\0\0", "070703"}) {
        std::string archive = make({{"a", "1"}});
        archive.replace(0, 6, magic, 6);
        CHECK(defect_in(archive) == "archive magic at offset");
    }
    std::string with_checksums = make({{"a", "1"}});
    with_checksums[5] = '2'; // newc with CRC: the same layout
    CHECK(defect_in(with_checksums).empty());
}

TEST_CASE("a size that is no hexadecimal number is refused") {
    for (const size_t field : {size_t{54}, size_t{94}})
        for (const char wrong : {'g', ' ', '-', '\0', '/', ':', '@', '`'}) {
            std::string archive = make({{"a", "1"}});
            archive[field + 3] = wrong;
            CHECK(defect_in(archive) == "archive entry at offset");
        }
    std::string upper = make({{"a", std::string(0xab, 'x')}});
    upper[54 + 6] = 'A';
    upper[54 + 7] = 'B';
    CHECK(defect_in(upper).empty());
}

TEST_CASE("a name of no bytes, of too many, without an end, or beyond the archive is refused") {
    std::string archive = make({{"a", "1"}});
    archive.replace(94, 8, "00000000");
    CHECK(defect_in(archive) == "archive name size");
    archive.replace(94, 8, "00000101");
    uint64_t value = 0;
    CHECK(defect_in(archive, &value) == "archive name size");
    CHECK(value == 0x101);
    archive.replace(94, 8, "00000001"); // its one byte is 'a', no end
    CHECK(defect_in(archive) == "archive name at offset");
    std::string last;
    add_entry(last, "a", "");
    last.replace(94, 8, "00000100");
    CHECK(defect_in(last) == "archive name at offset");
}

TEST_CASE("content that reaches past the archive's end is refused by its size") {
    std::string archive = make({{"a", "1"}});
    for (const char* size : {"ffffffff", "7fffffff", "00001000"}) {
        archive.replace(54, 8, size);
        uint64_t value = 0;
        CHECK(defect_in(archive, &value) == "archive entry size");
        CHECK(value == std::stoul(size, nullptr, 16));
    }
}

TEST_CASE("a search stops after 64 entries and says so") {
    std::vector<std::pair<std::string, std::string>> files;
    for (int i = 0; i < 65; ++i)
        files.emplace_back("file" + std::to_string(i), "");
    uint64_t value = 0;
    CHECK(defect_in(make(files), &value) == "archive entries");
    CHECK(value == 64);
    ArchiveEntry entry;
    Defect defect;
    const std::string archive = make(files);
    CHECK(Archive(view(archive)).find("file63", entry, defect));
    CHECK_FALSE(Archive(view(archive)).find("file64", entry, defect));
}

TEST_CASE("a setting is found between newlines, spaces and zeros, and at the text's end") {
    char out[16];
    for (const char* text : {"driver=a.sys", "x=1\ndriver=a.sys\n", "x=1 driver=a.sys y=2", "\t\r\ndriver=a.sys\r\n"}) {
        INFO(text);
        REQUIRE(nanont::find_setting(view(text), "driver", out, sizeof(out)));
        CHECK(std::string(out) == "a.sys");
    }
    const std::string with_zero("a=1\0driver=a.sys\0junk", 21);
    REQUIRE(nanont::find_setting(view(with_zero), "driver", out, sizeof(out)));
    CHECK(std::string(out) == "a.sys");
}

TEST_CASE("a setting is not found under a longer or shorter key, without an equals sign, or without a value") {
    char out[16];
    for (const char* text :
         {"mydriver=a.sys", "driver2=a.sys", "driver", "drive=a.sys", "", "=a.sys", "driver a.sys"}) {
        INFO(text);
        CHECK_FALSE(nanont::find_setting(view(text), "driver", out, sizeof(out)));
    }
}

TEST_CASE("a value that does not fit with its end is not taken") {
    char out[6] = "xxxxx";
    CHECK(nanont::find_setting(view("k=12345"), "k", out, 6));
    CHECK(std::string(out) == "12345");
    CHECK_FALSE(nanont::find_setting(view("k=123456"), "k", out, 6));
    CHECK_FALSE(nanont::find_setting(view("k=1"), "k", out, 1));
}

TEST_CASE("settings of one key come line after line, with spaces in them, and what does not fit is passed over") {
    const std::string text =
        "driver=a.sys\r\nid=ACPI\\A\n id=no\nid=two words \nids=x\nid=too long for it\nid\nid=\nid=last";
    size_t offset = 0;
    char out[10];
    std::vector<std::string> values;
    while (nanont::next_setting(view(text), offset, "id", out, sizeof(out)))
        values.emplace_back(out);
    CHECK(values == std::vector<std::string>{"ACPI\\A", "two words", "", "last"});
    offset = 0;
    REQUIRE(nanont::next_setting(view(text), offset, "driver", out, sizeof(out)));
    CHECK(std::string(out) == "a.sys");
    CHECK_FALSE(nanont::next_setting(view(text), offset, "driver", out, sizeof(out)));
    offset = 0;
    CHECK_FALSE(nanont::next_setting(view(std::string("id=a\0b", 6)), offset, "id", out, sizeof(out)));
    offset = 0;
    CHECK_FALSE(nanont::next_setting(view(""), offset, "id", out, sizeof(out)));
}

TEST_CASE("a number is decimal or, after 0x, hexadecimal, up to 64 bits") {
    uint64_t value = 0;
    CHECK(nanont::parse_number("0", value));
    CHECK(value == 0);
    CHECK(nanont::parse_number("0xE00", value));
    CHECK(value == 0xe00);
    CHECK(nanont::parse_number("18446744073709551615", value));
    CHECK(value == UINT64_MAX);
    CHECK(nanont::parse_number("0Xffffffffffffffff", value));
    CHECK(value == UINT64_MAX);
    CHECK(nanont::parse_number("010", value)); // no octal
    CHECK(value == 10);
}

TEST_CASE("what is no whole number is none") {
    uint64_t value = 0;
    for (const char* text : {"", "0x", "12a", "0xg", " 1", "1 ", "-1", "+1", "1.5", "18446744073709551616",
                             "0x10000000000000000", "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(nanont::parse_number(text, value));
    }
}
