// SPDX-License-Identifier: MIT
#include "page_tables.hpp"

namespace nanont {
namespace {

constexpr uint64_t kWriteThrough = 0x08;
constexpr uint64_t kCacheDisable = 0x10;

constexpr uint64_t bits(PageRights rights) {
    switch (rights) {
    case PageRights::ReadOnly:
        return PageTables::kPresent | PageTables::kGlobal | PageTables::kNoExecute;
    case PageRights::ReadWrite:
        return PageTables::kPresent | PageTables::kGlobal | PageTables::kWrite | PageTables::kNoExecute;
    case PageRights::Execute:
        return PageTables::kPresent | PageTables::kGlobal;
    case PageRights::Everything:
        return PageTables::kPresent | PageTables::kGlobal | PageTables::kWrite;
    case PageRights::Device:
        break;
    }
    return PageTables::kPresent | PageTables::kGlobal | PageTables::kWrite | PageTables::kNoExecute | kWriteThrough |
           kCacheDisable;
}

constexpr unsigned index_at(uint64_t virtual_address, int level) {
    return static_cast<unsigned>(virtual_address >> (12 + 9 * level)) & 0x1ff;
}

} // namespace

// Level 3 is the root, level 0 holds 4 KB pages, level 1 may hold 2 MB pages.
uint64_t* PageTables::find(uint64_t virtual_address, int last_level, bool make) const {
    uint64_t* entries = table(root_);
    for (int level = 3; level > last_level; --level) {
        uint64_t& slot = entries[index_at(virtual_address, level)];
        if ((slot & kPresent) == 0) {
            const uint64_t page = make ? take_(context_) : 0;
            if (page == 0) {
                return nullptr;
            }
            slot = page | kPresent | kWrite;
        } else if ((slot & kLarge) != 0) {
            return nullptr;
        }
        entries = table(slot & kAddressMask);
    }
    return &entries[index_at(virtual_address, last_level)];
}

bool PageTables::map(uint64_t virtual_address, uint64_t physical, PageRights rights) {
    uint64_t* slot = find(virtual_address, 0, true);
    if (slot == nullptr) {
        return false;
    }
    *slot = physical | bits(rights);
    return true;
}

bool PageTables::map_large(uint64_t virtual_address, uint64_t physical) {
    uint64_t* slot = find(virtual_address, 1, true);
    if (slot == nullptr || (*slot & (kPresent | kLarge)) == kPresent) {
        return false;
    }
    *slot = physical | bits(PageRights::ReadWrite) | kLarge;
    return true;
}

uint64_t PageTables::unmap(uint64_t virtual_address) {
    uint64_t* slot = find(virtual_address, 0, false);
    if (slot == nullptr || (*slot & (kPresent | kPageable)) == 0) {
        return 0;
    }
    const uint64_t physical = *slot & kAddressMask;
    *slot = 0;
    return physical;
}

bool PageTables::protect(uint64_t virtual_address, PageRights rights) {
    uint64_t* slot = find(virtual_address, 0, false);
    if (slot == nullptr || (*slot & kPresent) == 0) {
        return false;
    }
    *slot = (*slot & kAddressMask) | bits(rights);
    return true;
}

uint64_t PageTables::entry(uint64_t virtual_address) const {
    const uint64_t* entries = table(root_);
    for (int level = 3; level >= 0; --level) {
        const uint64_t slot = entries[index_at(virtual_address, level)];
        if ((slot & kPresent) == 0) {
            return 0;
        }
        if (level == 0 || (slot & kLarge) != 0) {
            return slot;
        }
        entries = table(slot & kAddressMask);
    }
    return 0;
}

uint64_t PageTables::physical(uint64_t virtual_address) const {
    uint64_t slot = entry(virtual_address);
    if (slot == 0) {
        const uint64_t* out = find(virtual_address, 0, false);
        slot = out != nullptr ? *out : 0;
        if ((slot & kPageable) == 0) {
            return 0;
        }
    }
    constexpr uint64_t kLargeOffset = (1ull << 21) - 1;
    return (slot & kLarge) != 0 ? (slot & kAddressMask & ~kLargeOffset) + (virtual_address & kLargeOffset)
                                : (slot & kAddressMask) + (virtual_address & 0xfff);
}

} // namespace nanont
