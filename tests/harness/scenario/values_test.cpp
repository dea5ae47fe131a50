// SPDX-License-Identifier: MIT
#include "scenario/values.hpp"

#include "support/catch.hpp"

using namespace mpulab;

TEST_CASE("a time has a unit, and may have a fraction that is whole nanoseconds") {
    CHECK(parse_time("320us") == 320'000);
    CHECK(parse_time("1.5s") == 1'500'000'000);
    CHECK(parse_time("2m") == 120'000'000'000);
    CHECK(parse_time("1h") == 3'600'000'000'000);
    CHECK(parse_time("7ns") == 7);
    CHECK(parse_time("0") == 0);
}

TEST_CASE("what is no time is refused: no unit, no number, finer than a nanosecond, too long") {
    for (const char* text :
         {"", "5", "ms", "5 ms", "-5ms", "5sec", "1.2.3s", "1.s", "1.5ns", "99999999999h", "0x5ms"}) {
        INFO(text);
        CHECK_FALSE(parse_time(text));
    }
}

TEST_CASE("a time's text is read back as that time") {
    for (const int64_t ns :
         {0ll, 1ll, 999ll, 320'000ll, 1'500'000ll, 60'000'000'000ll, 3'600'000'000'001ll, 86'400'000'000'000ll})
        CHECK(parse_time(time_text(ns)) == ns);
    CHECK(time_text(1'500'000) == "1.5ms");
}

TEST_CASE("bytes are pairs of hexadecimal digits, however they are parted") {
    CHECK(parse_hex("90 3c 40") == Bytes{0x90, 0x3c, 0x40});
    CHECK(parse_hex("903C40") == Bytes{0x90, 0x3c, 0x40});
    CHECK(parse_hex("90, 3c,\n40\n") == Bytes{0x90, 0x3c, 0x40});
    CHECK(parse_hex("") == Bytes{});
    for (const char* text : {"9", "9g", "0x90", "9 0", "90 3"}) {
        INFO(text);
        CHECK_FALSE(parse_hex(text));
    }
}

TEST_CASE("a number is decimal or hexadecimal, and nothing follows it") {
    CHECK(parse_number("42") == 42);
    CHECK(parse_number("-1") == -1);
    CHECK(parse_number("0x330") == 0x330);
    for (const char* text : {"", "0x", "4 2", "4k", "--4", "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text));
    }
}
