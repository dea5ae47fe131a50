// SPDX-License-Identifier: MIT
// registry.reg: the text format of Windows' registry editor, read with bounds.
#include "registry_text.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using nanont::Defect;
using nanont::RegistryItem;
using nanont::RegistryText;

const std::string kHead = "Windows Registry Editor Version 5.00\n";

struct Read {
    std::vector<std::string> items; // "key PATH", "value NAME TYPE BYTES" and so on
    std::string expected;           // "" = read to its end
    uint64_t line = 0;
};

std::string hex(const uint8_t* data, size_t size) {
    std::string out;
    for (size_t i = 0; i < size; ++i) {
        static const char kDigits[] = "0123456789abcdef";
        out += kDigits[data[i] >> 4];
        out += kDigits[data[i] & 15];
    }
    return out;
}

std::string narrow(const char16_t* text, size_t length) {
    std::string out;
    for (size_t i = 0; i < length; ++i)
        out += text[i] < 0x80 ? static_cast<char>(text[i]) : '?';
    return out;
}

Read read(const std::string& text) {
    const std::vector<uint8_t> bytes(text.begin(), text.end()); // its end is the sanitizer's
    auto room = std::make_unique<RegistryText::Room>();
    RegistryText walk({bytes.data(), bytes.size()}, *room);
    RegistryItem item;
    Defect defect;
    Read result;
    while (walk.next(item, defect)) {
        const std::string name = narrow(item.name, item.name_length);
        switch (item.kind) {
        case RegistryItem::Kind::Key:
            result.items.push_back("key " + name);
            break;
        case RegistryItem::Kind::DeleteKey:
            result.items.push_back("delete key " + name);
            break;
        case RegistryItem::Kind::DeleteValue:
            result.items.push_back("delete value " + name);
            break;
        default:
            result.items.push_back("value " + name + " " + std::to_string(item.type) + " " + hex(item.data, item.size));
        }
    }
    if (defect.field) {
        CHECK(std::string(defect.field) == "registry.reg line");
        result.expected = defect.expected;
        result.line = defect.value;
        CHECK_FALSE(walk.next(item, defect)); // nothing comes after it
        CHECK(defect.field == nullptr);
    }
    return result;
}

/// What is wrong with lines behind a good head and key.
std::string defect_in(const std::string& lines) {
    const Read result = read(kHead + "[K]\n" + lines);
    return result.expected.empty() ? "" : std::to_string(result.line) + ": " + result.expected;
}

using Items = std::vector<std::string>;

} // namespace

TEST_CASE("keys and values of each type are read, with LF and with CR LF, with and without a byte order mark") {
    const std::string body = "\n; a comment\n[HKEY_LOCAL_MACHINE\\A b\\{c}]\n@=\"d\"\n\"n\"=dword:0000abCD\n"
                             "\"b\"=hex:01,fF\n\"e\"=hex(2):61,00\n  \"q\" = hex(b):01,02,03,04,05,06,07,08  \n"
                             "\"none\"=hex(0):\n\"gone\"=-\n[-HKEY_USERS\\x]\n";
    const Items expected{"key HKEY_LOCAL_MACHINE\\A b\\{c}",
                         "value  1 64000000",
                         "value n 4 cdab0000",
                         "value b 3 01ff",
                         "value e 2 6100",
                         "value q 11 0102030405060708",
                         "value none 0 ",
                         "delete value gone",
                         "delete key HKEY_USERS\\x"};
    CHECK(read(kHead + body).items == expected);
    CHECK(read("\xef\xbb\xbf" + kHead + body).items == expected);
    std::string crlf;
    for (const char c : kHead + body)
        crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(read(crlf).items == expected);
    CHECK(read(kHead + body).expected.empty());
    CHECK(read(kHead + "[K]\n@=\"no newline at the end\"").items.size() == 2);
}

TEST_CASE("a text of nothing but its first line is a good one") {
    CHECK(read(kHead).items.empty());
    CHECK(read(kHead).expected.empty());
    CHECK(read("\n\n" + kHead.substr(0, kHead.size() - 1)).expected.empty());
}

TEST_CASE("without the first line nothing is read") {
    for (const char* text : {"", "\n", "REGEDIT4\n[K]\n", "[K]\n", "Windows Registry Editor Version 5.00 x\n",
                             "windows registry editor version 5.00\n"}) {
        const Read result = read(text);
        CHECK(result.items.empty());
        CHECK_THAT(result.expected, StartsWith("\"Windows Registry Editor"));
    }
}

TEST_CASE("strings keep quotes, backslashes and every character, in UTF-16 with a zero") {
    CHECK(read(kHead + "[K]\n\"a\\\"b\\\\\"=\"\\\\x\\\"\"\n").items ==
          Items{"key K", "value a\"b\\ 1 5c00780022000000"});
    CHECK(read(kHead + "[K]\n@=\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x8e\xb5\"\n").items[1] ==
          "value  1 fc00ac203cd8b5df0000");
    CHECK(read(kHead + "[K]\n@=\"\"\n").items[1] == "value  1 0000");
}

TEST_CASE("hexadecimal bytes go on behind a backslash") {
    CHECK(read(kHead + "[K]\n@=hex:01,\\\n  02,\\\r\n\t03\n").items[1] == "value  3 010203");
    CHECK_THAT(defect_in("@=hex:01,\\"), StartsWith("3: a line that goes on"));
    CHECK_THAT(defect_in("@=hex:01,\\ x\n"), StartsWith("3: a line that goes on"));
    CHECK_THAT(defect_in("@=hex:01,\\\n\n"), StartsWith("4: bytes"));
}

TEST_CASE("a line that is wrong is named by its number and by what belongs there") {
    CHECK_THAT(defect_in("name=\"x\"\n"), StartsWith("3: [KEY]"));
    CHECK_THAT(defect_in("\n\"a\"\n"), StartsWith("4: ="));
    CHECK_THAT(defect_in("\"a=\"x\"\n"), StartsWith("3: ="));
    CHECK_THAT(defect_in("\"a\"=x\n"), StartsWith("3: \"text\""));
    CHECK_THAT(defect_in("\"a\"=\n"), StartsWith("3: \"text\""));
    CHECK_THAT(defect_in("\"a\"=\"b\n"), StartsWith("3: a \" at"));
    CHECK_THAT(defect_in("\"a\"=\"b\\n\"\n"), StartsWith("3: \\\\ or"));
    CHECK_THAT(defect_in("\"a\"=\"b\" c\n"), StartsWith("3: nothing behind"));
    CHECK_THAT(defect_in("\"a\"=dword:\n"), StartsWith("3: 1 to 8"));
    CHECK_THAT(defect_in("\"a\"=dword:123456789\n"), StartsWith("3: 1 to 8"));
    CHECK_THAT(defect_in("\"a\"=hex:1,\n"), StartsWith("3: bytes"));
    CHECK_THAT(defect_in("\"a\"=hex:123\n"), StartsWith("3: bytes"));
    CHECK_THAT(defect_in("\"a\"=hex(:1\n"), StartsWith("3: hex(TYPE)"));
    CHECK_THAT(defect_in("\"a\"=hex(1:1\n"), StartsWith("3: hex(TYPE)"));
    CHECK_THAT(defect_in("[]\n"), StartsWith("3: a key's path"));
    CHECK_THAT(defect_in("[K\n"), StartsWith("3: a key's path"));
    CHECK_THAT(defect_in("[K] x\n"), StartsWith("3: nothing behind"));
    CHECK_THAT(defect_in("[-K]\n@=\"x\"\n"), StartsWith("4: a [KEY]")); // a deleted key has no values
}

TEST_CASE("what is no UTF-8 is refused, in names, strings and paths") {
    for (const char* bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xf8\x88\x80\x80\x80", "\xff"}) {
        CHECK(defect_in(std::string("@=\"") + bad + "\"\n") == "3: UTF-8");
        CHECK(defect_in(std::string("\"") + bad + "\"=\"x\"\n") == "3: UTF-8");
        CHECK(defect_in(std::string("[") + bad + "]\n") == "3: UTF-8");
    }
    CHECK(defect_in(std::string("@=\"a\0b\"\n", 8)) == "3: UTF-8"); // a zero would end the name early
}

TEST_CASE("names, paths and data have their bounds, and what just fits is taken") {
    const std::string longest(RegistryText::kMaxPath, 'n');
    CHECK(defect_in("\"" + longest + "\"=\"x\"\n").empty());
    CHECK_THAT(defect_in("\"" + longest + "n\"=\"x\"\n"), StartsWith("3: a name of 1024"));
    CHECK(defect_in("[" + longest + "]\n").empty());
    CHECK_THAT(defect_in("[" + longest + "n]\n"), StartsWith("3: a key's path of 1024"));
    const std::string text(RegistryText::kMaxData / 2 - 1, 't');
    CHECK(defect_in("@=\"" + text + "\"\n").empty());
    CHECK_THAT(defect_in("@=\"" + text + "t\"\n"), StartsWith("3: a name of 1024"));
    std::string bytes = "@=hex:0";
    for (size_t i = 1; i < RegistryText::kMaxData; ++i)
        bytes += ",0";
    CHECK(defect_in(bytes + "\n").empty());
    CHECK_THAT(defect_in(bytes + ",0\n"), StartsWith("3: data of 65536"));
}

TEST_CASE("a text cut anywhere is read up to the cut, and never beyond it") {
    const std::string whole =
        kHead + "[HKEY_LOCAL_MACHINE\\K]\n\"a\\\\b\"=\"\xf0\x9f\x8e\xb5\"\n@=hex(7):01,\\\n 02\n\"d\"=dword:1\n";
    for (size_t size = 0; size < whole.size(); ++size) {
        INFO(size);
        CHECK(read(whole.substr(0, size)).items.size() <= 4);
    }
}
