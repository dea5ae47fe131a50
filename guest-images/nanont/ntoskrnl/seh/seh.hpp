// SPDX-License-Identifier: MIT
// Structured exceptions: who handles what the processor or code has raised, and the way there ("Structured exception
// handling", "x64 exception handling", learn.microsoft.com; the structures' layouts are winnt.h's).
#ifndef NANONT_SEH_SEH_HPP
#define NANONT_SEH_SEH_HPP

#include <context.hpp>
#include <unwind.hpp>

#include "nt.hpp"

namespace nanont::seh {

enum Disposition : int { kContinueExecution = 0, kContinueSearch = 1, kNestedException = 2, kCollidedUnwind = 3 };

/// DISPATCHER_CONTEXT: what a handler is told of the frame it stands for.
struct DispatcherContext {
    uint64_t control_pc;
    uint64_t image_base;
    const RuntimeFunction* function;
    uint64_t establisher;
    uint64_t target_ip;
    Context* context;
    uint64_t handler;
    uint64_t handler_data;
    void* history;
    uint32_t scope_index;
    uint32_t fill;
};
static_assert(offsetof(DispatcherContext, handler) == 0x30 && sizeof(DispatcherContext) == 0x50);

/// Reads of what an unwind looks at: kernel memory that is mapped, and no other.
const UnwindMemory& memory();

/// The entry of .pdata that covers `pc`, and the base of its image; nullptr: a leaf, or no code of a module. Any IRQL.
const RuntimeFunction* find_function(uint64_t pc, uint64_t& image_base);

/// Goes to the caller. False: no way on. `first`: the place is where execution stopped, so it may be in a leaf, or in
/// no module at all.
bool step_out(Context& context, bool first);

/// Whether a frame can lie there on the stack the processor is on now.
bool on_stack(uint64_t address);

/// Looks for a handler of `record`, which happened at `context`. Returns true when one wants the code to go on there
/// (`context` may have been changed), false when nobody wants it; a handler that takes it never comes back here.
bool dispatch(ExceptionRecord& record, Context& context);

/// The end of an exception that nobody handled: KMODE_EXCEPTION_NOT_HANDLED.
[[noreturn]] void unhandled(const ExceptionRecord& record, const Context& context);

/// In words, for the report.
const char* describe(const ExceptionRecord& record);

/// Raises `status` in the caller's name.
[[noreturn]] void raise(NTSTATUS status);

} // namespace nanont::seh

// The exports, under names that do not collide with the headers' declarations (which have types of their own).
extern "C" {
void rtl_capture_context(nanont::Context* context) __asm__("RtlCaptureContext");
[[noreturn]] void rtl_restore_context(nanont::Context* context,
                                      nanont::ExceptionRecord* record) __asm__("RtlRestoreContext");
void rtl_unwind_ex(void* target_frame, void* target_ip, nanont::ExceptionRecord* record, void* return_value,
                   nanont::Context* context, void* history) __asm__("RtlUnwindEx");
int seh_call_handler(nanont::ExceptionRecord* record, void* frame, nanont::Context* context,
                     nanont::seh::DispatcherContext* dispatcher);
int seh_call_unwind_handler(nanont::ExceptionRecord* record, void* frame, nanont::Context* context,
                            nanont::seh::DispatcherContext* dispatcher);
}

#endif
