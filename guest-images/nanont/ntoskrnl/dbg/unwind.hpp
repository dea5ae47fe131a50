// SPDX-License-Identifier: MIT
// Walking a stack by the unwind information that every x64 image carries ("x64 exception handling",
// learn.microsoft.com).
#ifndef NANONT_DBG_UNWIND_HPP
#define NANONT_DBG_UNWIND_HPP

#include "nt.hpp"

namespace nanont::dbg {

/// The registers a walk needs. Order of `integer` is the encoding's: rax rcx rdx rbx rsp rbp rsi rdi r8..r15.
struct Frame {
    ULONGLONG rip;
    ULONGLONG integer[16];
    ULONGLONG& rsp() { return integer[4]; }
};

/// An entry of an image's .pdata, RVAs all; RUNTIME_FUNCTION to Windows.
struct RuntimeFunction {
    ULONG BeginAddress, EndAddress, UnwindData;
};

/// The entry that covers `rip`, and the base of its image; nullptr: a leaf, or no code of a module.
const RuntimeFunction* find_function(ULONGLONG rip, ULONGLONG& image_base);

/// Goes to the caller. False when the walk cannot go on: no module there, or a stack that cannot be read.
/// `first`: the frame is where execution stopped, so its function may be a leaf.
bool step_out(Frame& frame, bool first);

} // namespace nanont::dbg

#endif
