// SPDX-License-Identifier: MIT
#include "habits.hpp"

#ifdef ExAllocatePoolWithQuotaTag
#undef ExAllocatePoolWithQuotaTag
#endif

namespace {

PHYSICAL_ADDRESS physical(ULONGLONG address) {
    PHYSICAL_ADDRESS value;
    value.QuadPart = static_cast<LONGLONG>(address);
    return value;
}

constexpr ULONGLONG kAll = 0xffffffff;
constexpr SIZE_T kHuge = 1ull << 40;

} // namespace

void contiguous_memory() {
    auto* memory = static_cast<UCHAR*>(MmAllocateContiguousMemory(3 * PAGE_SIZE + 1, physical(kAll)));
    CHECK(memory != nullptr);
    if (memory) {
        const ULONGLONG first = MmGetPhysicalAddress(memory).QuadPart;
        CHECK_EQUAL(first % PAGE_SIZE, 0);
        CHECK_EQUAL(MmGetPhysicalAddress(memory + 3 * PAGE_SIZE).QuadPart, first + 3 * PAGE_SIZE);
        memory[3 * PAGE_SIZE] = 0x5a;
        CHECK_EQUAL(memory[3 * PAGE_SIZE], 0x5a);
        MmFreeContiguousMemory(memory);
    }
    constexpr ULONGLONG kBoundary = 64 * 1024; // as an ISA card wants it
    void* low = MmAllocateContiguousMemorySpecifyCache(8 * PAGE_SIZE, physical(1 << 20), physical(kAll),
                                                       physical(kBoundary), MmNonCached);
    CHECK(low != nullptr);
    if (low) {
        const ULONGLONG at = MmGetPhysicalAddress(low).QuadPart;
        CHECK(at >= 1 << 20);
        CHECK_EQUAL(at / kBoundary, (at + 8 * PAGE_SIZE - 1) / kBoundary);
        MmFreeContiguousMemorySpecifyCache(low, 8 * PAGE_SIZE, MmNonCached);
    }
    CHECK(MmAllocateContiguousMemory(kHuge, physical(~0ull)) == nullptr);
    CHECK(MmAllocateContiguousMemory(0, physical(kAll)) == nullptr);
    CHECK(MmAllocateContiguousMemory(PAGE_SIZE, physical(PAGE_SIZE - 2)) == nullptr); // page 0 is not to be had whole
    CHECK(MmAllocateContiguousMemorySpecifyCache(PAGE_SIZE, physical(kHuge), physical(2 * kHuge), physical(0),
                                                 MmCached) == nullptr);
}

void pages_for_an_mdl() {
    PMDL mdl = MmAllocatePagesForMdl(physical(0), physical(kAll), physical(0), 2 * PAGE_SIZE + 1);
    CHECK(mdl != nullptr);
    if (mdl) {
        CHECK_EQUAL(MmGetMdlByteCount(mdl), 3 * PAGE_SIZE);
        auto* bytes = static_cast<UCHAR*>(
            MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority));
        CHECK(bytes != nullptr);
        ULONG total = 0;
        for (ULONG i = 0; i < 3 * PAGE_SIZE; ++i)
            total += bytes[i];
        CHECK_EQUAL(total, 0);
        bytes[3 * PAGE_SIZE - 1] = 1;
        CHECK_EQUAL(MmGetPhysicalAddress(bytes).QuadPart / PAGE_SIZE, *MmGetMdlPfnArray(mdl));
        MmUnmapLockedPages(bytes, mdl);
        MmFreePagesFromMdl(mdl);
        ExFreePool(mdl);
    }
    // No page of the first range is free; with SkipBytes the ranges behind it are looked at.
    constexpr LONGLONG kRange = 0x10000;
    CHECK(MmAllocatePagesForMdl(physical(0), physical(kRange - 1), physical(0), PAGE_SIZE) == nullptr);
    mdl = MmAllocatePagesForMdl(physical(0), physical(kRange - 1), physical(kRange), 2 * PAGE_SIZE);
    CHECK(mdl != nullptr);
    if (mdl) {
        const PFN_NUMBER* pages = MmGetMdlPfnArray(mdl);
        CHECK_EQUAL(MmGetMdlByteCount(mdl), 2 * PAGE_SIZE);
        CHECK(pages[0] * PAGE_SIZE >= kRange);
        CHECK_EQUAL(pages[0] * PAGE_SIZE / kRange, pages[1] * PAGE_SIZE / kRange); // all in one range
        MmFreePagesFromMdl(mdl);
        ExFreePool(mdl);
    }
    CHECK(MmAllocatePagesForMdl(physical(0), physical(kAll), physical(0), 0) == nullptr);
    CHECK(MmAllocatePagesForMdl(physical(kHuge), physical(2 * kHuge), physical(0), PAGE_SIZE) == nullptr);
    constexpr ULONG kFully = 4;                  // MM_ALLOCATE_FULLY_REQUIRED
    constexpr SIZE_T kMoreThanThereIs = 1 << 30; // in a machine of 64 MB
    CHECK(MmAllocatePagesForMdlEx(physical(0), physical(kAll), physical(0), kMoreThanThereIs, MmCached, kFully) ==
          nullptr);
    mdl = MmAllocatePagesForMdlEx(physical(0), physical(kAll), physical(0), kMoreThanThereIs, MmCached, 0);
    CHECK(mdl != nullptr && MmGetMdlByteCount(mdl) < kMoreThanThereIs); // as many as there are, or some of them
    if (mdl) {
        MmFreePagesFromMdl(mdl);
        ExFreePool(mdl);
    }
}

void quota_pool() {
    void* block = ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 100, 'tiuQ');
    CHECK(block != nullptr);
    if (block) ExFreePoolWithTag(block, 'tiuQ');
    constexpr auto kNoRaise = static_cast<POOL_TYPE>(NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
    CHECK(ExAllocatePoolWithQuotaTag(kNoRaise, kHuge, 'tiuQ') == nullptr);
}

void extended_state() {
    constexpr ULONG64 kLegacy = 3; // x87 and SSE
    XSTATE_SAVE saved;
    ULONGLONG before = 0x1122334455667788, other = 0, after = 0;
    CHECK_EQUAL(KeSaveExtendedProcessorState(kLegacy, &saved), STATUS_SUCCESS);
    // All in one piece: the compiler may use the register in between.
    asm volatile("movq %2, %%xmm7\n\tmovq %%xmm7, %0\n\tmovq %1, %%xmm7"
                 : "=&r"(after)
                 : "r"(other), "r"(before)
                 : "xmm7");
    CHECK_EQUAL(after, before);
    KeRestoreExtendedProcessorState(&saved);
    CHECK(saved.Prev == nullptr);
    CHECK_EQUAL(IoIs32bitProcess(nullptr), FALSE);
}
