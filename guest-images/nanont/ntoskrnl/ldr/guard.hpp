// SPDX-License-Identifier: MIT
// Control-flow guard: every indirect call of an image made with /guard:cf passes the kernel's check first.
#ifndef NANONT_LDR_GUARD_HPP
#define NANONT_LDR_GUARD_HPP

namespace nanont::ldr {

/// Answers are remembered; an image that goes takes its functions along.
void forget_guard_answers();

} // namespace nanont::ldr

// arch/guard.S: what an image's GuardCFCheckFunctionPointer (target in rcx; returns when it may be called) and
// GuardCFDispatchFunctionPointer (target in rax; calls it) are made to point at. Every argument register is kept.
extern "C" void ki_guard_check();
extern "C" void ki_guard_dispatch();

#endif
