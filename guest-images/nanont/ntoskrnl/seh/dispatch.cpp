// SPDX-License-Identifier: MIT
// From an exception to the handler that takes it: frame by frame outwards, asking each that has a handler.
#include "seh.hpp"

#include "arch/cpu.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"

namespace nanont::seh {
namespace {

constexpr int kMostFrames = 1000;

[[noreturn]] void raise_about(NTSTATUS status, ExceptionRecord& about) {
    ExceptionRecord record{};
    record.code = static_cast<uint32_t>(status);
    record.flags = kExceptionNoncontinuable;
    record.nested = &about;
    Context context;
    rtl_capture_context(&context);
    record.address = context.rip;
    dispatch(record, context);
    unhandled(record, context);
}

/// One frame that is asked, and the caller it would be left for.
struct Search {
    ExceptionRecord& record;
    Context& at;            // where it happened
    Context walk;           // the frame after the one being asked
    uint32_t flags;         // of the record, as the next handler shall see them
    uint64_t nested_in = 0; // outermost frame whose handler was running when this was raised

    enum Answer { kHandled, kGoOn, kGiveUp };

    Answer ask(DispatcherContext& frame) {
        for (;;) {
            record.flags = flags;
            const int disposition = seh_call_handler(&record, reinterpret_cast<void*>(frame.establisher), &at, &frame);
            flags |= record.flags & kExceptionNoncontinuable;
            if (nested_in == frame.establisher) {
                flags &= ~kExceptionNestedCall;
                nested_in = 0;
            }
            switch (disposition) {
            case kContinueExecution:
                if ((flags & kExceptionNoncontinuable) != 0) {
                    raise_about(STATUS_NONCONTINUABLE_EXCEPTION, record);
                }
                return kHandled;
            case kContinueSearch:
                return kGoOn;
            case kNestedException:
                flags |= kExceptionNestedCall;
                nested_in = frame.establisher > nested_in ? frame.establisher : nested_in;
                return kGoOn;
            case kCollidedUnwind: {
                // An unwind was under way there; its frame is asked from the scope it had come to.
                walk = *frame.context;
                UnwindStep step;
                if (!virtual_unwind(memory(), kHandlerForExceptions, frame.image_base, frame.control_pc,
                                    *frame.function, walk, step, nullptr)) {
                    return kGiveUp;
                }
                frame.context = &walk;
                break;
            }
            default:
                raise_about(STATUS_INVALID_DISPOSITION, record);
            }
        }
    }
};

} // namespace

bool dispatch(ExceptionRecord& record, Context& context) {
    Search search{record, context, context, record.flags & kExceptionNoncontinuable};
    Context& walk = search.walk;
    for (int i = 0; i < kMostFrames && on_stack(walk.rsp()); ++i) {
        DispatcherContext frame{};
        frame.control_pc = walk.rip;
        frame.context = &walk;
        frame.function = find_function(walk.rip, frame.image_base);
        if (frame.function == nullptr) {
            if (!unwind_leaf(memory(), walk)) {
                break;
            }
            continue;
        }
        UnwindStep step;
        if (!virtual_unwind(memory(), kHandlerForExceptions, frame.image_base, frame.control_pc, *frame.function, walk,
                            step, nullptr)) {
            break;
        }
        if (!on_stack(step.establisher)) {
            search.flags |= kExceptionStackInvalid;
            break;
        }
        if (step.handler == 0) {
            continue;
        }
        frame.establisher = step.establisher;
        frame.handler = step.handler;
        frame.handler_data = step.handler_data;
        const Search::Answer answer = search.ask(frame);
        if (answer != Search::kGoOn) {
            return answer == Search::kHandled;
        }
    }
    record.flags = search.flags;
    return false;
}

const char* describe(const ExceptionRecord& record) {
    switch (record.code) {
    case static_cast<uint32_t>(STATUS_ACCESS_VIOLATION):
        if (record.parameter_count < 2 || record.information[1] == MAXULONGLONG) {
            return "general protection: an address that is none, a wild jump, or a privileged slip";
        }
        return record.information[1] < 0x10000 ? "a null pointer was followed" : "an address that is not the kernel's";
    case static_cast<uint32_t>(STATUS_INTEGER_DIVIDE_BY_ZERO):
        return "division by zero";
    case static_cast<uint32_t>(STATUS_BREAKPOINT):
        return "a breakpoint instruction, and no debugger";
    case static_cast<uint32_t>(STATUS_SINGLE_STEP):
        return "a debug trap, and no debugger";
    case static_cast<uint32_t>(STATUS_ILLEGAL_INSTRUCTION):
        return "an instruction the processor does not know";
    case static_cast<uint32_t>(STATUS_FLOAT_INVALID_OPERATION):
        return "an unmasked floating-point exception";
    case static_cast<uint32_t>(STATUS_DATATYPE_MISALIGNMENT):
        return "an address that is not aligned as its type wants it";
    case 0xc0000420: // STATUS_ASSERTION_FAILURE
        return "an assertion failed";
    default:
        return "an exception that nobody handles";
    }
}

void unhandled(const ExceptionRecord& record, const Context& context) {
    dbg::bugcheck_at(context, KMODE_EXCEPTION_NOT_HANDLED, record.code, record.address, record.information[0],
                     record.information[1], describe(record));
}

void raise(NTSTATUS status) {
    ExceptionRecord record{};
    record.code = static_cast<uint32_t>(status);
    record.flags = kExceptionNoncontinuable;
    Context context;
    rtl_capture_context(&context);
    step_out(context, false); // out of this function
    record.address = context.rip;
    dispatch(record, context);
    unhandled(record, context);
}

} // namespace nanont::seh

using namespace nanont;
using namespace nanont::seh;

extern "C" {

// Handlers of the two frames in arch/context.S. `frame` is their stack pointer: the dispatcher context of the handler
// they had called lies 0x20 above it.

int seh_nested_exception(ExceptionRecord* record, void* frame, Context*, DispatcherContext* dispatcher) {
    if ((record->flags & kExceptionUnwind) != 0) {
        return kContinueSearch;
    }
    dispatcher->establisher = (*reinterpret_cast<DispatcherContext**>(static_cast<char*>(frame) + 0x20))->establisher;
    return kNestedException;
}

int seh_collided_unwind(ExceptionRecord*, void* frame, Context*, DispatcherContext* dispatcher) {
    const DispatcherContext& interrupted = **reinterpret_cast<DispatcherContext**>(static_cast<char*>(frame) + 0x20);
    const uint64_t target = dispatcher->target_ip; // the new unwind's own
    *dispatcher = interrupted;
    dispatcher->target_ip = target;
    return kCollidedUnwind;
}

/// Handlers of the frames beyond which no handler may be looked for (arch/trap.S).

/// A system thread's first frame. "Bug Check 0x7E": code, address, record, context.
int ki_system_thread_handler(ExceptionRecord* record, void*, Context* context, DispatcherContext*) {
    if ((record->flags & kExceptionUnwind) != 0) {
        return kContinueSearch;
    }
    dbg::bugcheck_at(*context, SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, record->code, record->address,
                     reinterpret_cast<ULONG_PTR>(record), reinterpret_cast<ULONG_PTR>(context), describe(*record));
}

/// An interrupt: what it interrupted has nothing to do with it, and nothing may be unwound over it.
int ki_interrupt_handler(ExceptionRecord* record, void* frame, Context* context, DispatcherContext*) {
    if ((record->flags & kExceptionUnwind) != 0) {
        constexpr ULONG kInterruptUnwindAttempted = 0x3c;
        dbg::bugcheck_at(*context, kInterruptUnwindAttempted, reinterpret_cast<ULONG_PTR>(frame), 0, 0, 0,
                         "an unwind would leave an interrupt");
    }
    unhandled(*record, *context);
}

/// ExceptionAddress is the return address, as documented. Any IRQL.
VOID export_RtlRaiseException(ExceptionRecord* Record) __asm__("RtlRaiseException");
VOID export_RtlRaiseException(ExceptionRecord* Record) {
    Context context;
    rtl_capture_context(&context);
    step_out(context, false);
    Record->address = context.rip;
    Record->flags &= kExceptionNoncontinuable;
    if (!dispatch(*Record, context)) {
        unhandled(*Record, context);
    }
    rtl_restore_context(&context, Record);
}

VOID NTAPI ExRaiseStatus(NTSTATUS Status) {
    raise(Status);
}
VOID NTAPI ExRaiseAccessViolation(VOID) {
    raise(STATUS_ACCESS_VIOLATION);
}
VOID NTAPI ExRaiseDatatypeMisalignment(VOID) {
    raise(STATUS_DATATYPE_MISALIGNMENT);
}

} // extern "C"
