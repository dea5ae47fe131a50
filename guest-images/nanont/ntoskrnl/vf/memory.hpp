// SPDX-License-Identifier: MIT
// What must not lie in memory that goes: timers that run, DPCs that wait (V55, V56). And what must not happen to them
// while they do (V57, V58).
#ifndef NANONT_VF_MEMORY_HPP
#define NANONT_VF_MEMORY_HPP

#include "nt.hpp"

namespace nanont::vf {

/// Memory of the driver goes: a block that it frees, its image. `from`: code that frees it. Before it is touched.
/// IRQL <= DISPATCH_LEVEL.
void memory_goes(const void* begin, SIZE_T bytes, const void* from);

/// The driver initialises a timer or DPC (V57).
void timer_initialised(const KTIMER& timer, const void* from);
void dpc_initialised(const KDPC& dpc, const void* from);

/// An object is used whose type byte says `type` (V58); `what`: "KTIMER". For the driver's calls only.
void check_type(UCHAR type, UCHAR expected, const char* what, const void* from);

/// Whether the lock's word is what fresh pool is filled with: nobody has initialised it (V58). Tells it.
bool is_fresh_memory(ULONG_PTR lock_word, const void* from);

/// What the driver's import of an export is bound to instead: KeStallExecutionProcessor, for V10.
ULONGLONG watched_export(const char* name, ULONGLONG target);

} // namespace nanont::vf

#endif
