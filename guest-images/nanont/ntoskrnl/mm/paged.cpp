// SPDX-License-Identifier: MIT
#include "paged.hpp"

#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "mm.hpp"
#include "vf/rules.hpp"

namespace nanont::mm {

volatile bool g_some_paged_in;

namespace {

constexpr ULONG kMostIn = 64; // pages that a CPU has brought in; with one more all go out before

/// What a CPU has brought in, and may know the mapping of: it alone forgets that. Interrupts off.
struct PagesIn {
    ULONGLONG addresses[kMostIn];
    ULONG count;
};
PagesIn g_in[ke::kMaxProcessors];

/// Another CPU, or whoever frees the page, may change the entry at the same time.
bool change(volatile ULONGLONG& slot, ULONGLONG from, ULONGLONG to) {
    return __atomic_compare_exchange_n(&slot, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool is_out(ULONGLONG entry) {
    return (entry & (PageTables::kPageable | PageTables::kPresent)) == PageTables::kPageable;
}

void put_out(PagesIn& in) {
    for (ULONG i = 0; i < in.count; ++i) {
        volatile ULONGLONG* slot = page_slot(in.addresses[i]);
        const ULONGLONG entry = slot != nullptr ? *slot : 0;
        if ((entry & PageTables::kPageable) != 0) {
            change(*slot, entry, entry & ~PageTables::kPresent);
        }
        cpu::forget_page(in.addresses[i]);
    }
    in.count = 0;
}

/// Page by page what has an entry.
template <class Change> void each_page(ULONGLONG address, size_t count, Change change_one) {
    for (size_t i = 0; i < count; ++i) {
        if (volatile ULONGLONG* slot = page_slot(address + i * PAGE_SIZE)) {
            change_one(*slot);
        }
    }
}

} // namespace

void make_pageable(ULONGLONG address, size_t count) {
    each_page(address, count, [](volatile ULONGLONG& slot) {
        if ((slot & PageTables::kPresent) != 0) {
            slot = (slot | PageTables::kPageable) & ~PageTables::kPresent;
        }
    });
    ke::forget_pages(address, count);
}

void make_resident(ULONGLONG address, size_t count) {
    each_page(address, count, [](volatile ULONGLONG& slot) {
        const ULONGLONG entry = slot;
        if ((entry & PageTables::kPageable) != 0) {
            slot = (entry | PageTables::kPresent) & ~PageTables::kPageable;
        }
    });
}

bool is_pageable(ULONGLONG address) {
    const volatile ULONGLONG* slot = page_slot(address);
    return slot != nullptr && (*slot & PageTables::kPageable) != 0;
}

bool page_in(ULONGLONG address) {
    const ULONGLONG page = address & ~ULONGLONG{PAGE_SIZE - 1};
    volatile ULONGLONG* slot = page_slot(page);
    if (slot == nullptr || ke::current_irql() >= DISPATCH_LEVEL) {
        return false;
    }
    const ULONGLONG entry = *slot;
    if (!is_out(entry)) {
        // Another CPU has brought it in between the fault and this look, or has freed it: the instruction tells.
        return (entry & PageTables::kPageable) != 0 && (entry & PageTables::kPresent) != 0;
    }
    PagesIn& in = g_in[ke::this_processor().number];
    if (in.count == kMostIn) {
        put_out(in);
    }
    in.addresses[in.count++] = page;
    g_some_paged_in = true;
    vf::judged(2);
    change(*slot, entry, entry | PageTables::kPresent);
    return true;
}

void page_out(const void* for_whom) {
    if (for_whom != nullptr && ldr::in_kernel(reinterpret_cast<ULONG_PTR>(for_whom))) {
        return;
    }
    cpu::InterruptsOff off;
    put_out(g_in[ke::this_processor().number]);
    bool some = false;
    for (const PagesIn& in : g_in) {
        some |= in.count != 0;
    }
    g_some_paged_in = some;
}

} // namespace nanont::mm

using namespace nanont;

namespace {

/// What is done to all pages of the section that `address` lies in; nothing to those of an image that is one piece.
template <class Change> PVOID with_section(PVOID address, Change change) {
    const auto at = reinterpret_cast<ULONGLONG>(address);
    const ldr::Module* module = ldr::find_by_address(at);
    if (module != nullptr && !module->image.mapped_whole()) {
        if (const PeSection* section = ldr::find_section(*module, at)) {
            change(*module, *section, module->base + section->rva, (section->virtual_size + PAGE_SIZE - 1) / PAGE_SIZE);
        }
    }
    return address;
}

} // namespace

extern "C" {

/// The handle is the address.
#undef MmLockPagableCodeSection
PVOID NTAPI MmLockPagableDataSection(PVOID AddressWithinSection) {
    return with_section(AddressWithinSection, [](const ldr::Module&, const PeSection&, ULONGLONG begin, size_t pages) {
        mm::make_resident(begin, pages);
    });
}

/// The section of a handle stays in until then. A section that is locked twice is unlocked by the first of these.
VOID NTAPI MmUnlockPagableImageSection(PVOID ImageSectionHandle) {
    with_section(ImageSectionHandle,
                 [](const ldr::Module& module, const PeSection& section, ULONGLONG begin, size_t pages) {
                     if (module.under_test && ldr::is_pageable(section)) {
                         mm::make_pageable(begin, pages);
                     }
                 });
}

// A driver that has itself paged out as a whole is left resident but for its PAGE sections.
PVOID NTAPI MmPageEntireDriver(PVOID AddressWithinSection) {
    const ldr::Module* module = ldr::find_by_address(reinterpret_cast<ULONGLONG>(AddressWithinSection));
    return module != nullptr ? reinterpret_cast<PVOID>(module->base) : nullptr;
}
VOID NTAPI MmResetDriverPaging(PVOID) {}

} // extern "C"
