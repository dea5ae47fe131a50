// SPDX-License-Identifier: MIT
// What the processor needs before anything can happen on it: descriptor tables, entry points, the frames they make.
#ifndef NANONT_ARCH_ARCH_HPP
#define NANONT_ARCH_ARCH_HPP

#include "nt.hpp"

namespace nanont::arch {

/// What trap.S leaves on the stack for an exception.
struct alignas(16) ExceptionFrame {
    M128A xmm[16];
    ULONGLONG rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
    ULONGLONG mxcsr;
    ULONGLONG unused; // keeps the stack aligned
    ULONGLONG vector, error;
    ULONGLONG rip, cs, rflags, rsp, ss;
};
static_assert(offsetof(ExceptionFrame, rax) == 0x100 && offsetof(ExceptionFrame, mxcsr) == 0x178 &&
              offsetof(ExceptionFrame, vector) == 0x188);

/// Task state: only the stacks for faults that cannot trust the current one.
struct __attribute__((packed)) TaskState {
    ULONG reserved0;
    ULONGLONG rsp[3];
    ULONGLONG reserved1;
    ULONGLONG ist[7];
    ULONGLONG reserved2;
    USHORT reserved3, io_map;
};
static_assert(sizeof(TaskState) == 104);

// Instructions that Windows gives a meaning: int 29h is __fastfail (winnt.h), int 2Ch a failed assertion.
inline constexpr UCHAR kFastFailVector = 0x29;
inline constexpr UCHAR kAssertionVector = 0x2c;

inline constexpr UCHAR kDoubleFaultStack = 1; // number in the interrupt stack table
inline constexpr UCHAR kNmiStack = 2;
inline constexpr UCHAR kMachineCheckStack = 3;
inline constexpr size_t kFaultStackSize = 8192;

/// Per CPU.
struct DescriptorTables {
    ULONGLONG gdt[6]; // null, code, data, unused, task state (two slots)
    TaskState task;
    alignas(16) UCHAR fault_stacks[3][kFaultStackSize];
};

/// Loads this CPU's own GDT and task state and the machine's IDT. Interrupts off.
void load_descriptor_tables(DescriptorTables& tables);

/// CR0, CR4, EFER: SSE, write protection in the kernel too, no execution of data.
void enable_processor_features();

} // namespace nanont::arch

extern "C" void ki_swap_context(ULONGLONG* keep, ULONGLONG go_on);
extern "C" void ki_thread_start();

#endif
