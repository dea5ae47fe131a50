// SPDX-License-Identifier: MIT
// One step up a stack of x64 code, by the unwind information its image carries ("x64 exception handling",
// learn.microsoft.com): versions 1 and 2, chained entries, every operation. Pure: it reads through a function it is
// given and writes the CONTEXT, so that the kernel, the host's tests and the fuzzer run the same code. Neither image
// nor stack is believed: a read that fails ends the step, and every loop is bounded.
#ifndef NANONT_COMMON_UNWIND_HPP
#define NANONT_COMMON_UNWIND_HPP

#include "context.hpp"

namespace nanont {

/// What a step reads.
struct UnwindMemory {
    void* context;
    /// Copies `size` bytes at `address`; false when they are not all there.
    bool (*read)(void* context, uint64_t address, void* out, size_t size);
    /// The entry of .pdata that covers `pc`, and its image's base; false: none does. A tail call is told by it.
    bool (*find)(void* context, uint64_t pc, RuntimeFunction& function, uint64_t& image_base);
};

inline constexpr uint32_t kHandlerForExceptions = 1; // UNW_FLAG_EHANDLER
inline constexpr uint32_t kHandlerForUnwind = 2;     // UNW_FLAG_UHANDLER

/// What a step found beside the caller's registers.
struct UnwindStep {
    uint64_t establisher;  // the frame's identity: its stack pointer behind the prologue
    uint64_t handler;      // 0: none of the wanted type, or the place is in prologue or epilogue
    uint64_t handler_data; // what follows the handler's RVA
};

/// Undoes the function at `control_pc`, which `function` of the image at `image_base` covers: `context` becomes its
/// caller's, `pointers` (may be null) tells where registers were found. False: unwind information that makes no sense,
/// or memory that is not there; `context` is then of no use.
bool virtual_unwind(const UnwindMemory& memory, uint32_t handler_type, uint64_t image_base, uint64_t control_pc,
                    const RuntimeFunction& function, Context& context, UnwindStep& step, ContextPointers* pointers);

/// The same for a function without an entry: it has moved no register and no stack.
bool unwind_leaf(const UnwindMemory& memory, Context& context);

/// The entry of a sorted table (`count` entries at `table`, read through `memory`) that covers the RVA.
bool find_runtime_function(const UnwindMemory& memory, uint64_t table, size_t count, uint32_t rva,
                           RuntimeFunction& found);

} // namespace nanont

#endif
