// SPDX-License-Identifier: MIT
// Leaving frames: from here out to a target, and every handler on the way that wants to clean up is called.
#include "seh.hpp"

#include "dbg/report.hpp"

namespace nanont::seh {
namespace {

[[noreturn]] void refuse(NTSTATUS status) {
    raise(status);
}

/// One unwind. `now` is the frame being left, `next` its caller.
struct Unwinding {
    uint64_t target_frame; // 0: out of everything
    uint64_t target_ip;
    ExceptionRecord& record;
    uint64_t return_value;
    Context& now;
    Context next;
    uint32_t flags;

    void find(DispatcherContext& frame, UnwindStep& step) {
        next = now;
        if (!virtual_unwind(memory(), kHandlerForUnwind, frame.image_base, frame.control_pc, *frame.function, next,
                            step, nullptr)) {
            refuse(STATUS_BAD_FUNCTION_TABLE);
        }
        if (!on_stack(step.establisher) || (target_frame != 0 && step.establisher > target_frame)) {
            refuse(STATUS_BAD_STACK);
        }
    }

    /// Calls the frame's handler; again, from where it had come to, when the frame turns out to be one that another
    /// unwind was leaving.
    void clean_up(DispatcherContext& frame) {
        for (;;) {
            flags |= frame.establisher == target_frame ? kExceptionTargetUnwind : 0;
            record.flags = flags;
            now.integer[kRax] = return_value;
            const int disposition =
                seh_call_unwind_handler(&record, reinterpret_cast<void*>(frame.establisher), &now, &frame);
            flags &= ~(kExceptionCollidedUnwind | kExceptionTargetUnwind);
            if (disposition == kContinueSearch) {
                return;
            }
            if (disposition != kCollidedUnwind) {
                refuse(STATUS_INVALID_DISPOSITION);
            }
            now = *frame.context;
            frame.context = &now;
            UnwindStep step;
            find(frame, step);
            flags |= kExceptionCollidedUnwind;
        }
    }

    /// True at the target.
    bool leave_frame() {
        DispatcherContext frame{};
        frame.control_pc = now.rip;
        frame.function = find_function(now.rip, frame.image_base);
        if (frame.function == nullptr) {
            if (!unwind_leaf(memory(), now)) {
                refuse(STATUS_BAD_STACK);
            }
            return false;
        }
        UnwindStep step;
        find(frame, step);
        frame.establisher = step.establisher;
        if (step.handler != 0) {
            frame.target_ip = target_ip;
            frame.context = &now;
            frame.handler = step.handler;
            frame.handler_data = step.handler_data;
            clean_up(frame);
        }
        if (frame.establisher == target_frame) {
            return true;
        }
        now = next;
        return false;
    }
};

constexpr int kMostFrames = 1000;

} // namespace
} // namespace nanont::seh

using namespace nanont;
using namespace nanont::seh;

extern "C" {

/// TargetFrame null is an exit unwind: every frame is left, and then there is nowhere to go on.
void rtl_unwind_ex(void* target_frame, void* target_ip, ExceptionRecord* record, void* return_value, Context* context,
                   void* /*history*/) {
    rtl_capture_context(context);
    ExceptionRecord own{};
    if (record == nullptr) {
        own.code = static_cast<uint32_t>(STATUS_UNWIND);
        own.address = context->rip;
        record = &own;
    }
    const auto target = reinterpret_cast<uint64_t>(target_frame);
    Unwinding unwinding{target,
                        reinterpret_cast<uint64_t>(target_ip),
                        *record,
                        reinterpret_cast<uint64_t>(return_value),
                        *context,
                        {},
                        kExceptionUnwinding | (target == 0 ? kExceptionExitUnwind : 0) |
                            (record->flags & kExceptionNoncontinuable)};
    for (int i = 0; i < kMostFrames && on_stack(context->rsp()); ++i) {
        if (unwinding.leave_frame()) {
            context->integer[kRax] = unwinding.return_value;
            context->rip = unwinding.target_ip;
            rtl_restore_context(context, record);
        }
    }
    refuse(STATUS_BAD_STACK);
}

VOID export_RtlUnwind(void* TargetFrame, void* TargetIp, ExceptionRecord* Record,
                      void* ReturnValue) __asm__("RtlUnwind");
VOID export_RtlUnwind(void* TargetFrame, void* TargetIp, ExceptionRecord* Record, void* ReturnValue) {
    Context context;
    rtl_unwind_ex(TargetFrame, TargetIp, Record, ReturnValue, &context, nullptr);
}

/// What a compiler calls for a goto or return out of a __try with a __finally.
VOID export_local_unwind(void* Frame, void* TargetIp) __asm__("_local_unwind");
VOID export_local_unwind(void* Frame, void* TargetIp) {
    Context context;
    rtl_unwind_ex(Frame, TargetIp, nullptr, nullptr, &context, nullptr);
}

} // extern "C"
