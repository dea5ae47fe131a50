// SPDX-License-Identifier: MIT
// Bugcheck codes in words.
#include "report/bugcheck.hpp"

#include "support/catch.hpp"

using namespace mpulab;

namespace {

BugcheckText words(uint64_t code, uint64_t p1 = 0, uint64_t p2 = 0, uint64_t p3 = 0, uint64_t p4 = 0) {
    return describe_bugcheck(code, {p1, p2, p3, p4});
}

} // namespace

TEST_CASE("a code has Windows' name, the name of Microsoft's page and a meaning") {
    const BugcheckText text = words(0xd1, 0x10, 2, 1);
    CHECK(text.name == "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
    CHECK(text.page == "Bug Check 0xD1: DRIVER_IRQL_NOT_LESS_OR_EQUAL");
    CHECK_FALSE(text.meaning.empty());
    CHECK(text.parameters[1] == "IRQL at that time");
    CHECK_THAT(text.parameters[2], EndsWith(": it was written"));
}

TEST_CASE("a sub-code is told in words") {
    CHECK_THAT(words(0xc2, 7).parameters[0], ContainsSubstring("freed that is free"));
    CHECK_THAT(words(0xc4, 0x1000).parameters[0], ContainsSubstring("acquired by the thread that holds it"));
    CHECK_THAT(words(0x7f, 8).parameters[0], ContainsSubstring("double fault"));
    CHECK(words(0xc2, 0x1234).parameters[0] == "kind of call");
}

TEST_CASE("an exception code is known sign-extended, too") {
    CHECK_THAT(words(0x1e, 0xffffffffc0000005).parameters[0], ContainsSubstring("STATUS_ACCESS_VIOLATION"));
}

TEST_CASE("a code that nobody knows says so") {
    const BugcheckText text = words(0xdeadbeef, 1);
    CHECK(text.name == "unknown");
    CHECK(text.page == "Bug check code reference");
    CHECK(text.parameters[0].empty());
}
