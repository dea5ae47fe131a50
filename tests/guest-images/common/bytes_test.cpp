// SPDX-License-Identifier: MIT
// Bounded views: no read leaves one, whatever offset and length say.
#include "bytes.hpp"

#include <support/catch.hpp>

#include <cstring>

namespace {

const uint8_t kFive[] = {1, 2, 3, 4, 5};
const nanont::ConstBytes kView{kFive, sizeof(kFive)};

nanont::ConstBytes text(const char* characters, size_t size) {
    return {reinterpret_cast<const uint8_t*>(characters), size};
}

} // namespace

TEST_CASE("a view holds what lies inside it, up to its last byte and an empty range at its end") {
    CHECK(kView.holds(0, 5));
    CHECK(kView.holds(4, 1));
    CHECK(kView.holds(5, 0));
    CHECK_FALSE(kView.holds(5, 1));
    CHECK_FALSE(kView.holds(6, 0));
}

TEST_CASE("offset and length that would wrap around are outside") {
    CHECK_FALSE(kView.holds(SIZE_MAX, 1));
    CHECK_FALSE(kView.holds(1, SIZE_MAX));
    CHECK_FALSE(kView.holds(SIZE_MAX, SIZE_MAX));
    CHECK_FALSE(nanont::MutableBytes{}.holds(1, SIZE_MAX));
}

TEST_CASE("a value is read little-endian at any alignment, or not at all") {
    uint32_t value = 0xdeadbeef;
    REQUIRE(kView.read(1, value));
    CHECK(value == 0x05040302);
    value = 0xdeadbeef;
    CHECK_FALSE(kView.read(2, value));
    CHECK(value == 0xdeadbeef);
}

TEST_CASE("a part that does not lie inside is empty") {
    CHECK(kView.part(1, 3).size == 3);
    CHECK(kView.part(1, 3).data == kFive + 1);
    CHECK(kView.part(3, 3).size == 0);
    CHECK(kView.part(3, 3).data == nullptr);
}

TEST_CASE("a write that does not fit writes nothing") {
    uint8_t room[4] = {9, 9, 9, 9};
    nanont::MutableBytes view{room, sizeof(room)};
    CHECK(view.write(2, uint16_t{0x0201}));
    CHECK_FALSE(view.write(3, uint16_t{0x0201}));
    CHECK_FALSE(view.write(SIZE_MAX, uint16_t{0x0201}));
    CHECK(room[0] == 9);
    CHECK(room[1] == 9);
    CHECK(room[2] == 1);
    CHECK(room[3] == 2);
}

TEST_CASE("a string is one only when its end is inside the view and within the limit") {
    const auto view = text("abc\0de", 6); // the last one has no end
    CHECK(std::strcmp(view.string(0, 10), "abc") == 0);
    CHECK(std::strcmp(view.string(0, 3), "abc") == 0);
    CHECK(view.string(0, 2) == nullptr);
    CHECK(std::strcmp(view.string(3, 10), "") == 0);
    CHECK(view.string(4, 10) == nullptr);
    CHECK(view.string(6, 10) == nullptr);
    CHECK(view.string(SIZE_MAX, 10) == nullptr);
}

TEST_CASE("names compare without regard to the case of ASCII letters, and of nothing else") {
    using nanont::equal_ignoring_case;
    CHECK(equal_ignoring_case("NTOSKRNL.exe", "ntoskrnl.EXE"));
    CHECK(equal_ignoring_case("", ""));
    CHECK_FALSE(equal_ignoring_case("hal.dll", "hal.dl"));
    CHECK_FALSE(equal_ignoring_case("hal.dl", "hal.dll"));
    CHECK_FALSE(equal_ignoring_case("[", "{")); // 0x20 apart, and no letters
    CHECK_FALSE(equal_ignoring_case("\xc4", "\xe4"));
    CHECK(nanont::string_length("") == 0);
    CHECK(nanont::string_length("hal.dll") == 7);
}
