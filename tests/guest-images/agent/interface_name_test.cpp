// SPDX-License-Identifier: MIT
// Which device interface belongs to a unit.
#include "interface_name.hpp"

#include <support/catch.hpp>

#include <string>

namespace {

constexpr uint16_t kUart[] = {'U', 'A', 'R', 'T', 0};
constexpr uint16_t kAny[] = {0};
const std::u16string kGuid = u"{6994ad04-93ef-11d0-a3cc-00a0c9223196}";

bool matches(const std::u16string& link, uint32_t unit, const uint16_t* reference) {
    return agent::link_matches(link.data(), link.size(), unit, reference);
}

std::u16string link(const std::u16string& instance, const std::u16string& reference) {
    return u"\\??\\ACPI#PNPB006#" + instance + u"#" + kGuid + u"\\" + reference;
}

} // namespace

TEST_CASE("an interface is found by its instance id and its reference string") {
    CHECK(matches(link(u"0", u"UART"), 0, kUart));
    CHECK(matches(link(u"12", u"uart"), 12, kUart));
    CHECK(matches(link(u"0", u"UART"), 0, kAny));
    CHECK(matches(u"\\??\\ACPI#PNPB006#3#" + kGuid, 3, kAny));
}

TEST_CASE("another unit, another reference, a longer or a shorter one do not match") {
    CHECK_FALSE(matches(link(u"1", u"UART"), 0, kUart));
    CHECK_FALSE(matches(link(u"10", u"UART"), 1, kUart));
    CHECK_FALSE(matches(link(u"0", u"UART2"), 0, kUart));
    CHECK_FALSE(matches(link(u"0", u"UAR"), 0, kUart));
    CHECK_FALSE(matches(u"\\??\\ACPI#PNPB006#0#" + kGuid, 0, kUart));
}

TEST_CASE("links of another shape do not match") {
    for (const std::u16string& odd : {std::u16string(u""), std::u16string(u"#"), std::u16string(u"##"),
                                      std::u16string(u"a#b#"), std::u16string(u"a#b#x#c"), std::u16string(u"a#b#0"),
                                      std::u16string(u"a#b#00000000000#c"), std::u16string(u"a#b#4294967296#c")})
        CHECK_FALSE(matches(odd, 0, kAny));
}

TEST_CASE("the first match of a list is taken, and a list without its end is not read past its length") {
    const std::u16string list = link(u"1", u"UART") + u'\0' + link(u"0", u"Topology") + u'\0' + link(u"0", u"UART") +
                                u'\0' + link(u"0", u"UART") + u'\0' + u'\0';
    size_t chars = 0;
    const char16_t* found = agent::find_link(list.data(), list.size(), 0, kUart, chars);
    REQUIRE(found);
    CHECK(std::u16string(found, chars) == link(u"0", u"UART"));
    CHECK(found == list.data() + link(u"1", u"UART").size() + 1 + link(u"0", u"Topology").size() + 1);
    CHECK_FALSE(agent::find_link(list.data(), list.size(), 7, kUart, chars));
    const std::u16string open = link(u"0", u"UART");
    CHECK(agent::find_link(open.data(), open.size(), 0, kUart, chars));
    CHECK_FALSE(agent::find_link(open.data(), 0, 0, kUart, chars));
}
