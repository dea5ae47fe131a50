// SPDX-License-Identifier: MIT
// The end of a run that went wrong: code and parameters as Windows gives them, the stack, a line that says it in words.
#include <format.hpp>

#include "arch/cpu.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "report.hpp"
#include "unwind.hpp"

namespace nanont::dbg {
namespace {

constexpr int kMostFrames = 32;
constexpr size_t kLongestText = 400;

struct CodeName {
    ULONG code;
    const char* name;
};
constexpr CodeName kNames[] = {{0x0a, "IRQL_NOT_LESS_OR_EQUAL"},
                               {0x09, "IRQL_NOT_GREATER_OR_EQUAL"},
                               {0x0c, "MAXIMUM_WAIT_OBJECTS_EXCEEDED"},
                               {0x0f, "SPIN_LOCK_ALREADY_OWNED"},
                               {0x10, "SPIN_LOCK_NOT_OWNED"},
                               {0x18, "REFERENCE_BY_POINTER"},
                               {0x19, "BAD_POOL_HEADER"},
                               {0x1a, "MEMORY_MANAGEMENT"},
                               {0x1e, "KMODE_EXCEPTION_NOT_HANDLED"},
                               {0x2a, "INCONSISTENT_IRP"},
                               {0x35, "NO_MORE_IRP_STACK_LOCATIONS"},
                               {0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS"},
                               {0x48, "CANCEL_STATE_IN_COMPLETED_IRP"},
                               {0x50, "PAGE_FAULT_IN_NONPAGED_AREA"},
                               {0x7f, "UNEXPECTED_KERNEL_MODE_TRAP"},
                               {0x9c, "MACHINE_CHECK_EXCEPTION"},
                               {0x80, "NMI_HARDWARE_FAILURE"},
                               {0xb8, "ATTEMPTED_SWITCH_FROM_DPC"},
                               {0xbe, "ATTEMPTED_WRITE_TO_READONLY_MEMORY"},
                               {0xc2, "BAD_POOL_CALLER"},
                               {0xc4, "DRIVER_VERIFIER_DETECTED_VIOLATION"},
                               {0xc8, "IRQL_UNEXPECTED_VALUE"},
                               {0xd1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL"},
                               {0xe2, "MANUALLY_INITIATED_CRASH"},
                               {0xf2, "HARDWARE_INTERRUPT_STORM"},
                               {0xfc, "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY"},
                               {0x133, "DPC_WATCHDOG_VIOLATION"}};

const char* name_of(ULONG code) {
    for (const CodeName& entry : kNames) {
        if (entry.code == code) {
            return entry.name;
        }
    }
    return "see \"Bug check code reference\" in Microsoft's documentation";
}

/// Innermost first. `first`: `frame` is where execution stopped, be it in no module: a wild call left its return
/// address on the stack all the same. Returns the first address in the driver under test; 0 = there is none.
ULONGLONG emit_frames(Frame frame, bool first) {
    ULONGLONG in_driver = 0;
    for (int i = 0; i < kMostFrames && (first || ldr::find_by_address(frame.rip) != nullptr); ++i) {
        emit(MPULAB_KIND_FRAME, 0, frame.rip, frame.rsp(), 0);
        if (in_driver == 0 && ldr::in_driver_under_test(frame.rip)) {
            in_driver = frame.rip;
        }
        if (!step_out(frame, first)) {
            break;
        }
        first = false;
    }
    return in_driver;
}

bool g_stopping;

[[noreturn]] void stop(ULONG code, const ULONGLONG (&p)[4], const Frame& frame, bool exact, const char* text) {
    cpu::interrupts_off();
    if (!ke::stop_others()) {
        ke::halt_if_stopped(); // another CPU was first, and its report is the one that counts
    }
    if (g_stopping) {
        say("a second bugcheck, 0x%lx, while the first was reported", code);
        end_run(MPULAB_END_BUGCHECK, code);
    }
    g_stopping = true;
    emit(MPULAB_KIND_BUGCHECK, 0, code, p[0], p[1]);
    emit(MPULAB_KIND_BUGCHECK_MORE, 0, p[2], p[3], frame.rip);
    const ULONGLONG in_driver = emit_frames(frame, exact);
    const bool elsewhere = in_driver != 0 && in_driver != frame.rip;
    say("STOP 0x%lx %s (0x%I64x, 0x%I64x, 0x%I64x, 0x%I64x) at %s%s%s%s%s", code, name_of(code), p[0], p[1], p[2], p[3],
        Place(frame.rip).text, elsewhere ? ", called from " : "", elsewhere ? Place(in_driver).text : "",
        text[0] != '\0' ? ": " : "", text);
    end_run(MPULAB_END_BUGCHECK, code);
}

/// The caller's frame, by the unwind information of the function this is inlined into.
__attribute__((noinline)) Frame caller_frame() {
    Frame frame{};
    asm volatile("leaq (%%rip), %%rax; movq %%rax, %0; movq %%rbx, %1; movq %%rsp, %2; movq %%rbp, %3; movq %%rsi, %4; "
                 "movq %%rdi, %5; movq %%r12, %6; movq %%r13, %7; movq %%r14, %8; movq %%r15, %9"
                 : "=m"(frame.rip), "=m"(frame.integer[3]), "=m"(frame.integer[4]), "=m"(frame.integer[5]),
                   "=m"(frame.integer[6]), "=m"(frame.integer[7]), "=m"(frame.integer[12]), "=m"(frame.integer[13]),
                   "=m"(frame.integer[14]), "=m"(frame.integer[15])
                 :
                 : "rax", "memory");
    step_out(frame, false);
    return frame;
}

} // namespace

void emit_stack() {
    Frame frame = caller_frame();
    step_out(frame, false);
    emit_frames(frame, false);
}

void emit_stack_of(ULONGLONG stack_pointer) {
    // From the stack pointer up: xmm6-15, MXCSR, r15 r14 r13 r12 rdi rsi rbp rbx, the return address (arch/trap.S).
    static constexpr UCHAR kOrder[] = {15, 14, 13, 12, 7, 6, 5, 3};
    const auto* saved = reinterpret_cast<const ULONGLONG*>(stack_pointer + 10 * 16 + 8);
    Frame frame{};
    for (int i = 0; i < 8; ++i) {
        frame.integer[kOrder[i]] = saved[i];
    }
    frame.rip = saved[8];
    frame.rsp() = reinterpret_cast<ULONGLONG>(saved + 9);
    emit_frames(frame, false);
}

Place::Place(ULONGLONG address) {
    const ldr::Module* module = ldr::find_by_address(address);
    const int length = module != nullptr
                           ? _snprintf(text, sizeof(text) - 1, "%s+0x%I64x", module->name, address - module->base)
                           : _snprintf(text, sizeof(text) - 1, "0x%I64x, which is in no module", address);
    text[length >= 0 ? length : static_cast<int>(sizeof(text)) - 1] = '\0';
}

void bugcheck(ULONG code, ULONGLONG p1, ULONGLONG p2, ULONGLONG p3, ULONGLONG p4, const char* pattern, ...) {
    char text[kLongestText];
    BoundedText<char> out{text, sizeof(text) - 1};
    va_list arguments;
    va_start(arguments, pattern);
    format(out.sink(), pattern, arguments);
    va_end(arguments);
    text[out.length < sizeof(text) ? out.length : sizeof(text) - 1] = '\0';
    Frame frame = caller_frame();
    step_out(frame, false); // out of this function: the report begins where the rule was broken
    const ULONGLONG parameters[4] = {p1, p2, p3, p4};
    stop(code, parameters, frame, false, text);
}

void bugcheck_at(const StackPlace& place, ULONG code, ULONGLONG p1, ULONGLONG p2, ULONGLONG p3, ULONGLONG p4,
                 const char* text) {
    Frame frame{};
    frame.rip = place.rip;
    frame.rsp() = place.rsp;
    if (place.nonvolatile != nullptr) {
        static constexpr UCHAR kOrder[] = {3, 5, 6, 7, 12, 13, 14, 15};
        for (int i = 0; i < 8; ++i) {
            frame.integer[kOrder[i]] = place.nonvolatile[i];
        }
    }
    const ULONGLONG parameters[4] = {p1, p2, p3, p4};
    stop(code, parameters, frame, true, text);
}

} // namespace nanont::dbg

using namespace nanont::dbg;

extern "C" {

VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1, ULONG_PTR BugCheckParameter2,
                        ULONG_PTR BugCheckParameter3, ULONG_PTR BugCheckParameter4) {
    Frame frame = caller_frame();
    step_out(frame, false);
    const ULONGLONG parameters[4] = {BugCheckParameter1, BugCheckParameter2, BugCheckParameter3, BugCheckParameter4};
    stop(BugCheckCode, parameters, frame, false, "");
}

VOID NTAPI KeBugCheck(ULONG BugCheckCode) {
    Frame frame = caller_frame();
    step_out(frame, false);
    const ULONGLONG none[4] = {};
    stop(BugCheckCode, none, frame, false, "");
}

USHORT NTAPI RtlCaptureStackBackTrace(ULONG FramesToSkip, ULONG FramesToCapture, PVOID* BackTrace,
                                      PULONG BackTraceHash) {
    Frame frame = caller_frame();
    step_out(frame, false);
    USHORT count = 0;
    ULONG hash = 0;
    for (ULONG i = 0; i < FramesToSkip + FramesToCapture && i < kMostFrames; ++i) {
        if (nanont::ldr::find_by_address(frame.rip) == nullptr) {
            break;
        }
        if (i >= FramesToSkip) {
            BackTrace[count++] = reinterpret_cast<PVOID>(frame.rip);
            hash += static_cast<ULONG>(frame.rip);
        }
        if (!step_out(frame, false)) {
            break;
        }
    }
    if (BackTraceHash != nullptr) {
        *BackTraceHash = hash;
    }
    return count;
}

} // extern "C"
