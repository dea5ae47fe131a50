// SPDX-License-Identifier: MIT
// Percentiles are by nearest rank, of one run and of several together.
#include "checks/distribution.hpp"

#include "support/catch.hpp"

using namespace mpulab;

TEST_CASE("of one number all percentiles are that number") {
    Distribution seen;
    seen.add(1234);
    CHECK(seen.count() == 1);
    CHECK(seen.min() == 1234);
    CHECK(seen.percentile(50) == 1234);
    CHECK(seen.percentile(99) == 1234);
    CHECK(seen.max() == 1234);
}

TEST_CASE("a percentile is the least number that so many of all are no greater than") {
    Distribution seen;
    for (uint64_t i = 1; i <= 200; ++i)
        seen.add(i);
    CHECK(seen.percentile(50) == 100);
    CHECK(seen.percentile(95) == 190);
    CHECK(seen.percentile(99) == 198);
    Distribution many;
    many.add(5, 99);
    many.add(7);
    CHECK(many.percentile(99) == 5);
    CHECK(many.percentile(100) == 7);
}

TEST_CASE("an empty distribution says 0, and numbers that came no times are none") {
    Distribution seen;
    seen.add(9, 0);
    CHECK(seen.count() == 0);
    CHECK(seen.min() == 0);
    CHECK(seen.max() == 0);
    CHECK(seen.percentile(99) == 0);
}

TEST_CASE("two distributions together are the one of all numbers") {
    Distribution a, b;
    a.add(1, 3);
    b.add(1);
    b.add(8, 4);
    a.add(b);
    CHECK(a.count() == 8);
    CHECK(a.percentile(50) == 1);
    CHECK(a.percentile(51) == 8);
    CHECK(a.max() == 8);
}
