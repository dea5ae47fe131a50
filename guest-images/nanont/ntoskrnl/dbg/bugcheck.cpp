// SPDX-License-Identifier: MIT
// The end of a run that went wrong: code and parameters as Windows gives them, the stack, a line that says it in words.
#include <format.hpp>

#include "arch/cpu.hpp"
#include "crash_data.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "report.hpp"
#include "seh/seh.hpp"
#include "vf/rules.hpp"
#include "vf/selftest.hpp"

namespace nanont::dbg {
namespace {

constexpr int kMostFrames = 32;
constexpr size_t kLongestText = 400;

struct CodeName {
    ULONG code;
    const char* name;
};
constexpr CodeName kNames[] = {
#define MPULAB_BUGCHECK(code, name, ...) {code, #name},
#define MPULAB_BUGCHECK_CASE(...)
#include "nanont_bugchecks.def"
#undef MPULAB_BUGCHECK
#undef MPULAB_BUGCHECK_CASE
};

const char* name_of(ULONG code) {
    for (const CodeName& entry : kNames) {
        if (entry.code == code) {
            return entry.name;
        }
    }
    return "see \"Bug check code reference\" in Microsoft's documentation";
}

/// Innermost first. `first`: the place is where execution stopped, be it in no module: a wild call left its return
/// address on the stack all the same. `by_call`: it is behind a call, not the instruction itself. Returns the first
/// address in the driver under test, an interrupt not crossed; 0 = there is none.
ULONGLONG emit_frames(Context context, bool first, bool by_call = true) {
    ULONGLONG in_driver = 0;
    bool interrupted = false;
    for (int i = 0; i < kMostFrames && (first || ldr::find_by_address(context.rip) != nullptr); ++i) {
        emit(MPULAB_KIND_FRAME, 0, context.rip, context.rsp(), by_call ? 0 : 1);
        if (in_driver == 0 && !interrupted && ldr::in_driver_under_test(context.rip)) {
            in_driver = context.rip;
        }
        if (!seh::step_out(context, first)) {
            break;
        }
        first = false;
        by_call = (context.flags & kContextUnwound) != 0;
        interrupted = interrupted || !by_call;
    }
    return in_driver;
}

void emit_register(ULONG which, ULONGLONG value, ULONGLONG upper = 0) {
    emit(MPULAB_KIND_REGISTER, 0, which, value, upper);
}

/// Registers that a call may change are told only when they are those of the place itself, not of a caller.
void emit_registers(const Context& context) {
    constexpr ULONG kKeptByCalls = 0xf0f8; // rbx rsp rbp rsi rdi r12-r15
    constexpr ULONG kFirstKeptXmm = 6;
    const bool all = (context.flags & kContextUnwound) == 0;
    for (ULONG i = 0; i < 16; ++i) {
        if (all || (kKeptByCalls >> i & 1) != 0) {
            emit_register(MPULAB_REGISTER_RAX + i, context.integer[i]);
        }
    }
    emit_register(MPULAB_REGISTER_RIP, context.rip);
    if (all) {
        emit_register(MPULAB_REGISTER_RFLAGS, context.eflags);
        emit_register(MPULAB_REGISTER_CS, context.cs);
        emit_register(MPULAB_REGISTER_SS, context.ss);
        emit_register(MPULAB_REGISTER_MXCSR, context.mxcsr);
    }
    emit_register(MPULAB_REGISTER_CR0, cpu::control_register_0());
    emit_register(MPULAB_REGISTER_CR2, cpu::fault_address());
    emit_register(MPULAB_REGISTER_CR3, cpu::page_table_root());
    emit_register(MPULAB_REGISTER_CR4, cpu::control_register_4());
    emit_register(MPULAB_REGISTER_CR8, cpu::irql_register());
    for (ULONG i = all ? 0 : kFirstKeptXmm; i < 16; ++i) {
        emit_register(MPULAB_REGISTER_XMM0 + i, context.floating.xmm[i].low, context.floating.xmm[i].high);
    }
}

bool g_stopping;

/// What a context is of: a function that called the kernel, in whichever module it lies; a call of KeBugCheck(Ex); or
/// what raised an exception.
enum class Source { Caller, BugcheckCall, Exception };

/// An exception's place is the instruction itself, unless a call raised it, or one of the INTs, which are traps.
bool is_behind_instruction(Source source, ULONG code, ULONGLONG first_parameter, const Context& context) {
    constexpr ULONG kAssertionFailure = 0xc0000420; // STATUS_ASSERTION_FAILURE, of INT 2Ch
    return source != Source::Exception || (context.flags & kContextUnwound) != 0 ||
           code == KERNEL_SECURITY_CHECK_FAILURE || static_cast<ULONG>(first_parameter) == kAssertionFailure;
}

[[noreturn]] void stop(StopCode why, const ULONGLONG (&p)[4], const Context& context, Source source, const char* text) {
    const ULONG code = why.code;
    vf::go_back_if_planted(why.rule);
    cpu::interrupts_off();
    if (!ke::stop_others()) {
        ke::halt_if_stopped(); // another CPU was first, and its report is the one that counts
    }
    if (g_stopping) {
        say("a second bugcheck, 0x%lx, while the first was reported", code);
        end_run(MPULAB_END_BUGCHECK, code);
    }
    g_stopping = true;
    if (why.rule != 0) {
        vf::stopping(why.rule, p[0], 0, text);
    }
    save_bugcheck(code, p, context);
    emit(MPULAB_KIND_BUGCHECK, 0, code, p[0], p[1]);
    emit(MPULAB_KIND_BUGCHECK_MORE, 0, p[2], p[3], context.rip);
    emit_registers(context);
    const ULONGLONG in_driver =
        emit_frames(context, source != Source::Caller, is_behind_instruction(source, code, p[0], context));
    const bool elsewhere = in_driver != 0 && in_driver != context.rip;
    say("STOP 0x%lx %s (0x%I64x, 0x%I64x, 0x%I64x, 0x%I64x) at %s%s%s%s%s", code, name_of(code), p[0], p[1], p[2], p[3],
        Place(context.rip).text, elsewhere ? ", called from " : "", elsewhere ? Place(in_driver).text : "",
        text[0] != '\0' ? ": " : "", text);
    end_run(MPULAB_END_BUGCHECK, code);
}

/// Where the function that this is called from returns to.
__attribute__((noinline)) Context caller_context() {
    Context context;
    rtl_capture_context(&context);
    seh::step_out(context, false); // into the function that called this one
    seh::step_out(context, false); // and out of it
    return context;
}

} // namespace

void emit_stack() {
    emit_frames(caller_context(), false);
}

void emit_stack_of(ULONGLONG stack_pointer) {
    // From the stack pointer up: xmm6-15, MXCSR, r15 r14 r13 r12 rdi rsi rbp rbx, the return address (arch/trap.S).
    static constexpr UCHAR kOrder[] = {15, 14, 13, 12, 7, 6, 5, 3};
    const auto* saved = reinterpret_cast<const ULONGLONG*>(stack_pointer + 10 * 16 + 8);
    Context context{};
    for (int i = 0; i < 8; ++i) {
        context.integer[kOrder[i]] = saved[i];
    }
    context.rip = saved[8];
    context.rsp() = reinterpret_cast<ULONGLONG>(saved + 9);
    emit_frames(context, false);
}

Place::Place(ULONGLONG address) {
    const ldr::Module* module = ldr::find_by_address(address);
    const int length = module != nullptr
                           ? _snprintf(text, sizeof(text) - 1, "%s+0x%I64x", module->name, address - module->base)
                           : _snprintf(text, sizeof(text) - 1, "0x%I64x, which is in no module", address);
    text[length >= 0 ? length : static_cast<int>(sizeof(text)) - 1] = '\0';
}

void bugcheck(StopCode code, ULONGLONG p1, ULONGLONG p2, ULONGLONG p3, ULONGLONG p4, const char* pattern, ...) {
    char text[kLongestText];
    BoundedText<char> out{text, sizeof(text) - 1};
    va_list arguments;
    va_start(arguments, pattern);
    format(out.sink(), pattern, arguments);
    va_end(arguments);
    text[out.length < sizeof(text) ? out.length : sizeof(text) - 1] = '\0';
    const ULONGLONG parameters[4] = {p1, p2, p3, p4};
    stop(code, parameters, caller_context(), Source::Caller, text); // the report begins where the rule was broken
}

void bugcheck_at(const Context& context, StopCode code, ULONGLONG p1, ULONGLONG p2, ULONGLONG p3, ULONGLONG p4,
                 const char* text) {
    const ULONGLONG parameters[4] = {p1, p2, p3, p4};
    stop(code, parameters, context, Source::Exception, text);
}

} // namespace nanont::dbg

using namespace nanont;
using namespace nanont::dbg;

extern "C" {

// KeBugCheckEx and KeBugCheck (arch/context.S) come here with the caller's registers.

[[noreturn]] void ki_bugcheck_ex(const ULONGLONG* arguments, const Context* context) {
    const ULONGLONG parameters[4] = {arguments[1], arguments[2], arguments[3], arguments[4]};
    stop(static_cast<ULONG>(arguments[0]), parameters, *context, Source::BugcheckCall, "");
}

[[noreturn]] void ki_bugcheck(const ULONGLONG* arguments, const Context* context) {
    const ULONGLONG none[4] = {};
    stop(static_cast<ULONG>(arguments[0]), none, *context, Source::BugcheckCall, "");
}

USHORT NTAPI RtlCaptureStackBackTrace(ULONG FramesToSkip, ULONG FramesToCapture, PVOID* BackTrace,
                                      PULONG BackTraceHash) {
    Context frame = caller_context();
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
        if (!seh::step_out(frame, false)) {
            break;
        }
    }
    if (BackTraceHash != nullptr) {
        *BackTraceHash = hash;
    }
    return count;
}

} // extern "C"
