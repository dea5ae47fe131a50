// SPDX-License-Identifier: MIT
// Spin locks of the driver under test: which are held, since when, and in which order they were taken (V07, V08);
// LOCK_HELD records for V09.
#ifndef NANONT_VF_LOCKS_HPP
#define NANONT_VF_LOCKS_HPP

#include "nt.hpp"

namespace nanont::vf {

/// The CPU has taken the lock, or is about to give it back. `from`: code that asked for it; a lock that neither lies in
/// the driver nor was taken by it is passed over. At DISPATCH_LEVEL or above.
void lock_taken(const KSPIN_LOCK& lock, const void* from);
void lock_released(const KSPIN_LOCK& lock, const void* from);

/// How many of the driver's locks this CPU holds.
ULONG locks_held();

/// V07: `routine` was called while this CPU held `before` locks, and has returned.
void check_locks_after(const void* routine, ULONG before);

/// The memory goes, and the locks in it: another lock may lie there next.
void forget_locks(ULONGLONG begin, SIZE_T bytes);

/// Nobody holds a lock of the driver's: there is no driver yet.
void forget_held();

} // namespace nanont::vf

#endif
