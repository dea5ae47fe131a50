// SPDX-License-Identifier: MIT
// Runs of pages: taken once, given back, never beyond the range.
#include "page_bitmap.hpp"

#include <support/catch.hpp>

#include <random>
#include <utility>
#include <vector>

namespace {

using nanont::PageBitmap;

struct Fixture {
    std::vector<uint64_t> words;
    PageBitmap map;
    explicit Fixture(size_t pages, bool all_free = true) : words((pages + 63) / 64) {
        map.init(words.data(), pages);
        if (all_free) map.give(0, pages);
    }
};

} // namespace

TEST_CASE("every page starts out taken") {
    Fixture f(100, false);
    CHECK(f.map.free_pages() == 0);
    CHECK(f.map.pages() == 100);
    CHECK(f.map.take(1) == PageBitmap::kNone);
    CHECK(f.map.taken(0));
    CHECK(f.map.taken(99));
}

TEST_CASE("a page beyond the range is taken, and giving it changes nothing") {
    Fixture f(100);
    CHECK(f.map.taken(100));
    CHECK(f.map.taken(SIZE_MAX));
    f.map.give(95, 20);
    CHECK(f.map.free_pages() == 100);
    CHECK(f.map.take(101) == PageBitmap::kNone);
    CHECK(f.map.take(100) == 0);
    CHECK(f.map.free_pages() == 0);
}

TEST_CASE("no pages at all cannot be taken") {
    Fixture f(10);
    CHECK(f.map.take(0) == PageBitmap::kNone);
    CHECK(f.map.free_pages() == 10);
}

TEST_CASE("a run crosses the borders of words") {
    Fixture f(256);
    CHECK(f.map.take(60) == 0);
    CHECK(f.map.take(10) == 60);
    CHECK(f.map.take(128) == 70);
    for (size_t page = 0; page < 198; ++page)
        CHECK(f.map.taken(page));
    CHECK_FALSE(f.map.taken(198));
}

TEST_CASE("free pages that do not lie in a row do not make a run") {
    Fixture f(128, false);
    for (size_t page = 0; page < 128; page += 2)
        f.map.give(page, 1);
    CHECK(f.map.free_pages() == 64);
    CHECK(f.map.take(2) == PageBitmap::kNone);
    f.map.give(63, 1);
    CHECK(f.map.take(3) == 62);
}

TEST_CASE("the search goes on where the last one ended, or at pages given back before that") {
    Fixture f(64);
    CHECK(f.map.take(10) == 0);
    CHECK(f.map.take(10) == 10);
    f.map.give(0, 5);
    CHECK(f.map.take(5) == 0);
    f.map.give(10, 10);
    f.map.give(2, 1);
    CHECK(f.map.take(44) == 10); // the hole at 2 is too small
    CHECK(f.map.take(10) == 54);
    CHECK(f.map.take(1) == 2); // round to the beginning
    CHECK(f.map.take(1) == PageBitmap::kNone);
}

TEST_CASE("pages given twice are counted once") {
    Fixture f(32, false);
    f.map.give(3, 4);
    f.map.give(3, 4);
    f.map.give(0, 32);
    CHECK(f.map.free_pages() == 32);
}

TEST_CASE("whatever is taken and given, no page has two owners and the count is right") {
    std::mt19937 random(1); // one seed: the same run every time
    constexpr size_t kPages = 500;
    Fixture f(kPages);
    std::vector<bool> owned(kPages);
    std::vector<std::pair<size_t, size_t>> runs;
    size_t free = kPages;
    for (int round = 0; round < 20000; ++round) {
        if (runs.empty() || random() % 2 != 0) {
            const size_t count = 1 + random() % 20;
            const size_t first = f.map.take(count);
            if (first == PageBitmap::kNone) {
                size_t longest = 0;
                size_t row = 0;
                for (size_t page = 0; page < kPages; ++page) {
                    row = owned[page] ? 0 : row + 1;
                    longest = row > longest ? row : longest;
                }
                REQUIRE(longest < count);
                continue;
            }
            REQUIRE(first + count <= kPages);
            for (size_t page = first; page < first + count; ++page) {
                REQUIRE_FALSE(owned[page]);
                owned[page] = true;
            }
            runs.emplace_back(first, count);
            free -= count;
        } else {
            const size_t which = random() % runs.size();
            const auto [first, count] = runs[which];
            f.map.give(first, count);
            for (size_t page = first; page < first + count; ++page)
                owned[page] = false;
            free += count;
            runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(which));
        }
        REQUIRE(f.map.free_pages() == free);
    }
}
