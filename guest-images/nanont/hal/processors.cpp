// SPDX-License-Identifier: MIT
// The machine's other processors: who they are (MADT, ACPI 6.5 §5.2.12), how they are started (Intel SDM volume 3,
// §9.4: INIT, then start-up with the page to begin at) and what they execute first (trampoline.S).
#include "acpi.hpp"

extern "C" {
extern const UCHAR hal_trampoline_begin[];
extern const UCHAR hal_trampoline_end[];
extern const UCHAR hal_trampoline_parameters[];
}

namespace hal {
namespace {

/// What trampoline.S reads, at hal_trampoline_parameters.
struct __attribute__((packed)) StartParameters {
    ULONG page_table_root;
    ULONG long_mode_offset; // of the far jump into 64-bit code
    USHORT long_mode_selector;
    USHORT gdt_limit;
    ULONG gdt_base;
    ULONG reserved;
    ULONGLONG stack;
    ULONGLONG entry;
    ULONGLONG argument;
};

extern "C" const ULONG hal_trampoline_offsets[3]; // of the 64-bit code, of the GDT; size of the GDT

constexpr UCHAR kLocalApicEntry = 0;
constexpr UCHAR kEnabled = 1;

struct __attribute__((packed)) MadtEntry {
    UCHAR type, length;
};
struct __attribute__((packed)) LocalApicEntry {
    UCHAR type, length, processor, apic_id;
    ULONG flags;
};

} // namespace

void find_processors(ULONG self, ULONG* ids, ULONG room, ULONG& count) {
    ids[0] = self;
    count = 1;
    ULONGLONG physical = 0;
    if (!find_acpi_table("APIC", physical)) {
        return;
    }
    const Mapped madt(physical, AcpiTable::length_at(physical));
    if (!madt) {
        return;
    }
    constexpr ULONG kFirstEntry = sizeof(AcpiHeader) + 8;
    ULONG at = kFirstEntry;
    while (const auto* entry = madt.at<MadtEntry>(at)) {
        if (entry->length < sizeof(MadtEntry)) {
            break;
        }
        const auto* processor = madt.at<LocalApicEntry>(at);
        if (entry->type == kLocalApicEntry && entry->length >= sizeof(LocalApicEntry) && processor != nullptr &&
            (processor->flags & kEnabled) != 0 && processor->apic_id != self) {
            if (count < room) {
                ids[count] = processor->apic_id;
            }
            ++count;
        }
        at += entry->length;
    }
}

} // namespace hal

extern "C" ULONG NTAPI HalQueryProcessors(PULONG ApicIds, ULONG Room) {
    ULONG count = 0;
    hal::find_processors(hal::local_apic_id(), ApicIds, Room, count);
    return count;
}

extern "C" BOOLEAN NTAPI HalStartProcessor(ULONG ApicId, const HAL_PROCESSOR_START* Start) {
    using namespace hal;
    const auto size = static_cast<ULONG>(hal_trampoline_end - hal_trampoline_begin);
    const Mapped page(HAL_TRAMPOLINE, PAGE_SIZE);
    if (!page || size > PAGE_SIZE) {
        return FALSE;
    }
    RtlCopyMemory(page.bytes(), hal_trampoline_begin, size);
    StartParameters parameters{};
    parameters.page_table_root = Start->PageTableRoot;
    parameters.long_mode_offset = HAL_TRAMPOLINE + hal_trampoline_offsets[0];
    parameters.long_mode_selector = 0x08;
    parameters.gdt_base = HAL_TRAMPOLINE + hal_trampoline_offsets[1];
    parameters.gdt_limit = static_cast<USHORT>(hal_trampoline_offsets[2] - 1);
    parameters.stack = Start->Stack;
    parameters.entry = Start->Entry;
    parameters.argument = Start->Argument;
    RtlCopyMemory(page.bytes() + (hal_trampoline_parameters - hal_trampoline_begin), &parameters, sizeof(parameters));

    constexpr ULONG kInitDelay = 10'000; // µs, as the SDM's example
    constexpr ULONG kStartDelay = 200;
    send_init(ApicId);
    KeStallExecutionProcessor(kInitDelay);
    for (int i = 0; i < 2; ++i) {
        send_startup(ApicId, HAL_TRAMPOLINE);
        KeStallExecutionProcessor(kStartDelay);
    }
    return TRUE;
}

extern "C" VOID NTAPI HalInitThisProcessor(VOID) {
    hal::init_this_local_apic();
}
