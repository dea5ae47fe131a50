// SPDX-License-Identifier: MIT
// Processor exceptions and the bugchecks Windows makes of them.
#include "arch.hpp"
#include "cpu.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "mm/mm.hpp"

namespace nanont::arch {
namespace {

enum Vector : ULONGLONG {
    kDivideError = 0,
    kDebug = 1,
    kNmi = 2,
    kBreakpoint = 3,
    kInvalidOpcode = 6,
    kDoubleFault = 8,
    kGeneralProtection = 13,
    kPageFault = 14,
    kFloatingPoint = 16,
    kMachineCheck = 18,
    kSimd = 19
};

constexpr ULONGLONG kFaultPresent = 1;
constexpr ULONGLONG kFaultWrite = 2;
constexpr ULONGLONG kFaultFetch = 16;

/// Kernel addresses have their upper half set; what lies between the halves is no address at all.
bool is_kernel_address(ULONGLONG address) {
    return address >= 0xffff800000000000;
}

dbg::StackPlace place_of(const ExceptionFrame& frame, ULONGLONG (&registers)[8]) {
    const ULONGLONG values[8] = {frame.rbx, frame.rbp, frame.rsi, frame.rdi,
                                 frame.r12, frame.r13, frame.r14, frame.r15};
    for (int i = 0; i < 8; ++i) {
        registers[i] = values[i];
    }
    return {frame.rip, frame.rsp, registers};
}

[[noreturn]] void page_fault(const ExceptionFrame& frame, const dbg::StackPlace& place) {
    const ULONGLONG address = cpu::fault_address();
    const bool write = (frame.error & kFaultWrite) != 0;
    const bool fetch = (frame.error & kFaultFetch) != 0;
    const KIRQL irql = ke::current_irql();
    const ULONGLONG access = fetch ? 8 : write ? 1 : 0;
    if (ke::stack_overflown_at(address) != nullptr) {
        dbg::bugcheck_at(place, UNEXPECTED_KERNEL_MODE_TRAP, kDoubleFault, address, frame.rsp, frame.rip,
                         "kernel stack overflow: the address lies in the guard page below the stack");
    }
    if (fetch && (frame.error & kFaultPresent) != 0) {
        dbg::bugcheck_at(place, ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, address, mm::page_entry(address), frame.rsp, 0,
                         "data was executed");
    }
    if (write && (frame.error & kFaultPresent) != 0) {
        dbg::bugcheck_at(place, ATTEMPTED_WRITE_TO_READONLY_MEMORY, address, mm::page_entry(address), frame.rsp, 0,
                         "a write to memory that is read-only");
    }
    if (irql >= DISPATCH_LEVEL) {
        const bool in_kernel = ldr::in_kernel(frame.rip);
        dbg::bugcheck_at(place, in_kernel ? IRQL_NOT_LESS_OR_EQUAL : DRIVER_IRQL_NOT_LESS_OR_EQUAL, address, irql,
                         access, frame.rip, "memory that is not there was touched at DISPATCH_LEVEL or above");
    }
    if (is_kernel_address(address)) {
        dbg::bugcheck_at(place, PAGE_FAULT_IN_NONPAGED_AREA, address,
                         write   ? 2
                         : fetch ? 0x10
                                 : 0,
                         frame.rip, 0, "kernel memory that is not there");
    }
    dbg::bugcheck_at(place, KMODE_EXCEPTION_NOT_HANDLED, static_cast<ULONG>(STATUS_ACCESS_VIOLATION), frame.rip, access,
                     address,
                     address < 0x10000 ? "a null pointer was followed" : "an address that is not the kernel's");
}

[[noreturn]] void unhandled(const dbg::StackPlace& place, NTSTATUS exception, ULONGLONG rip, const char* text) {
    dbg::bugcheck_at(place, KMODE_EXCEPTION_NOT_HANDLED, static_cast<ULONG>(exception), rip, 0, 0, text);
}

} // namespace
} // namespace nanont::arch

/// Called by trap.S for vectors 0..31, interrupts off. There is no exception handling in drivers yet, so each is final.
extern "C" void ki_exception(nanont::arch::ExceptionFrame* frame) {
    using namespace nanont;
    using namespace nanont::arch;
    ULONGLONG registers[8];
    const dbg::StackPlace place = place_of(*frame, registers);
    switch (frame->vector) {
    case kPageFault:
        page_fault(*frame, place);
    case kDoubleFault: {
        // The processor found no room to report a fault on the stack: CR2 still tells which address began it.
        const bool overflow =
            ke::stack_overflown_at(cpu::fault_address()) != nullptr || ke::stack_overflown_at(frame->rsp) != nullptr;
        dbg::bugcheck_at(place, UNEXPECTED_KERNEL_MODE_TRAP, kDoubleFault, cpu::fault_address(), frame->rsp, frame->rip,
                         overflow ? "kernel stack overflow: the stack pointer is in the guard page below the stack"
                                  : "double fault");
    }
    case kDivideError:
        unhandled(place, STATUS_INTEGER_DIVIDE_BY_ZERO, frame->rip, "division by zero");
    case kBreakpoint:
        unhandled(place, STATUS_BREAKPOINT, frame->rip - 1, "a breakpoint instruction, and no debugger");
    case kDebug:
        unhandled(place, STATUS_SINGLE_STEP, frame->rip, "a debug trap, and no debugger");
    case kInvalidOpcode:
        unhandled(place, STATUS_ILLEGAL_INSTRUCTION, frame->rip, "an instruction the processor does not know");
    case kGeneralProtection:
        unhandled(place, STATUS_ACCESS_VIOLATION, frame->rip,
                  "general protection: an address that is none, a wild jump, or a privileged slip");
    case kFloatingPoint:
    case kSimd:
        unhandled(place, STATUS_FLOAT_INVALID_OPERATION, frame->rip, "an unmasked floating-point exception");
    case kNmi:
        ke::halt_if_stopped();
        dbg::bugcheck_at(place, NMI_HARDWARE_FAILURE, frame->rip, 0, 0, 0, "a non-maskable interrupt");
    case kMachineCheck:
        dbg::bugcheck_at(place, MACHINE_CHECK_EXCEPTION, frame->rip, 0, 0, 0, "a machine check");
    default:
        dbg::bugcheck_at(place, UNEXPECTED_KERNEL_MODE_TRAP, frame->vector, frame->error, frame->rsp, frame->rip, "");
    }
}
