// SPDX-License-Identifier: MIT
// What the processor raises: an exception that code may handle, or, where NT takes none, a bugcheck at once.
#include "arch.hpp"
#include "cpu.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "mm/mm.hpp"
#include "mm/paged.hpp"
#include "mm/special_pool.hpp"
#include "seh/seh.hpp"

namespace nanont::arch {
namespace {

enum Vector : ULONGLONG {
    kDivideError = 0,
    kDebug = 1,
    kNmi = 2,
    kBreakpoint = 3,
    kOverflow = 4,
    kBoundRange = 5,
    kInvalidOpcode = 6,
    kDoubleFault = 8,
    kGeneralProtection = 13,
    kPageFault = 14,
    kFloatingPoint = 16,
    kAlignment = 17,
    kMachineCheck = 18,
    kSimd = 19
};

constexpr ULONGLONG kFaultPresent = 1;
constexpr ULONGLONG kFaultWrite = 2;
constexpr ULONGLONG kFaultFetch = 16;
constexpr NTSTATUS kAssertionFailure = static_cast<NTSTATUS>(0xc0000420);

/// Kernel addresses have their upper half set; what lies between the halves is no address at all.
bool is_kernel_address(ULONGLONG address) {
    return address >= 0xffff800000000000;
}

// ExceptionFrame and CONTEXT have the integer registers in different orders.
constexpr struct {
    Register which;
    ULONGLONG ExceptionFrame::*where;
} kRegisters[] = {{kRax, &ExceptionFrame::rax}, {kRcx, &ExceptionFrame::rcx}, {kRdx, &ExceptionFrame::rdx},
                  {kRbx, &ExceptionFrame::rbx}, {kRsp, &ExceptionFrame::rsp}, {kRbp, &ExceptionFrame::rbp},
                  {kRsi, &ExceptionFrame::rsi}, {kRdi, &ExceptionFrame::rdi}, {kR8, &ExceptionFrame::r8},
                  {kR9, &ExceptionFrame::r9},   {kR10, &ExceptionFrame::r10}, {kR11, &ExceptionFrame::r11},
                  {kR12, &ExceptionFrame::r12}, {kR13, &ExceptionFrame::r13}, {kR14, &ExceptionFrame::r14},
                  {kR15, &ExceptionFrame::r15}};

void read(const ExceptionFrame& frame, Context& context) {
    context = {};
    context.flags = kContextFull | kContextSegments;
    for (const auto& entry : kRegisters) {
        context.integer[entry.which] = frame.*entry.where;
    }
    context.rip = frame.rip;
    context.cs = static_cast<uint16_t>(frame.cs);
    context.ss = static_cast<uint16_t>(frame.ss);
    context.eflags = static_cast<uint32_t>(frame.rflags);
    context.mxcsr = static_cast<uint32_t>(frame.mxcsr);
    context.floating.mxcsr = context.mxcsr;
    __builtin_memcpy(context.floating.xmm, frame.xmm, sizeof(frame.xmm));
}

void write(const Context& context, ExceptionFrame& frame) {
    for (const auto& entry : kRegisters) {
        frame.*entry.where = context.integer[entry.which];
    }
    frame.rip = context.rip;
    frame.rflags = context.eflags;
    frame.mxcsr = context.mxcsr;
    __builtin_memcpy(frame.xmm, context.floating.xmm, sizeof(frame.xmm));
}

ExceptionRecord exception(NTSTATUS code, const ExceptionFrame& frame) {
    ExceptionRecord record{};
    record.code = static_cast<uint32_t>(code);
    record.address = frame.rip;
    return record;
}

/// Access violations in the lower half are exceptions; what is wrong in the kernel's own half is final, as in NT: a
/// handler must not be able to hide a wild kernel pointer.
ExceptionRecord page_fault(const ExceptionFrame& frame, const Context& context) {
    const ULONGLONG address = cpu::fault_address();
    const bool write = (frame.error & kFaultWrite) != 0;
    const bool fetch = (frame.error & kFaultFetch) != 0;
    const KIRQL irql = ke::current_irql();
    const ULONGLONG access = fetch ? 8 : write ? 1 : 0;
    if (ke::stack_overflown_at(address) != nullptr) {
        dbg::bugcheck_at(context, {UNEXPECTED_KERNEL_MODE_TRAP, 59}, kDoubleFault, address, frame.rsp, frame.rip,
                         "kernel stack overflow: the address lies in the guard page below the stack");
    }
    if (fetch && (frame.error & kFaultPresent) != 0) {
        dbg::bugcheck_at(context, {ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, 65}, address, mm::page_entry(address),
                         frame.rsp, 0, "data was executed");
    }
    if (write && (frame.error & kFaultPresent) != 0) {
        dbg::bugcheck_at(context, {ATTEMPTED_WRITE_TO_READONLY_MEMORY, 65}, address, mm::page_entry(address), frame.rsp,
                         0, "a write to memory that is read-only");
    }
    if (const char* discarded = ldr::discarded_section_at(address)) {
        dbg::bugcheck_at(
            context, {irql >= DISPATCH_LEVEL ? DRIVER_IRQL_NOT_LESS_OR_EQUAL : PAGE_FAULT_IN_NONPAGED_AREA, 64},
            address,
            irql >= DISPATCH_LEVEL ? irql
            : write                ? 2
            : fetch                ? 0x10
                                   : 0,
            irql >= DISPATCH_LEVEL ? access : frame.rip, irql >= DISPATCH_LEVEL ? frame.rip : 0, discarded);
    }
    if (mm::is_pageable(address)) { // at DISPATCH_LEVEL or above, or it would be in by now
        char text[160];
        const char* section = ldr::section_at(address);
        _snprintf(text, sizeof(text) - 1, "%s is pageable, and was touched at IRQL %u; expected APC_LEVEL or below",
                  section != nullptr ? section : "a block of paged pool", irql);
        text[sizeof(text) - 1] = '\0';
        dbg::bugcheck_at(context,
                         {ldr::in_kernel(frame.rip) ? IRQL_NOT_LESS_OR_EQUAL : DRIVER_IRQL_NOT_LESS_OR_EQUAL, 2},
                         address, irql, access, frame.rip, text);
    }
    mm::SpecialTrespass trespass;
    if (mm::special_trespass(address, trespass)) {
        const bool in_kernel = ldr::in_kernel(frame.rip);
        const ULONG freed = in_kernel ? PAGE_FAULT_IN_FREED_SPECIAL_POOL : DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL;
        const ULONG outside =
            in_kernel ? PAGE_FAULT_BEYOND_END_OF_ALLOCATION : DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION;
        dbg::bugcheck_at(context, {trespass.freed ? freed : outside, trespass.freed ? 48u : 52u}, address, access,
                         frame.rip, 0, trespass.text);
    }
    if (irql >= DISPATCH_LEVEL) {
        const bool in_kernel = ldr::in_kernel(frame.rip);
        dbg::bugcheck_at(context, in_kernel ? IRQL_NOT_LESS_OR_EQUAL : DRIVER_IRQL_NOT_LESS_OR_EQUAL, address, irql,
                         access, frame.rip, "memory that is not there was touched at DISPATCH_LEVEL or above");
    }
    if (is_kernel_address(address)) {
        dbg::bugcheck_at(context, PAGE_FAULT_IN_NONPAGED_AREA, address,
                         write   ? 2
                         : fetch ? 0x10
                                 : 0,
                         frame.rip, 0, "kernel memory that is not there");
    }
    ExceptionRecord record = exception(STATUS_ACCESS_VIOLATION, frame);
    record.parameter_count = 2;
    record.information[0] = access;
    record.information[1] = address;
    return record;
}

/// __fastfail: rcx tells why (winnt.h, FAST_FAIL_*). "Bug Check 0x139": code, trap frame, exception record, 0.
[[noreturn]] void fast_fail(const ExceptionFrame& frame, const Context& context) {
    constexpr NTSTATUS kStackBufferOverrun = static_cast<NTSTATUS>(0xc0000409);
    ExceptionRecord record = exception(kStackBufferOverrun, frame);
    record.flags = kExceptionNoncontinuable;
    record.parameter_count = 1;
    record.information[0] = frame.rcx;
    const char* text = "__fastfail: the driver found itself damaged";
    switch (frame.rcx) {
    case 2:
        text = "a stack cookie was overwritten: a buffer on the stack was overrun";
        break;
    case 3:
        text = "a list entry was corrupt: LIST_ENTRY links that do not point to each other";
        break;
    case 6:
        text = "the security cookie was not initialised";
        break;
    case 10:
        text = "control-flow guard: an indirect call of an address that is no function of the image";
        break;
    default:
        break;
    }
    dbg::bugcheck_at(context, KERNEL_SECURITY_CHECK_FAILURE, frame.rcx, reinterpret_cast<ULONG_PTR>(&frame),
                     reinterpret_cast<ULONG_PTR>(&record), 0, text);
}

/// What never becomes an exception, then what does.
ExceptionRecord record_of(const ExceptionFrame& frame, const Context& context) {
    switch (frame.vector) {
    case kPageFault:
        return page_fault(frame, context);
    case kDoubleFault: {
        // The processor found no room to report a fault on the stack: CR2 still tells which address began it.
        const bool overflow =
            ke::stack_overflown_at(cpu::fault_address()) != nullptr || ke::stack_overflown_at(frame.rsp) != nullptr;
        dbg::bugcheck_at(context, {UNEXPECTED_KERNEL_MODE_TRAP, overflow ? 59u : 0u}, kDoubleFault,
                         cpu::fault_address(), frame.rsp, frame.rip,
                         overflow ? "kernel stack overflow: the stack pointer is in the guard page below the stack"
                                  : "double fault");
    }
    case kNmi:
        ke::halt_if_stopped();
        dbg::bugcheck_at(context, NMI_HARDWARE_FAILURE, frame.rip, 0, 0, 0, "a non-maskable interrupt");
    case kMachineCheck:
        dbg::bugcheck_at(context, MACHINE_CHECK_EXCEPTION, frame.rip, 0, 0, 0, "a machine check");
    case kFastFailVector:
        fast_fail(frame, context);
    case kDivideError:
        return exception(STATUS_INTEGER_DIVIDE_BY_ZERO, frame);
    case kBreakpoint:
        return exception(STATUS_BREAKPOINT, frame);
    case kDebug:
        return exception(STATUS_SINGLE_STEP, frame);
    case kOverflow:
        return exception(STATUS_INTEGER_OVERFLOW, frame);
    case kBoundRange:
        return exception(STATUS_ARRAY_BOUNDS_EXCEEDED, frame);
    case kInvalidOpcode:
        return exception(STATUS_ILLEGAL_INSTRUCTION, frame);
    case kAlignment:
        return exception(STATUS_DATATYPE_MISALIGNMENT, frame);
    case kGeneralProtection: {
        ExceptionRecord record = exception(STATUS_ACCESS_VIOLATION, frame);
        record.parameter_count = 2;
        record.information[1] = MAXULONGLONG; // which address it was, the processor does not tell
        return record;
    }
    case kFloatingPoint:
    case kSimd:
        return exception(STATUS_FLOAT_INVALID_OPERATION, frame);
    case kAssertionVector: {
        ExceptionRecord record = exception(kAssertionFailure, frame);
        constexpr ULONGLONG kInstructionSize = 2;
        record.address -= kInstructionSize;
        return record;
    }
    default:
        dbg::bugcheck_at(context, UNEXPECTED_KERNEL_MODE_TRAP, frame.vector, frame.error, frame.rsp, frame.rip, "");
    }
}

} // namespace
} // namespace nanont::arch

/// Called by trap.S for vectors 0..31, 29h and 2Ch, interrupts off. Returns when a handler wants the code to go on.
extern "C" void ki_exception(nanont::arch::ExceptionFrame* frame) {
    using namespace nanont;
    using namespace nanont::arch;
    const ULONGLONG fault_address = cpu::fault_address();
    if (frame->vector == kPageFault && (frame->error & kFaultPresent) == 0 && mm::page_in(fault_address)) {
        return;
    }
    Context context;
    if (frame->vector == kBreakpoint) {
        --frame->rip; // of the instruction itself, as NT reports it
    }
    read(*frame, context);
    ExceptionRecord record = record_of(*frame, context);
    // Handlers run as the code did that raised this: with interrupts when it had them.
    if ((frame->rflags & cpu::kInterruptFlag) != 0) {
        cpu::interrupts_on();
    }
    const bool handled = seh::dispatch(record, context);
    cpu::interrupts_off();
    if (!handled) {
        cpu::set_fault_address(fault_address);
        seh::unhandled(record, context);
    }
    write(context, *frame);
}
