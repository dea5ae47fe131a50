// SPDX-License-Identifier: MIT
// The pool, and what it finds when a driver damages it: each way a block can be misused has its own verdict.
#include "pool.hpp"

#include <support/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace {

using nanont::Pool;
using nanont::PoolBlockInfo;
using nanont::PoolVerdict;

constexpr uint32_t kTag = 0x54534554; // "TEST"

/// Pages from the host, counted; `limit` of them at most.
struct Fixture {
    std::unique_ptr<Pool> pool = std::make_unique<Pool>();
    size_t limit = SIZE_MAX;
    size_t pages = 0;
    std::set<void*> runs;

    Fixture() {
        pool->init({[](void* self, size_t count) -> void* {
                        auto& f = *static_cast<Fixture*>(self);
                        if (count > f.limit - f.pages) return nullptr;
                        void* run = std::aligned_alloc(Pool::kPage, count * Pool::kPage);
                        f.pages += count;
                        f.runs.insert(run);
                        return run;
                    },
                    [](void* self, void* first, size_t count) {
                        auto& f = *static_cast<Fixture*>(self);
                        REQUIRE(f.runs.erase(first) == 1);
                        f.pages -= count;
                        std::free(first);
                    },
                    this});
    }
    ~Fixture() {
        for (void* run : runs)
            std::free(run);
    }
    Fixture(const Fixture&) = delete;

    uint8_t* take(size_t bytes) { return static_cast<uint8_t*>(pool->allocate(bytes, kTag)); }
    PoolVerdict give(void* block, uint32_t tag = 0) {
        PoolBlockInfo info{};
        return pool->release(block, tag, info);
    }
};

} // namespace

TEST_CASE("a block is 16-byte aligned, page-aligned from a page on, and filled with the fresh pattern") {
    Fixture f;
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{4079}, size_t{4080},
                               size_t{4081}, size_t{4096}, size_t{4097}, size_t{100000}}) {
        uint8_t* block = f.take(bytes);
        INFO(bytes);
        REQUIRE(block != nullptr);
        CHECK(reinterpret_cast<uintptr_t>(block) % (bytes >= Pool::kPage ? Pool::kPage : Pool::kGranule) == 0);
        CHECK(std::all_of(block, block + bytes, [](uint8_t byte) { return byte == Pool::kFreshByte; }));
        PoolBlockInfo info{};
        CHECK(f.pool->inspect(block, info) == PoolVerdict::Ok);
        CHECK(info.bytes == bytes);
        CHECK(info.tag == kTag);
        CHECK(f.give(block) == PoolVerdict::Ok);
    }
    CHECK(f.pages == 0);
}

TEST_CASE("totals count blocks, bytes and pages, and go back to nothing") {
    Fixture f;
    uint8_t* small = f.take(100);
    uint8_t* large = f.take(5000);
    CHECK(f.pool->totals().blocks == 2);
    CHECK(f.pool->totals().bytes == 5100);
    CHECK(f.pool->totals().pages == 3);
    CHECK(f.give(small) == PoolVerdict::Ok);
    CHECK(f.give(large) == PoolVerdict::Ok);
    CHECK(f.pool->totals().blocks == 0);
    CHECK(f.pool->totals().bytes == 0);
    CHECK(f.pool->totals().pages == 0);
}

TEST_CASE("a block freed twice is told, with its neighbours free or not") {
    Fixture f;
    uint8_t* before = f.take(50);
    uint8_t* block = f.take(50);
    uint8_t* after = f.take(50);
    CHECK(f.give(block) == PoolVerdict::Ok);
    CHECK(f.give(block) == PoolVerdict::AlreadyFree);
    CHECK(f.give(before) == PoolVerdict::Ok); // merges with it
    CHECK(f.give(block) == PoolVerdict::AlreadyFree);
    CHECK(f.give(before) == PoolVerdict::AlreadyFree);
    CHECK(f.give(after) == PoolVerdict::Ok);
}

TEST_CASE("a block freed with another tag is told and stays, and tag 0 stands for any") {
    Fixture f;
    uint8_t* small = f.take(50);
    uint8_t* large = f.take(5000);
    for (uint8_t* block : {small, large}) {
        CHECK(f.give(block, kTag + 1) == PoolVerdict::WrongTag);
        PoolBlockInfo info{};
        CHECK(f.pool->inspect(block, info) == PoolVerdict::Ok);
    }
    CHECK(f.give(small, kTag) == PoolVerdict::Ok);
    CHECK(f.give(large, 0) == PoolVerdict::Ok);
}

TEST_CASE("one byte past a block's end is an overrun, for every size of tail") {
    for (size_t bytes = 1; bytes <= 64; ++bytes) {
        Fixture f;
        uint8_t* block = f.take(bytes);
        f.take(16);
        block[bytes] ^= 1; // the tail, or the next block's header
        INFO(bytes);
        PoolBlockInfo info{};
        CHECK(f.pool->release(block, 0, info) == PoolVerdict::Overrun);
        CHECK(info.bytes == bytes);
        block[bytes] ^= 1;
        CHECK(f.give(block) == PoolVerdict::Ok);
    }
}

TEST_CASE("a write past a large block's end is an overrun, up to the end of its last page") {
    Fixture f;
    uint8_t* block = f.take(5000);
    for (const size_t at : {size_t{5000}, size_t{6000}, 2 * Pool::kPage - 1}) {
        block[at] ^= 0x80;
        CHECK(f.give(block) == PoolVerdict::Overrun);
        block[at] ^= 0x80;
    }
    CHECK(f.give(block) == PoolVerdict::Ok);
}

TEST_CASE("a write before a block damages its header, whichever byte it hits") {
    for (size_t back = 1; back <= Pool::kGranule; ++back) {
        Fixture f;
        uint8_t* block = f.take(50);
        if (back == 11) continue; // the reserved byte means nothing
        block[-static_cast<std::ptrdiff_t>(back)] ^= 0x10;
        INFO(back);
        const PoolVerdict verdict = f.give(block);
        CHECK(verdict == PoolVerdict::HeaderDamaged);
    }
}

TEST_CASE("what no block starts at is not allocated") {
    Fixture f;
    uint8_t* small = f.take(100);
    uint8_t* large = f.take(9000);
    CHECK(f.give(nullptr) == PoolVerdict::NotAllocated);
    CHECK(f.give(small + 1) == PoolVerdict::NotAllocated);
    CHECK(f.give(small + 8) == PoolVerdict::NotAllocated);
    CHECK(f.give(large + Pool::kPage) == PoolVerdict::NotAllocated);
    CHECK(f.give(small + 16) != PoolVerdict::Ok); // looks like a block, has no header
    CHECK(f.give(small) == PoolVerdict::Ok);
    CHECK(f.give(large) == PoolVerdict::Ok);
    CHECK(f.give(large) == PoolVerdict::NotAllocated);
}

TEST_CASE("freed memory reads as the freed pattern, apart from the pool's own links") {
    Fixture f;
    uint8_t* block = f.take(200);
    f.take(16); // keeps the page
    std::memset(block, 0x11, 200);
    CHECK(f.give(block) == PoolVerdict::Ok);
    CHECK(std::all_of(block + 16, block + 200, [](uint8_t byte) { return byte == Pool::kFreedByte; }));
}

TEST_CASE("when memory is out nothing is allocated and nothing is lost") {
    Fixture f;
    f.limit = 2;
    CHECK(f.take(3 * Pool::kPage) == nullptr);
    uint8_t* a = f.take(4000);
    uint8_t* b = f.take(4000);
    REQUIRE(a != nullptr);
    REQUIRE(b != nullptr);
    CHECK(f.take(4000) == nullptr);
    CHECK(f.take(Pool::kPage) == nullptr);
    CHECK(f.pool->totals().blocks == 2);
    CHECK(f.give(a) == PoolVerdict::Ok);
    CHECK(f.take(Pool::kPage) != nullptr);
}

TEST_CASE("a size near the end of the address space is refused and not rounded to nothing") {
    Fixture f;
    f.limit = 1000;
    CHECK(f.take(SIZE_MAX) == nullptr);
    CHECK(f.take(SIZE_MAX - Pool::kPage + 1) == nullptr);
    CHECK(f.take(SIZE_MAX - 4095) == nullptr);
    CHECK(f.pages == 0);
}

TEST_CASE("large blocks are bounded in number, and a freed one makes room") {
    Fixture f;
    std::vector<uint8_t*> blocks;
    for (size_t i = 0; i < Pool::kMaxLargeBlocks; ++i) {
        blocks.push_back(f.take(Pool::kPage));
        REQUIRE(blocks.back() != nullptr);
    }
    CHECK(f.take(Pool::kPage) == nullptr);
    CHECK(f.take(16) != nullptr);
    CHECK(f.give(blocks[500]) == PoolVerdict::Ok);
    CHECK(f.take(Pool::kPage) != nullptr);
}

TEST_CASE("whatever is allocated and freed, blocks do not overlap and their bytes stay") {
    std::mt19937 random(7);
    Fixture f;
    struct Block {
        uint8_t* bytes;
        size_t size;
        uint8_t value;
    };
    std::vector<Block> blocks;
    for (int round = 0; round < 20000; ++round) {
        if (blocks.size() < 10 || (blocks.size() < 200 && random() % 2 != 0)) {
            const size_t size = random() % 10 == 0 ? random() % 20000 : random() % 300;
            uint8_t* bytes = f.take(size);
            REQUIRE(bytes != nullptr);
            const auto value = static_cast<uint8_t>(random());
            std::memset(bytes, value, size);
            blocks.push_back({bytes, size, value});
        } else {
            const size_t which = random() % blocks.size();
            const Block block = blocks[which];
            REQUIRE(
                std::all_of(block.bytes, block.bytes + block.size, [&](uint8_t byte) { return byte == block.value; }));
            REQUIRE(f.give(block.bytes, kTag) == PoolVerdict::Ok);
            blocks[which] = blocks.back();
            blocks.pop_back();
        }
    }
    for (const Block& block : blocks)
        REQUIRE(f.give(block.bytes, kTag) == PoolVerdict::Ok);
    CHECK(f.pool->totals().blocks == 0);
    CHECK(f.pages == 0);
}
