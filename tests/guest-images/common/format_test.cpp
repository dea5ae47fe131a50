// SPDX-License-Identifier: MIT
// The kernel's printf. Where C and Windows agree the host's own printf says what is expected; where they do not, the
// expectation is spelled out.
#include "format.hpp"

#include <support/catch.hpp>

#include <climits>
#include <cstdio>
#include <string>
#include <vector>

namespace {

/// Not marked printf-like: half of the patterns here are Windows' own, or wrong on purpose.
std::string kernel(const char* pattern, ...) {
    std::vector<char> out(20000);
    nanont::BoundedText<char> text{out.data(), out.size()};
    va_list arguments;
    va_start(arguments, pattern);
    const size_t count = nanont::format(text.sink(), pattern, arguments);
    va_end(arguments);
    CHECK(count == text.length);
    REQUIRE(count <= out.size());
    return {out.data(), count};
}

std::u16string kernel_wide(const char16_t* pattern, ...) {
    std::vector<char16_t> out(1000);
    nanont::BoundedText<char16_t> text{out.data(), out.size()};
    va_list arguments;
    va_start(arguments, pattern);
    nanont::format(text.sink(), pattern, arguments);
    va_end(arguments);
    return {out.data(), text.length};
}

template <typename... Arguments> std::string host(const char* pattern, Arguments... arguments) {
    char out[1000];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    std::snprintf(out, sizeof(out), pattern, arguments...);
#pragma GCC diagnostic pop
    return out;
}

struct Counted {
    uint16_t length;
    uint16_t maximum;
    const void* buffer;
};

} // namespace

TEST_CASE("signed numbers print as C prints them, with every flag, width and precision") {
    for (const char* flags : {"", "-", "+", " ", "0", "-0", "+0", "+-", " 0", "#"})
        for (const char* width : {"", "1", "5", "12"})
            for (const char* precision : {"", ".0", ".", ".1", ".6"})
                for (const int value : {0, 1, -1, 42, -42, INT_MAX, INT_MIN}) {
                    const std::string pattern = std::string("<%") + flags + width + precision + "d>";
                    INFO(pattern << " of " << value);
                    CHECK(kernel(pattern.c_str(), value) == host(pattern.c_str(), value));
                }
}

TEST_CASE("unsigned numbers print as C prints them in all three bases") {
    for (const char* flags : {"", "-", "0", "#", "#0", "#-"})
        for (const char* width : {"", "3", "14"})
            for (const char* precision : {"", ".0", ".3", ".9"})
                for (const char* conversion : {"u", "x", "X", "o"})
                    for (const unsigned value : {0u, 1u, 8u, 0xbeefu, UINT_MAX}) {
                        const std::string pattern = std::string("<%") + flags + width + precision + conversion + ">";
                        INFO(pattern << " of " << value);
                        CHECK(kernel(pattern.c_str(), value) == host(pattern.c_str(), value));
                    }
}

TEST_CASE("sizes are those of Windows: long has 32 bits, ll, I64, I, z and t have 64") {
    const uint64_t big = 0x123456789abcdef0;
    CHECK(kernel("%lx %x", 0x9abcdef0u, 7) == "9abcdef0 7");
    for (const char* pattern : {"%llx %x", "%I64x %x", "%Ix %x", "%zx %x", "%tx %x"})
        CHECK(kernel(pattern, big, 7) == "123456789abcdef0 7");
    CHECK(kernel("%I32x %x", 0x9abcdef0u, 7) == "9abcdef0 7");
    CHECK(kernel("%hx %hd", 0x12345, 0x1ffff) == "2345 -1");
    CHECK(kernel("%lld", static_cast<long long>(INT64_MIN)) == "-9223372036854775808");
    CHECK(kernel("%llu", UINT64_MAX) == "18446744073709551615");
}

TEST_CASE("a pointer is 16 upper-case digits, NULL too") {
    CHECK(kernel("%p", reinterpret_cast<void*>(0xfffff8000100abcd)) == "FFFFF8000100ABCD");
    CHECK(kernel("%p", nullptr) == "0000000000000000");
}

TEST_CASE("strings keep to width and precision, and a precision lets them have no end") {
    CHECK(kernel("<%s>", "abc") == "<abc>");
    CHECK(kernel("<%5s>", "abc") == "<  abc>");
    CHECK(kernel("<%-5s>", "abc") == "<abc  >");
    CHECK(kernel("<%.2s>", "abc") == "<ab>");
    CHECK(kernel("<%4.2s>", "abc") == "<  ab>");
    CHECK(kernel("<%.0s>", "abc") == "<>");
    const char endless[3] = {'x', 'y', 'z'};
    CHECK(kernel("<%.3s>", endless) == "<xyz>");
    CHECK(kernel("<%.*s>", 2, "abc") == "<ab>");
    CHECK(kernel("<%.*s>", -1, "abc") == "<abc>");
}

TEST_CASE("a null string prints as (null), in each of its forms") {
    const char* none = nullptr;
    CHECK(kernel("%s", none) == "(null)");
    CHECK(kernel("%ls", none) == "(null)");
    CHECK(kernel("%wZ", none) == "(null)");
    const Counted empty{4, 4, nullptr};
    CHECK(kernel("%wZ", &empty) == "(null)");
}

TEST_CASE("wide and counted strings print in a narrow format, and the other way round") {
    CHECK(kernel("%ls %ws %S", u"one", u"two", u"three") == "one two three");
    CHECK(kernel("%hs", "narrow") == "narrow");
    const Counted wide{6, 8, u"abcdef"};
    const Counted narrow{3, 4, "abcdef"};
    CHECK(kernel("<%wZ> <%Z> <%5wZ>", &wide, &narrow, &wide) == "<abc> <abc> <  abc>");
    CHECK(kernel_wide(u"%s %S %hs %d", u"wide", "narrow", "small", 5) == u"wide narrow small 5");
    CHECK(kernel_wide(u"%wZ", &wide) == u"abc");
    CHECK(kernel_wide(u"%c%C", u'\u00e4', 'x') == u"\u00e4x");
}

TEST_CASE("a character prints once, padded, and a zero is a character") {
    CHECK(kernel("%c%3c%-3c|", 'a', 'b', 'c') == "a  bc  |");
    CHECK(kernel("%c", 0) == std::string(1, '\0'));
}

TEST_CASE("a width or precision from the arguments counts as if it were written") {
    CHECK(kernel("<%*d>", 5, 42) == "<   42>");
    CHECK(kernel("<%*d>", -5, 42) == "<42   >");
    CHECK(kernel("<%.*d>", 4, 42) == "<0042>");
    CHECK(kernel("<%.*d>", -4, 42) == "<42>");
    CHECK(kernel("<%*.*x>", 6, 3, 0xau) == "<   00a>");
}

TEST_CASE("a wild width or precision is cut to 4096 and does not run for minutes") {
    CHECK(kernel("%99999999999999999999d", 1).size() == 4096);
    CHECK(kernel("%.999999999d", 1).size() == 4096);
    CHECK(kernel("%*d", INT_MIN, 1).size() == 4096);
    CHECK(kernel("%*d", INT_MAX, 1).size() == 4096);
    CHECK(kernel("%.*d", INT_MAX, 1).size() == 4096);
    CHECK(kernel("%.*d", INT_MIN, 7) == "7");
}

TEST_CASE("a percent sign, a conversion that is none, and a pattern that ends early print as they stand") {
    CHECK(kernel("100%%") == "100%");
    CHECK(kernel("%n") == "%n");
    CHECK(kernel("%f|") == "%f|");
    CHECK(kernel("%5.2q|") == "%5.2q|");
    CHECK(kernel("abc%") == "abc%");
    CHECK(kernel("abc%-5.3l") == "abc%-5.3l");
    CHECK(kernel("") == "");
    CHECK(kernel("%\xff|") == "%\xff|");
}

TEST_CASE("bytes above 127 go through as they are") {
    CHECK(kernel("\xc3\xa4 %s", "\xff\x80") == "\xc3\xa4 \xff\x80");
}

TEST_CASE("a bounded text keeps what fits, counts what does not, and writes no further") {
    char out[6] = {'#', '#', '#', '#', '#', '#'};
    nanont::BoundedText<char> text{out, 4};
    const auto sink = text.sink();
    for (const char* at = "123456789"; *at != 0; ++at)
        sink.put(sink.context, static_cast<char16_t>(*at));
    CHECK(text.length == 9);
    CHECK(std::string(out, 6) == "1234##");
}
