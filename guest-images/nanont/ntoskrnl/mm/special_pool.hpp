// SPDX-License-Identifier: MIT
// Special pool, as Driver Verifier has it ("Special Pool", learn.microsoft.com): each block of the driver has pages of
// its own and empty ones around it, and lies at their end ("Verify End"; with the choice special-pool at their
// beginning, "Verify Start"). One byte too far is a fault at the instruction (rule V52), and so is a touch of what was
// freed (V48). Of the bytes between the block and its pages' ends a pattern is looked at when it is freed. Blocks of a
// page or more begin on one, as everywhere.
#ifndef NANONT_MM_SPECIAL_POOL_HPP
#define NANONT_MM_SPECIAL_POOL_HPP

#include <pool.hpp>

#include "nt.hpp"

namespace nanont::mm {

/// Filled with Pool::kFreshByte. nullptr: no room for it, and plain pool has to do: memory runs low, or some 2000
/// blocks are there. `paged`: its pages are pageable (paged.hpp). <= DISPATCH_LEVEL.
void* allocate_special(SIZE_T bytes, ULONG tag, bool paged);

/// Whether an address lies in special pool's range. Any IRQL.
bool is_special(const void* address);

struct SpecialVerdict {
    PoolVerdict verdict;
    PoolBlockInfo info;
    const void* damaged; // first byte of the pattern that is another; with HeaderDamaged (before the block), Overrun
};

/// Frees a block, as Pool::release(); of what is no sound block the verdict says why, and nothing is freed. `from`:
/// code that frees it. <= DISPATCH_LEVEL.
SpecialVerdict release_special(void* block, ULONG tag, const void* from);

/// True: the block is there, and is paged pool. Any IRQL.
bool is_special_paged(const void* block);

/// What was done wrong at an address of special pool that faulted.
struct SpecialTrespass {
    bool freed;     // else it lies outside its block
    char text[224]; // in words, with the block
};
/// False: the address is not special pool's, or never was anybody's. Any IRQL.
bool special_trespass(ULONGLONG address, SpecialTrespass& trespass);

} // namespace nanont::mm

#endif
