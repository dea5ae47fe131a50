// SPDX-License-Identifier: MIT
// The text form of INFs: encodings, sections, lines, values, strings; and what is refused, with file and line.
#include "package/inf_file.hpp"

#include "harness/package/inf_texts.hpp"
#include "package/inf_text.hpp"

#include "support/catch.hpp"

#include <fmt/format.h>

using namespace mpulab;
using namespace mpulab::test;

namespace {

using Words = std::vector<std::string>;

Bytes utf16(std::string_view text, bool big_endian = false) {
    Bytes bytes = big_endian ? hex("fe ff") : hex("ff fe");
    for (const char c : text) {
        bytes.push_back(big_endian ? 0 : static_cast<uint8_t>(c));
        bytes.push_back(big_endian ? static_cast<uint8_t>(c) : 0);
    }
    return bytes;
}

Words values(const std::string& text, size_t line = 0) {
    return inf_of("[s]\n" + text).section("s")->lines.at(line).values;
}

std::string refused(const std::string& text) {
    return refusal([&] { inf_of(text); });
}

} // namespace

TEST_CASE("an INF is read in every encoding that Windows writes") {
    const std::string text = "[Version]\r\nProvider=\"x\"\r\n";
    for (const Bytes& bytes :
         {bytes_of(text), joined(hex("ef bb bf"), bytes_of(text)), utf16(text), utf16(text, true)}) {
        const InfFile inf = InfFile::parse(bytes, "a.inf");
        REQUIRE(inf.section("version") != nullptr);
        CHECK(inf.section("VERSION")->find("provider")->value(0) == "x");
    }
}

TEST_CASE("bytes that are no UTF-8 are taken for Windows-1252") {
    CHECK(decode_inf_text(hex("80 e9"), "a.inf") == "\xe2\x82\xac\xc3\xa9");
    CHECK(decode_inf_text(bytes_of("\xc3\xa9"), "a.inf") == "\xc3\xa9");
}

TEST_CASE("a surrogate without its other half becomes the replacement character") {
    CHECK(decode_inf_text(hex("ff fe 00 d8 41 00"), "a.inf") == "\xef\xbf\xbd"
                                                                "A");
    CHECK(decode_inf_text(hex("ff fe 34 d8 1e dd"), "a.inf") == "\xf0\x9d\x84\x9e");
    CHECK(decode_inf_text(hex("ff fe 41"), "a.inf") == "\xef\xbf\xbd");
}

TEST_CASE("UTF-16 without a byte order mark is said to be that") {
    CHECK_THAT(refusal([] { decode_inf_text(hex("41 00 0a 00"), "a.inf"); }),
               StartsWith("a.inf:1: a character of value 0"));
}

TEST_CASE("sections of one name in any case are one section") {
    const InfFile inf = inf_of("[A]\nx=1\n[b]\n[a]\ny=2\n");
    REQUIRE(inf.sections().size() == 2);
    CHECK(inf.section("a")->lines.size() == 2);
    CHECK(inf.section("a")->lines[1].number == 5);
}

TEST_CASE("quotes keep blanks, commas, semicolons and equal signs, and doubled ones are one") {
    CHECK(values("\" a,b;c=d \", e") == Words{" a,b;c=d ", "e"});
    CHECK(values("\"say \"\"no\"\"\"") == Words{"say \"no\""});
    CHECK(values("\"\",x") == Words{"", "x"});
}

TEST_CASE("a comment ends a line, and a blank line is none") {
    CHECK(values("a,b ; c,d\n\n ;x\n") == Words{"a", "b"});
    CHECK(inf_of("[s]\n\n ; nothing\n").section("s")->lines.empty());
}

TEST_CASE("a backslash at the end goes on in the next line, behind a comment too") {
    CHECK(values("a, \\\nb, \\ ; more\n c\nd") == Words{"a", "b", "c"});
    CHECK(values("a,\\\nb\nd", 1) == Words{"d"});
    CHECK(inf_of("[s]\na,\\\nb\nd").section("s")->lines[1].number == 4);
    CHECK(values("\"path\\\"") == Words{"path\\"});
}

TEST_CASE("strings are put in, with or without quotes around them, and a doubled percent is one") {
    const std::string strings = "\n[Strings]\nA=\"x, y\"\nB = plain ; not this\n";
    CHECK(values("%A%,\"<%b%>\",50%%" + strings) == Words{"x, y", "<plain>", "50%"});
}

TEST_CASE("strings of US English win over those for all languages, those of others are not looked at") {
    const std::string text = "%A%,%B%\n[Strings]\nA=all\nB=all\n[Strings.0407]\nA=de\nB=de\n[Strings.0409]\nA=en\n";
    CHECK(values(text) == Words{"en", "all"});
}

TEST_CASE("a string nobody defines stays and is remembered, a directory's number is none") {
    const InfFile inf = inf_of("[s]\n%12%\\x.sys,%Who%\n");
    CHECK(inf.section("s")->lines[0].values == Words{"%12%\\x.sys", "%Who%"});
    REQUIRE(inf.undefined_strings().size() == 1);
    CHECK(inf.undefined_strings().at("Who") == 2);
}

TEST_CASE("an entry before the first section is refused with its line") {
    CHECK_THAT(refused("; hello\nx=1\n[s]\n"),
               StartsWith("card.inf:2: 'x=1' before the first section; expected a section"));
}

TEST_CASE("a section's name without its end, empty, or with more behind it is refused") {
    for (const char* text : {"[a\n", "[]\n", "[ ]\n", "[a] b\n"})
        CHECK_THAT(refused(text), StartsWith("card.inf:1: '"));
}

TEST_CASE("an empty file and one of comments have no section") {
    CHECK_THAT(refused(""), StartsWith("card.inf:1: the end of the file; expected a section"));
    CHECK_THAT(refused("; one\n; two"), StartsWith("card.inf:2: the end of the file"));
}

TEST_CASE("a key that is nothing is refused") {
    CHECK_THAT(refused("[s]\n = 1\n"), StartsWith("card.inf:2: '= 1'; expected a name before '='"));
}

TEST_CASE("more values, lines or text than any INF has are refused, in no time") {
    CHECK_THAT(refused("[s]\n" + std::string(kMaxInfValues + 1, ',')), ContainsSubstring("card.inf:2: one more value"));
    std::string lines = "[s]\n";
    for (size_t i = 0; i <= kMaxInfLines; ++i)
        lines += "a\n";
    CHECK_THAT(refused(lines), ContainsSubstring("one more line"));
    std::string growing = "[s]\n";
    for (int i = 0; i < 400; ++i)
        growing += "%a%%a%%a%%a%%a%%a%%a%%a%%a%%a%\n";
    growing += "[Strings]\na=\"";
    growing.append(20'000, 'x');
    growing += "\"\n";
    CHECK_THAT(refused(growing), ContainsSubstring("more text than fits"));
    std::string joined_line = "[s]\n";
    for (int i = 0; i < 40; ++i) {
        joined_line.append(30'000, 'x');
        joined_line += "\\\n";
    }
    CHECK_THAT(refused(joined_line), StartsWith("card.inf:2: a line that goes on and on"));
}

TEST_CASE("an excerpt is one short line of whole characters") {
    CHECK(inf_excerpt("a\tb\x1b") == "a b ");
    const std::string most(59, 'x'); // one character less than an excerpt holds
    CHECK(inf_excerpt(fmt::format("{}\xc3\xa9", most)) == fmt::format("{}…", most));
    CHECK(inf_excerpt(fmt::format("{}x", most)) == fmt::format("{}x", most));
}
