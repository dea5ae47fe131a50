// SPDX-License-Identifier: MIT
// Four-level page tables. The tables are reached at physical address + `view`, so the boot loader (view 0), the kernel
// (its direct map) and the host's tests (a buffer) use the same code.
#ifndef NANONT_COMMON_PAGE_TABLES_HPP
#define NANONT_COMMON_PAGE_TABLES_HPP

#include <stdint.h>

namespace nanont {

/// What a page may be used for. "Everything", writable and executable, is for images whose sections share pages (old
/// kits), and for nothing else.
enum class PageRights : uint8_t { ReadOnly, ReadWrite, Execute, Device, Everything };

class PageTables {
  public:
    /// Gives one zeroed page, physical; 0 = none left.
    using TakePage = uint64_t (*)(void* context);

    PageTables() = default;
    PageTables(uint64_t root, uint64_t view, TakePage take, void* context)
        : root_(root), view_(view), take_(take), context_(context) {}

    /// Maps one 4 KB page; replaces what was there. False: no page for a table.
    bool map(uint64_t virtual_address, uint64_t physical, PageRights rights);
    /// Maps one 2 MB page, read-write, in a place without a table.
    bool map_large(uint64_t virtual_address, uint64_t physical);
    /// Takes a 4 KB page out and returns its physical address; 0 = it was not mapped.
    uint64_t unmap(uint64_t virtual_address);
    /// Changes the rights of a mapped 4 KB page.
    bool protect(uint64_t virtual_address, PageRights rights);
    /// The entry that maps the address, large or small; 0 = not mapped.
    uint64_t entry(uint64_t virtual_address) const;
    /// Physical address, of a pageable page that is out too; 0 = not mapped.
    uint64_t physical(uint64_t virtual_address) const;
    /// The entry of a 4 KB page, to be changed in place; nullptr: there is no table for it, or a large page.
    uint64_t* slot(uint64_t virtual_address) const { return find(virtual_address, 0, false); }

    uint64_t root() const { return root_; }

    static constexpr uint64_t kPresent = 1;
    static constexpr uint64_t kWrite = 2;
    static constexpr uint64_t kLarge = 0x80;
    static constexpr uint64_t kGlobal = 0x100;
    static constexpr uint64_t kPageable = 0x200; // ours: the page has its memory, be it present or not
    static constexpr uint64_t kNoExecute = 1ull << 63;
    static constexpr uint64_t kAddressMask = 0x000ffffffffff000;

  private:
    uint64_t* table(uint64_t physical) const { return reinterpret_cast<uint64_t*>(physical + view_); }
    uint64_t* find(uint64_t virtual_address, int last_level, bool make) const;

    uint64_t root_ = 0;
    uint64_t view_ = 0;
    TakePage take_ = nullptr;
    void* context_ = nullptr;
};

} // namespace nanont

#endif
