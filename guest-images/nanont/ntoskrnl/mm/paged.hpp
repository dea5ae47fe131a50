// SPDX-License-Identifier: MIT
// Pageable memory of the driver, PAGE sections and paged pool (rule V02). It is never there: a touch below
// DISPATCH_LEVEL faults and brings its page in; where IRQL rises to DISPATCH_LEVEL or above for the driver, what is in
// goes out again. So a touch up there faults at the instruction that makes it, whether or not the page "happened to be
// there". What a driver's own write to CR8 raises (KeRaiseIrql inline) is not seen at once, but from the next
// interrupt, DPC or lock on.
#ifndef NANONT_MM_PAGED_HPP
#define NANONT_MM_PAGED_HPP

#include "nt.hpp"

namespace nanont::mm {

/// `count` mapped pages are pageable, and out, from here on. <= DISPATCH_LEVEL.
void make_pageable(ULONGLONG address, size_t count);
/// Those of them that are pageable are in, and stay: they are locked. <= DISPATCH_LEVEL.
void make_resident(ULONGLONG address, size_t count);

bool is_pageable(ULONGLONG address);

/// The page fault's: brings the page in when it is pageable and IRQL is below DISPATCH_LEVEL. True: the instruction can
/// be made again. Interrupts off.
bool page_in(ULONGLONG address);

/// Some page is in.
extern volatile bool g_some_paged_in;
void page_out(const void* for_whom);

/// IRQL is DISPATCH_LEVEL or above from here on, for code at `for_whom` (nullptr: a routine of the driver's). The
/// kernel's own raises do not count.
inline void irql_has_risen(const void* for_whom) {
    if (g_some_paged_in) {
        page_out(for_whom);
    }
}

} // namespace nanont::mm

#endif
