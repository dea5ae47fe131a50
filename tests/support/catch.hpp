// SPDX-License-Identifier: MIT
// The one way into Catch2 for every test: Debian 12 has v2 (one header), Debian 13 has v3 (a library). Tests may use
// what both have, and these by their short names: Approx, ContainsSubstring, StartsWith, EndsWith.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp> // puts Approx into the global namespace itself
inline Catch::Matchers::StdString::ContainsMatcher ContainsSubstring(const std::string& text) {
    return Catch::Matchers::Contains(text); // v3 gives the name Contains to another matcher
}
#endif
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
