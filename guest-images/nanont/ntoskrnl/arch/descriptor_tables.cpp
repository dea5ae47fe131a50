// SPDX-License-Identifier: MIT
#include "arch.hpp"
#include "cpu.hpp"

extern "C" const ULONGLONG exception_entries[32];
extern "C" const ULONGLONG fast_fail_entry;
extern "C" const ULONGLONG assertion_entry;
extern "C" const UCHAR interrupt_stubs[224][16];

namespace nanont::arch {
namespace {

constexpr USHORT kCodeSelector = 0x08;
constexpr USHORT kDataSelector = 0x10;
constexpr USHORT kTaskSelector = 0x20;

struct __attribute__((packed)) Gate {
    USHORT offset_low, selector;
    UCHAR stack, type;
    USHORT offset_middle;
    ULONG offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

struct __attribute__((packed)) TablePointer {
    USHORT limit;
    ULONGLONG base;
};

alignas(16) Gate g_idt[256];

Gate gate(ULONGLONG target, UCHAR stack) {
    constexpr UCHAR kInterruptGate = 0x8e; // present, ring 0, interrupts off on entry
    return {static_cast<USHORT>(target),
            kCodeSelector,
            stack,
            kInterruptGate,
            static_cast<USHORT>(target >> 16),
            static_cast<ULONG>(target >> 32),
            0};
}

UCHAR stack_of(unsigned exception) {
    constexpr unsigned kNmi = 2;
    constexpr unsigned kDoubleFault = 8;
    constexpr unsigned kMachineCheck = 18;
    switch (exception) {
    case kNmi:
        return kNmiStack;
    case kDoubleFault:
        return kDoubleFaultStack;
    case kMachineCheck:
        return kMachineCheckStack;
    default:
        return 0;
    }
}

void build_idt() {
    for (unsigned i = 0; i < 32; ++i) {
        g_idt[i] = gate(exception_entries[i], stack_of(i));
    }
    for (unsigned i = 32; i < 256; ++i) {
        g_idt[i] = gate(reinterpret_cast<ULONGLONG>(interrupt_stubs[i - 32]), 0);
    }
    g_idt[kFastFailVector] = gate(fast_fail_entry, 0);
    g_idt[kAssertionVector] = gate(assertion_entry, 0);
}

} // namespace

void load_descriptor_tables(DescriptorTables& tables) {
    constexpr ULONGLONG kCode = 0x00209b0000000000;
    constexpr ULONGLONG kData = 0x0000930000000000;
    const auto task = reinterpret_cast<ULONGLONG>(&tables.task);
    tables.gdt[0] = 0;
    tables.gdt[1] = kCode;
    tables.gdt[2] = kData;
    tables.gdt[3] = 0;
    tables.gdt[4] = (sizeof(TaskState) - 1) | (task & 0xffffff) << 16 | 0x89ull << 40 | (task >> 24 & 0xff) << 56;
    tables.gdt[5] = task >> 32;
    tables.task = {};
    tables.task.io_map = sizeof(TaskState);
    for (int i = 0; i < 3; ++i) {
        tables.task.ist[i] = reinterpret_cast<ULONGLONG>(tables.fault_stacks[i] + kFaultStackSize);
    }
    if (g_idt[0].type == 0) {
        build_idt();
    }
    const TablePointer gdt{sizeof(tables.gdt) - 1, reinterpret_cast<ULONGLONG>(tables.gdt)};
    const TablePointer idt{sizeof(g_idt) - 1, reinterpret_cast<ULONGLONG>(g_idt)};
    asm volatile("lgdt %0\n\t"
                 "lidt %1\n\t"
                 "movw %w3, %%ds; movw %w3, %%es; movw %w3, %%ss\n\t"
                 "pushq %2\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "ltr %w4"
                 :
                 : "m"(gdt), "m"(idt), "r"(ULONGLONG{kCodeSelector}), "r"(kDataSelector), "r"(kTaskSelector)
                 : "rax", "memory");
}

void enable_processor_features() {
    constexpr ULONGLONG kWriteProtect = 1ull << 16;
    constexpr ULONGLONG kMonitorCoprocessor = 1ull << 1;
    constexpr ULONGLONG kEmulate = 1ull << 2;
    constexpr ULONGLONG kSse = 1ull << 9 | 1ull << 10;
    constexpr ULONGLONG kGlobalPages = 1ull << 7;
    ULONGLONG cr0;
    ULONGLONG cr4;
    asm volatile("movq %%cr0, %0" : "=r"(cr0));
    asm volatile("movq %%cr4, %0" : "=r"(cr4));
    cr0 = (cr0 | kWriteProtect | kMonitorCoprocessor) & ~kEmulate;
    cr4 |= kSse | kGlobalPages;
    asm volatile("movq %0, %%cr0" : : "r"(cr0) : "memory");
    asm volatile("movq %0, %%cr4" : : "r"(cr4) : "memory");
}

} // namespace nanont::arch
