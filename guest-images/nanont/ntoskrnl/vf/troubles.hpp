// SPDX-License-Identifier: MIT
// What a busy system does to a driver: threads that lose their processor, DPCs, interrupts and timers that come late.
// Which of it a run has, its plan forces (nanont_choices.def, from 64 on); when and for how long its seed draws, from
// the driver's start on: a machine put back to there is handed another seed.
#ifndef NANONT_VF_TROUBLES_HPP
#define NANONT_VF_TROUBLES_HPP

#include "nt.hpp"

#include <nanont_emit.h>

namespace nanont::vf {

/// The driver has started: from here on there is trouble. PASSIVE_LEVEL, once.
void begin_troubles();

/// There is some of it now. Any IRQL.
bool has_trouble(nanont_choice trouble);
/// A lot of 1 to `most` of one of the troubles' sequence; 0: there is none of it, or not yet. Any IRQL.
ULONG draw_trouble(nanont_choice trouble, ULONG most);

/// Whether calls of exports go by way of ki_preempt_and_jump(). PASSIVE_LEVEL, before the driver is loaded.
bool calls_are_preempted();

} // namespace nanont::vf

extern "C" {
NANONT_CHOOSE NanontChoose;
/// arch/preempt.S: keeps the arguments, lets the thread lose its processor, and jumps to r10.
void ki_preempt_and_jump();
}

#endif
