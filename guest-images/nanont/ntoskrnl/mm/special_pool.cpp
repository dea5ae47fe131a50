// SPDX-License-Identifier: MIT
#include "special_pool.hpp"

#include <special_map.hpp>

#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "mm.hpp"
#include "paged.hpp"
#include "tag_text.hpp"
#include "vf/selftest.hpp"
#include "vf/troubles.hpp"

namespace nanont::mm {
namespace {

constexpr size_t kReserve = 1024; // pages that are left to everybody else

SpecialMap g_map;
KSPIN_LOCK g_lock;

ULONGLONG address_of(size_t page) {
    return kSpecialPool + page * PAGE_SIZE;
}

size_t page_at(const void* address) {
    return (reinterpret_cast<ULONGLONG>(address) - kSpecialPool) / PAGE_SIZE;
}

/// Where a block lies in its pages. A page or more begins on one; what is smaller ends as close to the end as its
/// alignment lets it, unless it is to begin a page.
size_t offset_of(const SpecialMap::Block& block) {
    const size_t granules = block.bytes != 0 ? (block.bytes + Pool::kGranule - 1) / Pool::kGranule : 1;
    return block.bytes >= PAGE_SIZE || block.begins_page ? 0 : PAGE_SIZE - granules * Pool::kGranule;
}

/// Eight bytes at a time: a page of pattern is a part of each allocation's cost.
void fill(UCHAR* from, UCHAR* end, UCHAR value) {
    const ULONGLONG eight = value * 0x0101010101010101ull;
    while (from != end && reinterpret_cast<ULONG_PTR>(from) % sizeof(eight) != 0) {
        *from++ = value;
    }
    for (; end - from >= static_cast<ptrdiff_t>(sizeof(eight)); from += sizeof(eight)) {
        *reinterpret_cast<ULONGLONG*>(from) = eight;
    }
    while (from != end) {
        *from++ = value;
    }
}

const UCHAR* first_other(const UCHAR* from, const UCHAR* end, UCHAR value) {
    const ULONGLONG eight = value * 0x0101010101010101ull;
    while (from != end && reinterpret_cast<ULONG_PTR>(from) % sizeof(eight) != 0 && *from == value) {
        ++from;
    }
    while (end - from >= static_cast<ptrdiff_t>(sizeof(eight)) && reinterpret_cast<ULONG_PTR>(from) % 8 == 0 &&
           *reinterpret_cast<const ULONGLONG*>(from) == eight) {
        from += sizeof(eight);
    }
    while (from != end && *from == value) {
        ++from;
    }
    return from != end ? from : nullptr;
}

/// The block that `address` is the begin of; kNone: of none.
size_t block_at(const void* address) {
    const size_t first = g_map.block_of(page_at(address));
    if (first == SpecialMap::kNone ||
        reinterpret_cast<ULONGLONG>(address) != address_of(first) + offset_of(g_map.at(first))) {
        return SpecialMap::kNone;
    }
    return first;
}

} // namespace

void* allocate_special(SIZE_T bytes, ULONG tag, bool paged) {
    const size_t pages = bytes != 0 ? bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0) : 1;
    const bool begins_page = !vf::selftest_runs() && NanontChoose(NANONT_CHOICE_SPECIAL_POOL) != 0;
    ke::SpinLockGuard guard(g_lock);
    if (free_pages() < kReserve || pages > free_pages() - kReserve) {
        return nullptr;
    }
    const size_t first = g_map.take(pages);
    if (first == SpecialMap::kNone) {
        return nullptr;
    }
    if (!map_pages(address_of(first), pages)) {
        g_map.give(first, nullptr);
        return nullptr;
    }
    SpecialMap::Block& block = g_map.at(first);
    block.bytes = bytes;
    block.tag = tag;
    block.paged = paged;
    block.begins_page = begins_page;
    auto* begin = reinterpret_cast<UCHAR*>(address_of(first));
    UCHAR* data = begin + offset_of(block);
    fill(begin, data, Pool::kTailByte);
    fill(data, data + bytes, Pool::kFreshByte);
    fill(data + bytes, begin + pages * PAGE_SIZE, Pool::kTailByte);
    if (paged) {
        make_pageable(address_of(first), pages);
    }
    return data;
}

bool is_special(const void* address) {
    return page_at(address) < SpecialMap::kPages;
}

bool is_special_paged(const void* address) {
    if (!is_special(address)) {
        return false;
    }
    const size_t first = g_map.block_of(page_at(address));
    return first != SpecialMap::kNone && g_map.at(first).state == SpecialMap::State::Used && g_map.at(first).paged;
}

SpecialVerdict release_special(void* address, ULONG tag, const void* from) {
    ke::SpinLockGuard guard(g_lock);
    const size_t first = block_at(address);
    if (first == SpecialMap::kNone) {
        return {PoolVerdict::NotAllocated, {}, nullptr};
    }
    SpecialMap::Block& block = g_map.at(first);
    SpecialVerdict result{PoolVerdict::Ok, {block.bytes, block.tag}, nullptr};
    if (block.state != SpecialMap::State::Used) {
        result.verdict = PoolVerdict::AlreadyFree;
        return result;
    }
    if (tag != 0 && tag != block.tag) {
        result.verdict = PoolVerdict::WrongTag;
        return result;
    }
    make_resident(address_of(first), block.pages); // it is looked at here, at DISPATCH_LEVEL
    const auto* begin = reinterpret_cast<const UCHAR*>(address_of(first));
    const auto* data = static_cast<const UCHAR*>(address);
    if ((result.damaged = first_other(begin, data, Pool::kTailByte)) != nullptr) {
        result.verdict = PoolVerdict::HeaderDamaged;
    } else if ((result.damaged = first_other(data + block.bytes, begin + block.pages * PAGE_SIZE, Pool::kTailByte)) !=
               nullptr) {
        result.verdict = PoolVerdict::Overrun;
    } else {
        g_map.give(first, from);
        unmap_pages(address_of(first), block.pages);
    }
    return result;
}

bool special_trespass(ULONGLONG address, SpecialTrespass& trespass) {
    const auto* at = reinterpret_cast<const void*>(address);
    const size_t first =
        is_special(at) ? g_map.block_concerned(page_at(at), address % PAGE_SIZE, PAGE_SIZE) : SpecialMap::kNone;
    if (first == SpecialMap::kNone) {
        return false;
    }
    const SpecialMap::Block& block = g_map.at(first);
    trespass.freed = block.state == SpecialMap::State::Freed;
    const ULONGLONG begin = address_of(first) + offset_of(block);
    const TagText tag(block.tag);
    if (trespass.freed) {
        _snprintf(trespass.text, sizeof(trespass.text) - 1,
                  "byte %I64d of the pool block %p of %I64u bytes, tag '%s', was touched after it was freed at %s",
                  static_cast<LONGLONG>(address - begin), reinterpret_cast<void*>(begin),
                  static_cast<ULONGLONG>(block.bytes), tag.text, dbg::Place(block.freed_from).text);
    } else {
        _snprintf(trespass.text, sizeof(trespass.text) - 1,
                  "byte %I64d was touched of the pool block %p, tag '%s', which has %I64u bytes",
                  static_cast<LONGLONG>(address - begin), reinterpret_cast<void*>(begin), tag.text,
                  static_cast<ULONGLONG>(block.bytes));
    }
    trespass.text[sizeof(trespass.text) - 1] = '\0';
    return true;
}

} // namespace nanont::mm
