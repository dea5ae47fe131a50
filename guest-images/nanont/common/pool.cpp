// SPDX-License-Identifier: MIT
#include "pool.hpp"

namespace nanont {
namespace {

constexpr uint8_t kUsed = 0xa1;
constexpr uint8_t kFree = 0xf3;

size_t pages_for(size_t bytes) {
    return (bytes + Pool::kPage - 1) / Pool::kPage;
}

bool all_bytes(const uint8_t* from, const uint8_t* end, uint8_t value) {
    for (; from != end; ++from) {
        if (*from != value) {
            return false;
        }
    }
    return true;
}

} // namespace

// Blocks of a page lie one after the other; each knows the size of the one before it, so that neighbours merge.
struct alignas(16) Pool::Header {
    uint16_t previous_units; // 0 = first of its page
    uint16_t units;          // this header included
    uint8_t state;
    uint8_t reserved;
    uint16_t check;
    uint32_t tag;
    uint32_t bytes;

    uint16_t expected_check() const {
        uint64_t mix = reinterpret_cast<uint64_t>(this);
        mix = mix * 0x9e3779b97f4a7c15u + previous_units;
        mix = mix * 0x9e3779b97f4a7c15u + units;
        mix = mix * 0x9e3779b97f4a7c15u + state;
        mix = mix * 0x9e3779b97f4a7c15u + tag;
        mix = (mix * 0x9e3779b97f4a7c15u + bytes) * 0x9e3779b97f4a7c15u; // the last field too must reach the top
        return static_cast<uint16_t>(mix >> 48);
    }
    void seal() { check = expected_check(); }
    bool sound() const {
        return check == expected_check() && units >= 2 && units <= kUnitsPerPage && (state == kUsed || state == kFree);
    }
    uint8_t* payload() { return reinterpret_cast<uint8_t*>(this + 1); }
    size_t capacity() const { return (size_t{units} - 1) * kGranule; }
    Header* page() const { return reinterpret_cast<Header*>(reinterpret_cast<uintptr_t>(this) & ~(kPage - 1)); }
    Header* next() {
        Header* after = this + units;
        return after == page() + kUnitsPerPage ? nullptr : after;
    }
    Header* previous() { return previous_units == 0 ? nullptr : this - previous_units; }
};

struct Pool::FreeLinks {
    Header* next;
    Header* previous;
};

void Pool::init(const PageSource& source) {
    static_assert(sizeof(Header) == kGranule);
    source_ = source;
}

void Pool::put_free(Header* block) {
    block->state = kFree;
    block->seal();
    auto* links = reinterpret_cast<FreeLinks*>(block->payload());
    Header*& bin = bins_[block->units];
    links->next = bin;
    links->previous = nullptr;
    if (bin != nullptr) {
        reinterpret_cast<FreeLinks*>(bin->payload())->previous = block;
    }
    bin = block;
    bin_summary_[block->units / 64] |= 1ull << (block->units % 64);
}

void Pool::unlink_free(Header* block) {
    const FreeLinks links = *reinterpret_cast<FreeLinks*>(block->payload());
    if (links.next != nullptr) {
        reinterpret_cast<FreeLinks*>(links.next->payload())->previous = links.previous;
    }
    if (links.previous != nullptr) {
        reinterpret_cast<FreeLinks*>(links.previous->payload())->next = links.next;
    } else {
        bins_[block->units] = links.next;
        if (links.next == nullptr) {
            bin_summary_[block->units / 64] &= ~(1ull << (block->units % 64));
        }
    }
}

Pool::Header* Pool::new_page() {
    void* page = source_.take(source_.context, 1);
    if (page == nullptr) {
        return nullptr;
    }
    ++totals_.pages;
    auto* block = static_cast<Header*>(page);
    *block = {0, kUnitsPerPage, kFree, 0, 0, 0, 0};
    return block;
}

/// A block of at least `units`, out of the free lists; the smallest that fits.
Pool::Header* Pool::take_free(size_t units) {
    for (size_t word = units / 64; word < sizeof(bin_summary_) / sizeof(bin_summary_[0]); ++word) {
        uint64_t candidates = bin_summary_[word];
        if (word == units / 64) {
            candidates &= ~0ull << (units % 64);
        }
        if (candidates != 0) {
            Header* block = bins_[word * 64 + static_cast<size_t>(__builtin_ctzll(candidates))];
            unlink_free(block);
            return block;
        }
    }
    return new_page();
}

void* Pool::allocate(size_t bytes, uint32_t tag) {
    if (bytes > kLargestSmall) {
        return allocate_large(bytes, tag);
    }
    size_t units = 1 + (bytes + kGranule - 1) / kGranule;
    units = units < 2 ? 2 : units;
    Header* block = take_free(units);
    if (block == nullptr) {
        return nullptr;
    }
    if (block->units - units >= 2) {
        Header* rest = block + units;
        *rest = {static_cast<uint16_t>(units), static_cast<uint16_t>(block->units - units), kFree, 0, 0, 0, 0};
        block->units = static_cast<uint16_t>(units);
        if (Header* after = rest->next()) {
            after->previous_units = rest->units;
            after->seal();
        }
        put_free(rest);
    }
    block->state = kUsed;
    block->tag = tag;
    block->bytes = static_cast<uint32_t>(bytes);
    block->seal();
    __builtin_memset(block->payload(), kFreshByte, bytes);
    __builtin_memset(block->payload() + bytes, kTailByte, block->capacity() - bytes);
    ++totals_.blocks;
    totals_.bytes += bytes;
    return block->payload();
}

PoolVerdict Pool::check_small(Header* header, PoolBlockInfo& info) const {
    info = {header->bytes, header->tag};
    if (!header->sound()) {
        return PoolVerdict::HeaderDamaged;
    }
    if (header->state == kFree) {
        return PoolVerdict::AlreadyFree;
    }
    if (header->bytes > header->capacity()) {
        return PoolVerdict::HeaderDamaged;
    }
    Header* after = header->next();
    if (!all_bytes(header->payload() + header->bytes, header->payload() + header->capacity(), kTailByte) ||
        (after != nullptr && (!after->sound() || after->previous_units != header->units))) {
        return PoolVerdict::Overrun;
    }
    return PoolVerdict::Ok;
}

void Pool::release_small(Header* header) {
    --totals_.blocks;
    totals_.bytes -= header->bytes;
    __builtin_memset(header->payload(), kFreedByte, header->capacity());
    header->state = kFree; // stays so even when the block is merged: a second free of it is recognised
    header->seal();
    Header* block = header;
    if (Header* after = block->next(); after != nullptr && after->state == kFree) {
        unlink_free(after);
        block->units = static_cast<uint16_t>(block->units + after->units);
    }
    if (Header* before = block->previous(); before != nullptr && before->state == kFree) {
        unlink_free(before);
        before->units = static_cast<uint16_t>(before->units + block->units);
        block = before;
    }
    if (block->units == kUnitsPerPage) {
        --totals_.pages;
        source_.give(source_.context, block, 1);
        return;
    }
    if (Header* after = block->next()) {
        after->previous_units = block->units;
        after->seal();
    }
    put_free(block);
}

void* Pool::allocate_large(size_t bytes, uint32_t tag) {
    if (bytes > SIZE_MAX - kPage) {
        return nullptr; // rounded up it would be nothing
    }
    const size_t pages = pages_for(bytes);
    for (LargeBlock& slot : large_) {
        if (slot.base != nullptr) {
            continue;
        }
        slot.base = static_cast<uint8_t*>(source_.take(source_.context, pages));
        if (slot.base == nullptr) {
            return nullptr;
        }
        slot.bytes = bytes;
        slot.tag = tag;
        __builtin_memset(slot.base, kFreshByte, bytes);
        __builtin_memset(slot.base + bytes, kTailByte, pages * kPage - bytes);
        ++totals_.blocks;
        totals_.bytes += bytes;
        totals_.pages += pages;
        return slot.base;
    }
    return nullptr;
}

Pool::LargeBlock* Pool::find_large(const void* base) const {
    for (const LargeBlock& slot : large_) {
        if (slot.base == base) {
            return const_cast<LargeBlock*>(&slot);
        }
    }
    return nullptr;
}

PoolVerdict Pool::inspect(void* block, PoolBlockInfo& info) const {
    info = {};
    const auto address = reinterpret_cast<uintptr_t>(block);
    if (block == nullptr || address % kGranule != 0) {
        return PoolVerdict::NotAllocated;
    }
    if (address % kPage != 0) {
        return check_small(static_cast<Header*>(block) - 1, info);
    }
    const LargeBlock* large = find_large(block);
    if (large == nullptr) {
        return PoolVerdict::NotAllocated;
    }
    info = {large->bytes, large->tag};
    const uint8_t* end = large->base + pages_for(large->bytes) * kPage;
    return all_bytes(large->base + large->bytes, end, kTailByte) ? PoolVerdict::Ok : PoolVerdict::Overrun;
}

PoolVerdict Pool::release(void* block, uint32_t tag, PoolBlockInfo& info) {
    const PoolVerdict verdict = inspect(block, info);
    if (verdict != PoolVerdict::Ok) {
        return verdict;
    }
    if (tag != 0 && tag != info.tag) {
        return PoolVerdict::WrongTag;
    }
    if (reinterpret_cast<uintptr_t>(block) % kPage != 0) {
        release_small(static_cast<Header*>(block) - 1);
        return PoolVerdict::Ok;
    }
    LargeBlock* large = find_large(block);
    const size_t pages = pages_for(large->bytes);
    --totals_.blocks;
    totals_.bytes -= large->bytes;
    totals_.pages -= pages;
    __builtin_memset(large->base, kFreedByte, pages * kPage);
    large->base = nullptr;
    source_.give(source_.context, block, pages);
    return PoolVerdict::Ok;
}

} // namespace nanont
