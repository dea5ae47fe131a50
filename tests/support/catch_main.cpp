// SPDX-License-Identifier: MIT
// main() of every test binary under Catch2 v2; v3 brings its own in Catch2WithMain. Compiled once.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
