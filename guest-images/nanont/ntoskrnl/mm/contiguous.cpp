// SPDX-License-Identifier: MIT
// Memory in whole pages for drivers: in one piece, or as an MDL. The kernel's map of all memory is its address space,
// so a page needs no other.
#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "mm.hpp"

namespace nanont::mm {
namespace {

/// What MmFreeContiguousMemory has to know.
struct Block {
    LIST_ENTRY link;
    PVOID base;
    size_t pages;
};

constexpr size_t kMostTries = 256;
constexpr ULONG kTag = tag("MmCt");
constexpr PFN_NUMBER kEndOfList = ~PFN_NUMBER{0};
KSPIN_LOCK g_lock;
LIST_ENTRY g_blocks = {&g_blocks, &g_blocks};

size_t pages_of(SIZE_T bytes) {
    return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

bool fits(ULONGLONG at, size_t pages, ULONGLONG lowest, ULONGLONG highest, ULONGLONG boundary) {
    const ULONGLONG last = at + pages * PAGE_SIZE - 1;
    return at >= lowest && last <= highest && (boundary == 0 || at / boundary == last / boundary);
}

/// Pages in a row within bounds; 0 = none were found in a bounded search.
ULONGLONG take_within(size_t pages, ULONGLONG lowest, ULONGLONG highest, ULONGLONG boundary) {
    ULONGLONG rejected[kMostTries];
    size_t count = 0;
    ULONGLONG found = 0;
    while (count < kMostTries && found == 0) {
        const ULONGLONG at = take_pages(pages);
        if (at == 0) {
            break;
        }
        if (fits(at, pages, lowest, highest, boundary)) {
            found = at;
        } else {
            rejected[count++] = at; // kept for now, or it would come again
        }
    }
    while (count != 0) {
        give_pages(rejected[--count], pages);
    }
    return found;
}

PVOID allocate(SIZE_T bytes, ULONGLONG lowest, ULONGLONG highest, ULONGLONG boundary) {
    const size_t pages = pages_of(bytes);
    auto* block = static_cast<Block*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Block), kTag));
    const ULONGLONG physical = block != nullptr && pages != 0 ? take_within(pages, lowest, highest, boundary) : 0;
    if (physical == 0) {
        if (block != nullptr) {
            ExFreePool(block);
        }
        return nullptr;
    }
    block->base = direct(physical);
    block->pages = pages;
    ke::SpinLockGuard guard(g_lock);
    List::push_back(g_blocks, block->link);
    return block->base;
}

void release(PVOID base) {
    Block* found = nullptr;
    {
        ke::SpinLockGuard guard(g_lock);
        for (LIST_ENTRY* entry = g_blocks.Flink; entry != &g_blocks && found == nullptr; entry = entry->Flink) {
            auto* block = CONTAINING_RECORD(entry, Block, link);
            found = block->base == base ? block : nullptr;
        }
        if (found != nullptr) {
            List::remove(found->link);
        }
    }
    if (found == nullptr) {
        dbg::bugcheck(BAD_POOL_CALLER, 0x99, reinterpret_cast<ULONG_PTR>(base), 0, 0,
                      "MmFreeContiguousMemory: %p is no such memory, or was freed before", base);
    }
    give_pages(MmGetPhysicalAddress(base).QuadPart, found->pages);
    ExFreePool(found);
}

/// Pages in a row in the first range that has them: lowest..highest, or one that begins `skip` bytes later, and so on.
ULONGLONG take_skipping(size_t pages, ULONGLONG lowest, ULONGLONG highest, ULONGLONG skip) {
    for (;;) {
        const ULONGLONG found = take_within(pages, lowest, highest, 0);
        if (found != 0 || skip == 0 || skip >= kMaxManagedMemory || lowest + skip >= kMaxManagedMemory) {
            return found;
        }
        lowest += skip;
        highest += skip;
    }
}

PMDL allocate_mdl(ULONGLONG lowest, ULONGLONG highest, ULONGLONG skip, SIZE_T bytes, ULONG flags) {
    constexpr ULONG kDontZero = 1;
    constexpr ULONG kFully = 4;
    if (bytes == 0 || bytes > MAXULONG - PAGE_SIZE) {
        return nullptr;
    }
    size_t pages = pages_of(bytes);
    ULONGLONG physical = take_skipping(pages, lowest, highest, skip);
    while (physical == 0 && pages > 1 && (flags & kFully) == 0) { // "may return fewer bytes than asked for"
        pages /= 2;
        physical = take_within(pages, lowest, highest, 0);
    }
    if (physical == 0) {
        return nullptr;
    }
    // From no pool of the I/O manager's: the caller frees it with ExFreePool.
    auto* mdl =
        static_cast<PMDL>(ExAllocatePoolWithTag(NonPagedPool, sizeof(MDL) + pages * sizeof(PFN_NUMBER), tag("Mdl ")));
    if (mdl == nullptr) {
        give_pages(physical, pages);
        return nullptr;
    }
    MmInitializeMdl(mdl, nullptr, pages * PAGE_SIZE);
    mdl->Process = nullptr;
    mdl->MappedSystemVa = nullptr;
    mdl->MdlFlags = MDL_PAGES_LOCKED;
    for (size_t i = 0; i < pages; ++i) {
        MmGetMdlPfnArray(mdl)[i] = physical / PAGE_SIZE + i;
    }
    if ((flags & kDontZero) == 0) {
        RtlZeroMemory(direct(physical), pages * PAGE_SIZE);
    }
    return mdl;
}

} // namespace
} // namespace nanont::mm

using namespace nanont;
using namespace nanont::mm;

extern "C" {

/// NULL: no such memory. Freed by MmFreeContiguousMemory. IRQL <= DISPATCH_LEVEL.
PVOID NTAPI MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress) {
    return allocate(NumberOfBytes, 0, static_cast<ULONGLONG>(HighestAcceptableAddress.QuadPart), 0);
}

PVOID NTAPI MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                   PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                   PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE) {
    return allocate(NumberOfBytes, static_cast<ULONGLONG>(LowestAcceptableAddress.QuadPart),
                    static_cast<ULONGLONG>(HighestAcceptableAddress.QuadPart),
                    static_cast<ULONGLONG>(BoundaryAddressMultiple.QuadPart));
}

VOID NTAPI MmFreeContiguousMemory(PVOID BaseAddress) {
    release(BaseAddress);
}

VOID NTAPI MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T, MEMORY_CACHING_TYPE) {
    release(BaseAddress);
}

/// Zeroed pages, maybe fewer than asked for (MmGetMdlByteCount says how many); NULL: none. The caller gives the pages
/// back by MmFreePagesFromMdl and the MDL by ExFreePool. IRQL <= DISPATCH_LEVEL.
PMDL NTAPI MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
                                 SIZE_T TotalBytes) {
    return allocate_mdl(static_cast<ULONGLONG>(LowAddress.QuadPart), static_cast<ULONGLONG>(HighAddress.QuadPart),
                        static_cast<ULONGLONG>(SkipBytes.QuadPart), TotalBytes, 0);
}

PMDL NTAPI MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                                   PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes, MEMORY_CACHING_TYPE, ULONG Flags) {
    return allocate_mdl(static_cast<ULONGLONG>(LowAddress.QuadPart), static_cast<ULONGLONG>(HighAddress.QuadPart),
                        static_cast<ULONGLONG>(SkipBytes.QuadPart), TotalBytes, Flags);
}

VOID NTAPI MmFreePagesFromMdl(PMDL MemoryDescriptorList) {
    PFN_NUMBER* pages = MmGetMdlPfnArray(MemoryDescriptorList);
    const size_t count = pages_of(MemoryDescriptorList->ByteCount);
    for (size_t i = 0; i < count; ++i) {
        if (pages[i] == kEndOfList) {
            dbg::bugcheck(PFN_LIST_CORRUPT, 0x99, pages[i], 0, reinterpret_cast<ULONG_PTR>(MemoryDescriptorList),
                          "MmFreePagesFromMdl: the pages of MDL %p were given back before",
                          static_cast<PVOID>(MemoryDescriptorList));
        }
        give_pages(pages[i] * PAGE_SIZE, 1);
        pages[i] = kEndOfList;
    }
    MemoryDescriptorList->MdlFlags &= static_cast<CSHORT>(~(MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA));
}

} // extern "C"
