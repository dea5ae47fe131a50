// SPDX-License-Identifier: MIT
// Tagged pool. Blocks up to a page less its header are cut from pages by size; larger ones are whole pages, so that an
// allocation of a page or more starts on a page. Every block has a checked header, its unused tail and freed memory
// carry patterns: a free that finds them damaged says what it found. The caller holds a lock.
#ifndef NANONT_COMMON_POOL_HPP
#define NANONT_COMMON_POOL_HPP

#include <stddef.h>
#include <stdint.h>

namespace nanont {

enum class PoolVerdict : uint8_t {
    Ok,
    NotAllocated, // no block starts there
    AlreadyFree,
    WrongTag,
    HeaderDamaged, // something wrote over the header of the block
    Overrun,       // something wrote past the end of the block
};

struct PoolBlockInfo {
    size_t bytes; // as asked for
    uint32_t tag;
};

struct PoolTotals {
    size_t blocks;
    size_t bytes; // as asked for
    size_t pages;
};

class Pool {
  public:
    static constexpr size_t kGranule = 16;
    static constexpr size_t kPage = 4096;
    static constexpr size_t kLargestSmall = kPage - kGranule;
    static constexpr size_t kMaxLargeBlocks = 1024;
    static constexpr uint8_t kFreshByte = 0xa5; // what uninitialised memory reads as
    static constexpr uint8_t kTailByte = 0xfd;  // between the end of a block and the next header
    static constexpr uint8_t kFreedByte = 0xdd;

    /// Contiguous pages of memory; `take` gives nullptr when there are not that many.
    struct PageSource {
        void* (*take)(void* context, size_t pages);
        void (*give)(void* context, void* first, size_t pages);
        void* context;
    };

    void init(const PageSource& source);

    /// 16-byte aligned, page-aligned from a page on, filled with kFreshByte; nullptr when memory is out.
    void* allocate(size_t bytes, uint32_t tag);

    /// `tag` 0 = any. Nothing is freed unless the verdict is Ok. `info` tells about the block as far as it can be read.
    PoolVerdict release(void* block, uint32_t tag, PoolBlockInfo& info);

    /// Looks at a block without freeing it.
    PoolVerdict inspect(void* block, PoolBlockInfo& info) const;

    const PoolTotals& totals() const { return totals_; }

  private:
    struct Header;
    struct FreeLinks;
    struct LargeBlock {
        uint8_t* base;
        size_t bytes;
        uint32_t tag;
    };
    static constexpr size_t kUnitsPerPage = kPage / kGranule;

    Header* take_free(size_t units);
    Header* new_page();
    void put_free(Header* block);
    void unlink_free(Header* block);
    void* allocate_large(size_t bytes, uint32_t tag);
    LargeBlock* find_large(const void* base) const;
    PoolVerdict check_small(Header* header, PoolBlockInfo& info) const;
    void release_small(Header* header);

    PageSource source_{};
    PoolTotals totals_{};
    Header* bins_[kUnitsPerPage + 1]{};
    uint64_t bin_summary_[(kUnitsPerPage + 64) / 64]{};
    LargeBlock large_[kMaxLargeBlocks]{};
};

} // namespace nanont

#endif
