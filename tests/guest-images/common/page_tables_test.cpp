// SPDX-License-Identifier: MIT
// Page tables in a buffer: entries as the processor reads them (Intel SDM vol. 3, 4.5), checked bit by bit.
#include "page_tables.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <vector>

namespace {

using nanont::PageRights;
using nanont::PageTables;

constexpr uint64_t kPage = 0x1000;
constexpr uint64_t kFirst = 0x10000; // "physical" address of the buffer
constexpr uint64_t kKernel = 0xfffff80001000000;

/// Physical memory for tables: `pages` of them, the first is the root.
struct Memory {
    std::vector<uint8_t> bytes;
    uint64_t used = 1;
    PageTables tables;

    explicit Memory(size_t pages)
        : bytes((pages + 1) * kPage),
          tables(
              kFirst, view(),
              [](void* self) {
                  auto& memory = *static_cast<Memory*>(self);
                  return memory.used + 1 < memory.bytes.size() / kPage ? kFirst + memory.used++ * kPage : 0;
              },
              this) {}
    Memory(const Memory&) = delete;

    uint64_t aligned() const { return (reinterpret_cast<uint64_t>(bytes.data()) + kPage - 1) & ~(kPage - 1); }
    uint64_t view() const { return aligned() - kFirst; }
    uint64_t word(uint64_t table, uint64_t index) const {
        uint64_t value = 0;
        std::memcpy(&value, reinterpret_cast<const void*>(table + view() + index * 8), 8);
        return value;
    }
    /// The last entry of a walk as a processor does it; 0: a table is not there. Levels 3 and up to `depth` tables.
    uint64_t walk(uint64_t address, int depth) const {
        uint64_t table = kFirst;
        for (int level = 3;; --level) {
            const uint64_t entry = word(table, address >> (12 + 9 * level) & 0x1ff);
            if (level == 3 - depth || (entry & 1) == 0) return entry;
            table = entry & 0x000ffffffffff000;
        }
    }
};

} // namespace

TEST_CASE("a mapped page is found by the walk a processor does, with the rights that were asked for") {
    constexpr uint64_t kNx = 1ull << 63;
    struct {
        PageRights rights;
        uint64_t bits;
    } const cases[] = {{PageRights::ReadOnly, 0x101 | kNx},
                       {PageRights::ReadWrite, 0x103 | kNx},
                       {PageRights::Execute, 0x101},
                       {PageRights::Device, 0x11b | kNx}};
    for (const auto& c : cases) {
        Memory memory(8);
        REQUIRE(memory.tables.map(kKernel, 0x345000, c.rights));
        CHECK(memory.walk(kKernel, 3) == (0x345000 | c.bits));
        CHECK(memory.tables.entry(kKernel) == (0x345000 | c.bits));
        CHECK((c.bits & 2) * (~c.bits >> 63) == 0); // never writable and executable
    }
}

TEST_CASE("an upper table is present, writable and executable, so that the last entry alone decides") {
    Memory memory(8);
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadOnly));
    for (int depth = 0; depth < 3; ++depth)
        CHECK((memory.walk(kKernel, depth) & (0xfff | 1ull << 63)) == 3);
}

TEST_CASE("the physical address keeps the offset in the page, small or large") {
    Memory memory(8);
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
    CHECK(memory.tables.physical(kKernel + 0xabc) == 0x345abc);
    REQUIRE(memory.tables.map_large(0xffff880000200000, 0x200000));
    CHECK(memory.tables.physical(0xffff880000200000 + 0x12345) == 0x212345);
    CHECK((memory.walk(0xffff880000200000, 2) & 0x80) != 0);
}

TEST_CASE("what is not mapped has no entry, no physical address, and cannot be unmapped or protected") {
    Memory memory(8);
    CHECK(memory.tables.entry(kKernel) == 0);
    CHECK(memory.tables.physical(kKernel) == 0);
    CHECK(memory.tables.unmap(kKernel) == 0);
    CHECK_FALSE(memory.tables.protect(kKernel, PageRights::ReadWrite));
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
    CHECK(memory.tables.entry(kKernel + kPage) == 0);
    CHECK(memory.tables.unmap(kKernel + kPage) == 0);
    CHECK(memory.used == 4); // looking made no tables
}

TEST_CASE("an unmapped page is gone, its neighbour is not") {
    Memory memory(8);
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
    REQUIRE(memory.tables.map(kKernel + kPage, 0x346000, PageRights::ReadWrite));
    CHECK(memory.tables.unmap(kKernel) == 0x345000);
    CHECK(memory.tables.physical(kKernel) == 0);
    CHECK(memory.tables.physical(kKernel + kPage) == 0x346000);
}

TEST_CASE("protecting a page changes its rights and nothing else") {
    Memory memory(8);
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
    REQUIRE(memory.tables.protect(kKernel, PageRights::Execute));
    CHECK(memory.tables.entry(kKernel) == 0x345101);
}

TEST_CASE("mapping again replaces what was there without a new table") {
    Memory memory(8);
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
    REQUIRE(memory.tables.map(kKernel, 0x999000, PageRights::ReadOnly));
    CHECK(memory.tables.physical(kKernel) == 0x999000);
    CHECK(memory.used == 4);
}

TEST_CASE("a small page does not go inside a large one, nor a large one over a table") {
    Memory memory(8);
    REQUIRE(memory.tables.map_large(0xffff880000200000, 0x200000));
    CHECK_FALSE(memory.tables.map(0xffff880000201000, 0x345000, PageRights::ReadWrite));
    CHECK(memory.tables.unmap(0xffff880000201000) == 0);
    REQUIRE(memory.tables.map(0xffff880000400000, 0x345000, PageRights::ReadWrite));
    CHECK_FALSE(memory.tables.map_large(0xffff880000400000, 0x400000));
    CHECK(memory.tables.physical(0xffff880000400000) == 0x345000);
}

TEST_CASE("without a page for a table nothing is mapped, and what was mapped stays") {
    for (size_t pages = 1; pages < 4; ++pages) {
        Memory memory(pages);
        INFO(pages);
        CHECK_FALSE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
        CHECK(memory.tables.physical(kKernel) == 0);
    }
    Memory memory(4);
    REQUIRE(memory.tables.map(kKernel, 0x345000, PageRights::ReadWrite));
    CHECK_FALSE(memory.tables.map(0xffff880000000000, 0x1000, PageRights::ReadWrite));
    CHECK(memory.tables.physical(kKernel) == 0x345000);
}

TEST_CASE("a pageable page that is out is not there for the processor, and keeps its memory") {
    Memory memory(8);
    REQUIRE(memory.tables.map(kKernel, 0x5000, PageRights::ReadWrite));
    uint64_t* slot = memory.tables.slot(kKernel);
    REQUIRE(slot != nullptr);
    *slot = (*slot | PageTables::kPageable) & ~PageTables::kPresent;
    CHECK((memory.walk(kKernel, 3) & 1) == 0);
    CHECK(memory.tables.entry(kKernel) == 0);
    CHECK(memory.tables.physical(kKernel + 0x123) == 0x5123);
    CHECK(memory.tables.unmap(kKernel) == 0x5000);
    CHECK(memory.tables.physical(kKernel) == 0);
    CHECK(memory.tables.slot(kKernel + (1ull << 30)) == nullptr); // there is no table, and none is made
}
