// SPDX-License-Identifier: MIT
// Memory: physical pages, the address space, and what is carved out of both.
#ifndef NANONT_MM_MM_HPP
#define NANONT_MM_MM_HPP

#include <nanont_boot.hpp>
#include <page_tables.hpp>
#include <pool.hpp>

#include "nt.hpp"

namespace nanont::mm {

/// Takes over memory and page tables from the boot loader; drops its map of low memory. Before anything else.
void init(const BootBlock& block);

inline void* direct(ULONGLONG physical) {
    return reinterpret_cast<void*>(kDirectMap + physical);
}

/// Physical address of `count` pages in a row; 0 = none. <= DISPATCH_LEVEL.
ULONGLONG take_pages(size_t count);
void give_pages(ULONGLONG physical, size_t count);
size_t free_pages();

/// Lowest address of a kernel stack of kKernelStackSize, the page below it not mapped; 0 = no memory.
ULONGLONG allocate_stack();
void free_stack(ULONGLONG limit);

/// Address space and memory for an image, writable until protect_image_page says what each page is for; 0 = none.
ULONGLONG allocate_image(ULONG size);
void protect_image_page(ULONGLONG address, PageRights rights);
/// Takes pages out of an image, for good, and gives their memory back.
void discard_image_pages(ULONGLONG address, ULONG size);
void free_image(ULONGLONG base, ULONG size);

/// Forgets the tables this CPU came up with.
void use_kernel_tables();
/// Root of page tables that hold the page at `physical` one to one, for execution, beside all that the kernel's own
/// hold; 0 = no memory. They are kept.
ULONG make_start_tables(ULONGLONG physical);

/// Maps the page drivers' inline code reads time from, and gives the kernel's view of it, which can be written.
KUSER_SHARED_DATA* map_shared_user_data();

bool is_mapped(ULONGLONG address);
ULONGLONG page_entry(ULONGLONG address);
/// The entry of the 4 KB page at `address`, to be changed in place; nullptr: there is none.
volatile ULONGLONG* page_slot(ULONGLONG address);
/// Where a byte can be read whether its page is pageable and out or not; nullptr: it is nowhere. Any IRQL.
const void* readable(ULONGLONG address);

/// Memory behind `count` pages of an area of the caller's, read-write; false: there is not enough, and nothing is
/// mapped. <= DISPATCH_LEVEL.
bool map_pages(ULONGLONG address, size_t count);
/// Takes them away, on all CPUs, and gives their memory back. <= DISPATCH_LEVEL.
void unmap_pages(ULONGLONG address, size_t count);

// pool.cpp
void init_pool();
PoolTotals pool_totals();

} // namespace nanont::mm

#endif
