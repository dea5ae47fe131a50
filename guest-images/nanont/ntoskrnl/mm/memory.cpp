// SPDX-License-Identifier: MIT
// Physical pages and the address space. Two areas of 64 MB are managed by bitmaps: images, and stacks with device
// memory. RAM itself is always there through the direct map.
#include <page_bitmap.hpp>

#include "arch/cpu.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "mm.hpp"
#include "paged.hpp"

namespace nanont::mm {
namespace {

constexpr size_t kMaxPhysicalPages = kMaxManagedMemory / PAGE_SIZE;
constexpr size_t kAreaPages = 16384;
constexpr size_t kImageGapPages = 16;

uint64_t g_physical_words[kMaxPhysicalPages / 64];
uint64_t g_image_words[kAreaPages / 64];
uint64_t g_system_words[kAreaPages / 64];
PageBitmap g_physical;
PageBitmap g_images;
PageBitmap g_system;
PageTables g_tables;
KSPIN_LOCK g_lock;

/// For page tables; g_lock is held.
uint64_t take_table_page(void*) {
    const size_t page = g_physical.take(1);
    if (page == PageBitmap::kNone) {
        return 0;
    }
    __builtin_memset(direct(page * PAGE_SIZE), 0, PAGE_SIZE);
    return page * PAGE_SIZE;
}

void unmap(ULONGLONG address, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        g_tables.unmap(address + i * PAGE_SIZE);
    }
    ke::forget_pages(address, count);
}

/// Unmaps pages that were taken one after the other and gives them back.
void unmap_and_give(ULONGLONG address, size_t count) {
    const uint64_t physical = g_tables.physical(address);
    unmap(address, count);
    g_physical.give(physical / PAGE_SIZE, count);
}

/// `count` pages of the system area with a page before them that stays unmapped; g_lock is held.
ULONGLONG take_system(size_t count) {
    const size_t page = g_system.take(count + 1);
    return page == PageBitmap::kNone ? 0 : kSystemArea + (page + 1) * PAGE_SIZE;
}
void give_system(ULONGLONG address, size_t count) {
    g_system.give((address - kSystemArea) / PAGE_SIZE - 1, count + 1);
}

} // namespace

void init(const BootBlock& block) {
    g_tables = PageTables(block.page_table_root, kDirectMap, take_table_page, nullptr);
    g_physical.init(g_physical_words, kMaxPhysicalPages);
    // All RAM is free but the one range that holds what the loader took.
    const size_t first_used = block.used.base / PAGE_SIZE;
    const size_t used = (block.used.size + PAGE_SIZE - 1) / PAGE_SIZE;
    for (ULONG i = 0; i < block.memory_count; ++i) {
        const size_t first = block.memory[i].base / PAGE_SIZE;
        const size_t end = first + block.memory[i].size / PAGE_SIZE;
        const size_t below = first_used < first ? first : (first_used < end ? first_used : end);
        const size_t above = first_used + used > end ? end : (first_used + used < first ? first : first_used + used);
        g_physical.give(first, below - first);
        g_physical.give(above, end - above);
    }
    g_images.init(g_image_words, kAreaPages);
    const size_t images_used = (block.image_area_next - kImageArea) / PAGE_SIZE;
    g_images.give(images_used, kAreaPages - images_used);
    g_system.init(g_system_words, kAreaPages);
    const size_t system_used = (block.system_area_next - kSystemArea) / PAGE_SIZE;
    g_system.give(system_used, kAreaPages - system_used);

    // Low memory was mapped for the loader's sake: from now on a null pointer faults.
    *static_cast<uint64_t*>(direct(block.page_table_root)) = 0;
    cpu::set_page_table_root(block.page_table_root);
}

ULONGLONG take_pages(size_t count) {
    ke::SpinLockGuard guard(g_lock);
    const size_t page = g_physical.take(count);
    return page == PageBitmap::kNone ? 0 : page * PAGE_SIZE;
}

void give_pages(ULONGLONG physical, size_t count) {
    ke::SpinLockGuard guard(g_lock);
    g_physical.give(physical / PAGE_SIZE, count);
}

size_t free_pages() {
    return g_physical.free_pages();
}

ULONGLONG allocate_stack() {
    constexpr size_t kPages = kKernelStackSize / PAGE_SIZE;
    ke::SpinLockGuard guard(g_lock);
    const ULONGLONG address = take_system(kPages);
    const size_t page = address != 0 ? g_physical.take(kPages) : PageBitmap::kNone;
    if (page == PageBitmap::kNone) {
        if (address != 0) {
            give_system(address, kPages);
        }
        return 0;
    }
    for (size_t i = 0; i < kPages; ++i) {
        if (!g_tables.map(address + i * PAGE_SIZE, (page + i) * PAGE_SIZE, PageRights::ReadWrite)) {
            unmap(address, i);
            g_physical.give(page, kPages);
            give_system(address, kPages);
            return 0;
        }
    }
    return address;
}

void free_stack(ULONGLONG limit) {
    constexpr size_t kPages = kKernelStackSize / PAGE_SIZE;
    ke::SpinLockGuard guard(g_lock);
    unmap_and_give(limit, kPages);
    give_system(limit, kPages);
}

ULONGLONG allocate_image(ULONG size) {
    const size_t pages = size / PAGE_SIZE;
    ke::SpinLockGuard guard(g_lock);
    const size_t place = g_images.take(pages + kImageGapPages);
    const size_t page = place != PageBitmap::kNone ? g_physical.take(pages) : PageBitmap::kNone;
    if (page == PageBitmap::kNone) {
        if (place != PageBitmap::kNone) {
            g_images.give(place, pages + kImageGapPages);
        }
        return 0;
    }
    __builtin_memset(direct(page * PAGE_SIZE), 0, pages * PAGE_SIZE);
    const ULONGLONG base = kImageArea + place * PAGE_SIZE;
    for (size_t i = 0; i < pages; ++i) {
        if (!g_tables.map(base + i * PAGE_SIZE, (page + i) * PAGE_SIZE, PageRights::ReadWrite)) {
            unmap(base, i);
            g_physical.give(page, pages);
            g_images.give(place, pages + kImageGapPages);
            return 0;
        }
    }
    return base;
}

void protect_image_page(ULONGLONG address, PageRights rights) {
    ke::SpinLockGuard guard(g_lock);
    g_tables.protect(address, rights);
    ke::forget_pages(address, 1);
}

void discard_image_pages(ULONGLONG address, ULONG size) {
    ke::SpinLockGuard guard(g_lock);
    // What was discarded earlier is a hole: the rest goes back in runs that were taken as one.
    const ULONGLONG end = address + size;
    for (ULONGLONG at = address; at < end;) {
        size_t pages = 0;
        while (at + pages * PAGE_SIZE < end && g_tables.physical(at + pages * PAGE_SIZE) != 0) {
            ++pages;
        }
        if (pages != 0) {
            unmap_and_give(at, pages);
        }
        at += (pages + 1) * PAGE_SIZE;
    }
}

void free_image(ULONGLONG base, ULONG size) {
    discard_image_pages(base, size);
    // Its addresses are not used again: whatever still points there faults, and the report can name the module.
}

void use_kernel_tables() {
    cpu::set_page_table_root(g_tables.root());
}

ULONG make_start_tables(ULONGLONG physical) {
    ke::SpinLockGuard guard(g_lock);
    const uint64_t root = take_table_page(nullptr);
    if (root == 0) {
        return 0;
    }
    RtlCopyMemory(direct(root), direct(g_tables.root()), PAGE_SIZE);
    *static_cast<uint64_t*>(direct(root)) = 0;
    PageTables tables(root, kDirectMap, take_table_page, nullptr);
    return tables.map(physical, physical, PageRights::Execute) ? static_cast<ULONG>(root) : 0;
}

KUSER_SHARED_DATA* map_shared_user_data() {
    ke::SpinLockGuard guard(g_lock);
    const uint64_t page = take_table_page(nullptr);
    if (page == 0 || !g_tables.map(kSharedUserData, page, PageRights::ReadOnly)) {
        dbg::say("no memory for the page shared with drivers");
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_NO_MEMORY));
    }
    return static_cast<KUSER_SHARED_DATA*>(direct(page));
}

bool is_mapped(ULONGLONG address) {
    return g_tables.entry(address) != 0;
}

ULONGLONG page_entry(ULONGLONG address) {
    return g_tables.entry(address);
}

volatile ULONGLONG* page_slot(ULONGLONG address) {
    return reinterpret_cast<volatile ULONGLONG*>(g_tables.slot(address));
}

const void* readable(ULONGLONG address) {
    if (is_mapped(address)) {
        return reinterpret_cast<const void*>(address);
    }
    const ULONGLONG physical = g_tables.physical(address);
    return physical != 0 ? direct(physical) : nullptr;
}

bool map_pages(ULONGLONG address, size_t count) {
    ke::SpinLockGuard guard(g_lock);
    for (size_t i = 0; i < count; ++i) {
        const size_t page = g_physical.take(1);
        if (page == PageBitmap::kNone ||
            !g_tables.map(address + i * PAGE_SIZE, page * PAGE_SIZE, PageRights::ReadWrite)) {
            if (page != PageBitmap::kNone) {
                g_physical.give(page, 1);
            }
            while (i-- > 0) {
                unmap_and_give(address + i * PAGE_SIZE, 1);
            }
            return false;
        }
    }
    return true;
}

void unmap_pages(ULONGLONG address, size_t count) {
    ke::SpinLockGuard guard(g_lock);
    for (size_t i = 0; i < count; ++i) {
        unmap_and_give(address + i * PAGE_SIZE, 1);
    }
}

} // namespace nanont::mm

using namespace nanont;
using namespace nanont::mm;

extern "C" {

/// Device memory, uncached whatever is asked for: nobody here has a frame buffer.
PVOID NTAPI MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE) {
    const auto physical = static_cast<ULONGLONG>(PhysicalAddress.QuadPart);
    const ULONGLONG offset = physical % PAGE_SIZE;
    const size_t pages = (offset + NumberOfBytes + PAGE_SIZE - 1) / PAGE_SIZE;
    ke::SpinLockGuard guard(g_lock);
    const ULONGLONG address = NumberOfBytes != 0 ? take_system(pages) : 0;
    if (address == 0) {
        return nullptr;
    }
    for (size_t i = 0; i < pages; ++i) {
        if (!g_tables.map(address + i * PAGE_SIZE, physical - offset + i * PAGE_SIZE, PageRights::Device)) {
            unmap(address, i);
            give_system(address, pages);
            return nullptr;
        }
    }
    return reinterpret_cast<PVOID>(address + offset);
}

VOID NTAPI MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes) {
    const auto address = reinterpret_cast<ULONGLONG>(BaseAddress) & ~ULONGLONG{PAGE_SIZE - 1};
    const size_t pages =
        (reinterpret_cast<ULONGLONG>(BaseAddress) - address + NumberOfBytes + PAGE_SIZE - 1) / PAGE_SIZE;
    ke::SpinLockGuard guard(g_lock);
    unmap(address, pages);
    give_system(address, pages);
}

PHYSICAL_ADDRESS NTAPI MmGetPhysicalAddress(PVOID BaseAddress) {
    PHYSICAL_ADDRESS address;
    address.QuadPart = static_cast<LONGLONG>(g_tables.physical(reinterpret_cast<ULONGLONG>(BaseAddress)));
    return address;
}

BOOLEAN NTAPI MmIsAddressValid(PVOID VirtualAddress) {
    return is_mapped(reinterpret_cast<ULONGLONG>(VirtualAddress));
}

/// FALSE for what is pageable too, whether it is in or not; pages that were once locked count as nonpaged here.
BOOLEAN NTAPI MmIsNonPagedSystemAddressValid(PVOID VirtualAddress) {
    const auto address = reinterpret_cast<ULONGLONG>(VirtualAddress);
    return is_mapped(address) && !is_pageable(address);
}

BOOLEAN NTAPI NanontIsThere(const VOID* Address, SIZE_T Size) {
    const auto begin = reinterpret_cast<ULONGLONG>(Address);
    if (Size > ~begin) {
        return FALSE;
    }
    for (ULONGLONG page = begin & ~ULONGLONG{PAGE_SIZE - 1}; page < begin + Size; page += PAGE_SIZE) {
        if (readable(page) == nullptr) {
            return FALSE;
        }
    }
    return TRUE;
}

MM_SYSTEMSIZE NTAPI MmQuerySystemSize(VOID) {
    return MmSmallSystem;
}

} // extern "C"
