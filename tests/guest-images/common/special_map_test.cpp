// SPDX-License-Identifier: MIT
// Pages of special pool: whose they are, and how long a freed block is remembered.
#include <special_map.hpp>

#include <memory>
#include <vector>

#include "support/catch.hpp"

using nanont::SpecialMap;

namespace {

constexpr size_t kNone = SpecialMap::kNone;
const void* const kFrom = reinterpret_cast<const void*>(0x1234);

} // namespace

TEST_CASE("a block has its pages and an empty one, and all of them are known to be its own") {
    auto map = std::make_unique<SpecialMap>();
    const size_t one = map->take(1);
    const size_t three = map->take(3);
    CHECK(three == one + 2);
    CHECK(map->at(three).pages == 3);
    for (size_t page = three; page <= three + 3; ++page)
        CHECK(map->block_of(page) == three);
    CHECK(map->block_of(one + 1) == one);
    CHECK(map->block_of(three + 4) == kNone);
    CHECK(map->block_of(SpecialMap::kPages) == kNone);
}

TEST_CASE("a freed block is remembered, with who freed it, until every other page has been taken") {
    auto map = std::make_unique<SpecialMap>();
    const size_t freed = map->take(1);
    map->at(freed).tag = 0x67615474;
    map->give(freed, kFrom);
    for (size_t i = 1; i < SpecialMap::kPages / 2; ++i) {
        const size_t other = map->take(1);
        REQUIRE(other != freed);
        map->give(other, kFrom);
    }
    CHECK(map->block_of(freed) == freed);
    CHECK(map->at(freed).state == SpecialMap::State::Freed);
    CHECK(map->at(freed).freed_from == kFrom);
    CHECK(map->at(freed).tag == 0x67615474);
    CHECK(map->take(1) == freed);
    CHECK(map->at(freed).state == SpecialMap::State::Used);
}

TEST_CASE("what takes a part of a freed block's pages leaves none that still name it") {
    auto map = std::make_unique<SpecialMap>();
    const size_t large = map->take(9);
    map->give(large, kFrom);
    while (map->take(1) != large) {
    }
    CHECK(map->block_of(large + 1) == large);
    for (size_t page = large + 2; page <= large + 9; ++page)
        CHECK(map->block_of(page) == kNone);
}

TEST_CASE("used blocks stay whole when all that is left is asked for") {
    auto map = std::make_unique<SpecialMap>();
    std::vector<size_t> blocks;
    for (size_t block = map->take(1); block != kNone; block = map->take(1))
        blocks.push_back(block);
    CHECK(blocks.size() == SpecialMap::kPages / 2);
    CHECK(map->take(1) == kNone);
    map->give(blocks[7], kFrom);
    map->give(blocks[9], kFrom);
    CHECK(map->take(2) == kNone); // two pages and the empty one are not there in a row
    map->give(blocks[8], kFrom);
    CHECK(map->take(3) == blocks[7]);
    CHECK(map->block_of(blocks[8]) == blocks[7]);
}

TEST_CASE("more pages than there are, or none, are no block") {
    auto map = std::make_unique<SpecialMap>();
    CHECK(map->take(0) == kNone);
    CHECK(map->take(SpecialMap::kPages) == kNone);
    CHECK(map->take(SIZE_MAX) == kNone);
    CHECK(map->take(SpecialMap::kPages - 1) == 0);
    CHECK(map->take(1) == kNone);
}

namespace {

constexpr size_t kPage = 4096;

/// A block of `bytes` in one page, and its neighbour, which begins its own.
struct Neighbours {
    std::unique_ptr<SpecialMap> map = std::make_unique<SpecialMap>();
    size_t first, second;

    explicit Neighbours(size_t bytes) : first(map->take(1)), second(map->take(1)) {
        map->at(first).bytes = bytes;
        map->at(first).begins_page = map->at(second).begins_page = true;
    }
    size_t concerned(size_t offset) const { return map->block_concerned(first + 1, offset, kPage); }
};

} // namespace

TEST_CASE("a touch of a block's own page is the block's, wherever it lies") {
    const Neighbours two(100);
    CHECK(two.map->block_concerned(two.first, 0, kPage) == two.first);
    CHECK(two.map->block_concerned(two.second, kPage - 1, kPage) == two.second);
    CHECK(two.map->block_concerned(SpecialMap::kPages - 1, 0, kPage) == kNone);
}

TEST_CASE(
    "a touch of the empty page before a block that begins one is that block's, unless the one before it ends there") {
    const Neighbours apart(100);
    CHECK(apart.concerned(0) == apart.second);
    CHECK(apart.concerned(kPage - 1) == apart.second);
    const Neighbours close(kPage);
    CHECK(close.concerned(0) == close.first);
    CHECK(close.concerned(kPage / 2 - 1) == close.first);
    CHECK(close.concerned(kPage / 2) == close.second);
}

TEST_CASE("of an empty page's two neighbours a freed one is meant only when the other is freed, too") {
    Neighbours two(100);
    two.map->give(two.second, kFrom);
    CHECK(two.concerned(kPage - 1) == two.first);
    Neighbours other(kPage);
    other.map->give(other.first, kFrom);
    CHECK(other.concerned(0) == other.second);
}

TEST_CASE("a block that ends its page has no claim on the empty page before it") {
    Neighbours two(100);
    two.map->at(two.second).begins_page = false;
    CHECK(two.concerned(kPage - 1) == two.first);
}
