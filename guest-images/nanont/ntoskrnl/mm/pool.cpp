// SPDX-License-Identifier: MIT
// Pool as drivers see it, never executable. The driver under test gets its blocks from special pool, paged ones where
// it asks for them; everybody else, and the driver where that has no room, from a pool that is never paged.
#include "dbg/report.hpp"
#include "driver_blocks.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "mm.hpp"
#include "pool_request.hpp"
#include "special_pool.hpp"
#include "tag_text.hpp"
#include "vf/memory.hpp"
#include "vf/rules.hpp"
#include "vf/selftest.hpp"

namespace nanont::mm {
namespace {

Pool g_pool;
DriverBlocks g_driver_blocks;
KSPIN_LOCK g_lock;

void* take(void*, size_t pages) {
    const ULONGLONG physical = take_pages(pages);
    return physical != 0 ? direct(physical) : nullptr;
}

void give(void*, void* first, size_t pages) {
    give_pages(reinterpret_cast<ULONGLONG>(first) - kDirectMap, pages);
}

/// Paged pool is for APC_LEVEL and below, all other for DISPATCH_LEVEL and below.
struct IrqlLimit {
    explicit IrqlLimit(bool paged) : highest(paged ? APC_LEVEL : DISPATCH_LEVEL), paged_(paged) {}
    const char* pool() const { return paged_ ? "paged pool" : "pool"; }
    const char* expected() const { return paged_ ? "APC_LEVEL" : "DISPATCH_LEVEL"; }
    KIRQL highest;

  private:
    bool paged_;
};

void require_allocation_irql(const PoolRequest& request, const void* from) {
    const KIRQL irql = ke::current_irql();
    const IrqlLimit limit(request.is_paged());
    if (irql > limit.highest) {
        dbg::bugcheck({BAD_POOL_CALLER, 1}, 8, irql, request.is_paged() ? PagedPool : NonPagedPool, request.bytes,
                      "%s allocation of %I64u bytes, tag '%s', at IRQL %u (from %p); expected %s or below",
                      limit.pool(), static_cast<ULONGLONG>(request.bytes), TagText(request.tag).text, irql, from,
                      limit.expected());
    }
}

void* allocate(const PoolRequest& request, const void* from) {
    require_allocation_irql(request, from);
    const bool drivers = ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from));
    if (drivers) {
        vf::judged(1);
        vf::judged(20);
        if (!vf::selftest_runs()) judge_pool_request(request); // the kernel's own blocks are of no kind
    }
    const auto [bytes, pool_tag, type] = request;
    void* special =
        drivers && vf::wants_special_pool(pool_tag) ? allocate_special(bytes, pool_tag, request.is_paged()) : nullptr;
    ke::SpinLockGuard guard(g_lock);
    void* block = special != nullptr ? special : g_pool.allocate(bytes, pool_tag);
    if (drivers && block != nullptr) {
        // Without memory for its entry a block is merely not counted.
        if (void* room = g_pool.allocate(sizeof(DriverBlock), tag("DrBl"))) {
            auto& entry = *static_cast<DriverBlock*>(room);
            entry = {nullptr, block, from, bytes, pool_tag};
            g_driver_blocks.add(entry);
        }
    }
    return block;
}

/// Windows' bugcheck codes for what is wrong with a block that is freed.
[[noreturn]] void report(PoolVerdict verdict, void* block, ULONG pool_tag, const PoolBlockInfo& info,
                         const void* from) {
    const auto address = reinterpret_cast<ULONG_PTR>(block);
    switch (verdict) {
    case PoolVerdict::AlreadyFree:
        dbg::bugcheck({BAD_POOL_CALLER, 51}, 7, 0, info.tag, address,
                      "pool block %p (tag '%s', %I64u bytes) is freed a second time, at %p", block,
                      TagText(info.tag).text, static_cast<ULONGLONG>(info.bytes), from);
    case PoolVerdict::WrongTag:
        dbg::bugcheck({BAD_POOL_CALLER, 51}, 0xa, address, info.tag, pool_tag,
                      "pool block %p was allocated with tag '%s' and is freed with tag '%s', at %p", block,
                      TagText(info.tag).text, TagText(pool_tag).text, from);
    case PoolVerdict::HeaderDamaged:
        dbg::bugcheck({BAD_POOL_HEADER, 52}, 0x20, address, info.tag, 0,
                      "the header before pool block %p is damaged: something wrote before the block or past the end "
                      "of the one before it (freed at %p)",
                      block, from);
    case PoolVerdict::Overrun:
        dbg::bugcheck({BAD_POOL_HEADER, 52}, 0x20, address, info.tag, info.bytes,
                      "something wrote past the end of pool block %p (tag '%s', %I64u bytes), found when it was freed "
                      "at %p",
                      block, TagText(info.tag).text, static_cast<ULONGLONG>(info.bytes), from);
    default:
        dbg::bugcheck({BAD_POOL_CALLER, 51}, 0x46, address, 0, 0, "%p, freed at %p, is no block of the pool", block,
                      from);
    }
}

/// The same of a block of special pool.
[[noreturn]] void report_special(const SpecialVerdict& seen, void* block, ULONG pool_tag, const void* from) {
    const auto address = reinterpret_cast<ULONG_PTR>(block);
    const auto damaged = reinterpret_cast<ULONG_PTR>(seen.damaged);
    constexpr ULONG kNearby = 0x23, kBehind = 0x24;
    switch (seen.verdict) {
    case PoolVerdict::HeaderDamaged:
        dbg::bugcheck(
            {SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 52}, address, damaged, 0, kNearby,
            "something wrote before pool block %p (tag '%s', %I64u bytes), at %p, found when it was freed at %p", block,
            TagText(seen.info.tag).text, static_cast<ULONGLONG>(seen.info.bytes), seen.damaged, from);
    case PoolVerdict::Overrun:
        dbg::bugcheck({SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 52}, address, damaged, 0, kBehind,
                      "something wrote past the end of pool block %p (tag '%s', %I64u bytes), at %p, found when it was "
                      "freed at %p",
                      block, TagText(seen.info.tag).text, static_cast<ULONGLONG>(seen.info.bytes), seen.damaged, from);
    default:
        report(seen.verdict, block, pool_tag, seen.info, from);
    }
}

void forget_driver_block(const void* block) {
    if (DriverBlock* entry = g_driver_blocks.take(block)) {
        PoolBlockInfo ignored{};
        g_pool.release(entry, tag("DrBl"), ignored);
    }
}

void release_from_special(void* block, ULONG pool_tag, const void* from) {
    vf::judged(48);
    const SpecialVerdict seen = release_special(block, pool_tag, from);
    if (seen.verdict != PoolVerdict::Ok) {
        report_special(seen, block, pool_tag, from);
    }
    ke::SpinLockGuard guard(g_lock);
    forget_driver_block(block);
}

/// Of a live block that the driver allocated; 0: it is none.
SIZE_T driver_block_size(const void* block) {
    ke::SpinLockGuard guard(g_lock);
    const DriverBlock* entry = g_driver_blocks.find(block);
    return entry != nullptr ? entry->bytes : 0;
}

void release(void* block, ULONG pool_tag, const void* from) {
    const KIRQL irql = ke::current_irql();
    const bool paged = is_special_paged(block);
    const IrqlLimit limit(paged);
    if (irql > limit.highest) {
        dbg::bugcheck({BAD_POOL_CALLER, 1}, 9, irql, paged ? PagedPool : NonPagedPool,
                      reinterpret_cast<ULONG_PTR>(block),
                      "%s block %p is freed at IRQL %u, at %p; expected %s or below", limit.pool(), block, irql, from,
                      limit.expected());
    }
    if (ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from))) {
        vf::judged(1);
        vf::judged(51);
        vf::judged(52);
        if (const SIZE_T bytes = driver_block_size(block)) {
            vf::memory_goes(block, bytes, from);
        }
    }
    if (is_special(block)) {
        release_from_special(block, pool_tag, from);
        return;
    }
    PoolBlockInfo info{};
    PoolVerdict verdict = PoolVerdict::NotAllocated;
    if (block != nullptr && is_mapped(reinterpret_cast<ULONGLONG>(block)) &&
        reinterpret_cast<ULONGLONG>(block) - kDirectMap < kMaxManagedMemory) {
        ke::SpinLockGuard guard(g_lock);
        verdict = g_pool.release(block, pool_tag, info);
        if (verdict == PoolVerdict::Ok) {
            forget_driver_block(block);
        }
    }
    if (verdict != PoolVerdict::Ok) {
        report(verdict, block, pool_tag, info, from);
    }
}

} // namespace

void init_pool() {
    g_pool.init({take, give, nullptr});
}

PoolTotals pool_totals() {
    ke::SpinLockGuard guard(g_lock);
    return g_pool.totals();
}

void tell_unfreed_blocks() {
    for (ULONG told = 0;; ++told) {
        DriverBlock entry{};
        {
            ke::SpinLockGuard guard(g_lock);
            DriverBlock* found = g_driver_blocks.take_any();
            if (found == nullptr) {
                if (told > kMostUnfreedTold) {
                    dbg::say("V20 %lu pool blocks of the driver were never freed, of which %lu are told", told,
                             kMostUnfreedTold);
                }
                return;
            }
            entry = *found;
            PoolBlockInfo ignored{};
            g_pool.release(found, tag("DrBl"), ignored);
        }
        if (told >= kMostUnfreedTold) {
            continue;
        }
        char text[192];
        _snprintf(text, sizeof(text) - 1, "V20 a pool block of %I64u bytes, tag '%s', allocated at %s, was never freed",
                  static_cast<ULONGLONG>(entry.bytes), TagText(entry.tag).text, dbg::Place(entry.from).text);
        text[sizeof(text) - 1] = '\0';
        vf::finding(20, entry.bytes, 0, text);
    }
}

} // namespace nanont::mm

using namespace nanont::mm;

namespace {

// Flags in a POOL_TYPE, wdm.h: POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE.
constexpr ULONG kFailInsteadOfRaise = 8;
constexpr ULONG kRaise = 16;

void* or_raise(void* block, bool raise) {
    if (block == nullptr && raise) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return block;
}

} // namespace

#undef ExAllocatePool
#undef ExFreePool
extern "C" {

/// NULL: no memory; with POOL_RAISE_IF_ALLOCATION_FAILURE in the type STATUS_INSUFFICIENT_RESOURCES is raised instead.
PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE Type, SIZE_T NumberOfBytes, ULONG Tag) {
    return or_raise(allocate({NumberOfBytes, Tag, static_cast<ULONG>(Type)}, __builtin_return_address(0)),
                    (Type & kRaise) != 0);
}

PVOID NTAPI ExAllocatePool(POOL_TYPE Type, SIZE_T NumberOfBytes) {
    return or_raise(
        allocate({NumberOfBytes, nanont::tag("None"), static_cast<ULONG>(Type)}, __builtin_return_address(0)),
        (Type & kRaise) != 0);
}

PVOID NTAPI ExAllocatePoolWithTagPriority(POOL_TYPE Type, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY) {
    return or_raise(allocate({NumberOfBytes, Tag, static_cast<ULONG>(Type)}, __builtin_return_address(0)),
                    (Type & kRaise) != 0);
}

/// As ExAllocatePoolWithTag, for nobody's quota is counted here; but no memory raises STATUS_INSUFFICIENT_RESOURCES,
/// unless POOL_QUOTA_FAIL_INSTEAD_OF_RAISE asks for NULL.
PVOID export_ExAllocatePoolWithQuotaTag(POOL_TYPE Type, SIZE_T NumberOfBytes,
                                        ULONG Tag) __asm__("ExAllocatePoolWithQuotaTag");
PVOID export_ExAllocatePoolWithQuotaTag(POOL_TYPE Type, SIZE_T NumberOfBytes, ULONG Tag) {
    return or_raise(allocate({NumberOfBytes, Tag, static_cast<ULONG>(Type)}, __builtin_return_address(0)),
                    (Type & kFailInsteadOfRaise) == 0);
}

PVOID export_ExAllocatePoolWithQuota(POOL_TYPE Type, SIZE_T NumberOfBytes) __asm__("ExAllocatePoolWithQuota");
PVOID export_ExAllocatePoolWithQuota(POOL_TYPE Type, SIZE_T NumberOfBytes) {
    return or_raise(
        allocate({NumberOfBytes, nanont::tag("None"), static_cast<ULONG>(Type)}, __builtin_return_address(0)),
        (Type & kFailInsteadOfRaise) == 0);
}

/// Zeroed unless POOL_FLAG_UNINITIALIZED says otherwise; flags that name no pool are refused.
/// POOL_FLAG_RAISE_ON_FAILURE: STATUS_INVALID_PARAMETER and STATUS_INSUFFICIENT_RESOURCES are raised where else NULL
/// comes back.
PVOID export_ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag) __asm__("ExAllocatePool2");
PVOID export_ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag) {
    constexpr ULONG64 kUninitialized = 0x2;
    constexpr ULONG64 kRaiseOnFailure = 0x20;
    constexpr ULONG64 kNonPaged = 0x40;
    constexpr ULONG64 kNonPagedExecute = 0x80;
    constexpr ULONG64 kPaged = 0x100;
    const PoolRequest request = {NumberOfBytes, Tag,
                                 (Flags & kPaged) != 0             ? kPagedType
                                 : (Flags & kNonPagedExecute) != 0 ? ULONG{NonPagedPool}
                                                                   : kNoExecuteType};
    require_allocation_irql(request, __builtin_return_address(0)); // whatever it asks for
    const ULONG64 kind = Flags & (kNonPaged | kNonPagedExecute | kPaged);
    if (NumberOfBytes == 0 || Tag == 0 || kind == 0 || (kind & (kind - 1)) != 0) {
        if ((Flags & kRaiseOnFailure) != 0) {
            ExRaiseStatus(STATUS_INVALID_PARAMETER);
        }
        return nullptr;
    }
    PVOID block = or_raise(allocate(request, __builtin_return_address(0)), (Flags & kRaiseOnFailure) != 0);
    if (block != nullptr && (Flags & kUninitialized) == 0) {
        RtlZeroMemory(block, NumberOfBytes);
    }
    return block;
}

VOID NTAPI ExFreePool(PVOID P) {
    release(P, 0, __builtin_return_address(0));
}

VOID NTAPI ExFreePoolWithTag(PVOID P, ULONG Tag) {
    release(P, Tag, __builtin_return_address(0));
}

VOID export_ExFreePool2(PVOID P, ULONG Tag, PVOID, ULONG) __asm__("ExFreePool2");
VOID export_ExFreePool2(PVOID P, ULONG Tag, PVOID, ULONG) {
    release(P, Tag, __builtin_return_address(0));
}

} // extern "C"
