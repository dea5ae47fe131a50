// SPDX-License-Identifier: MIT
// The verifier's own test in each run: before the driver is loaded the kernel does itself, in a driver's place, what
// each family of rules is to catch. A SELFTEST record says of each defect whether its checker told it; no FINDING does,
// and no count of the driver's includes it. The harness turns a run red whose checkers did not all fire.
#ifndef NANONT_VF_SELFTEST_HPP
#define NANONT_VF_SELFTEST_HPP

#include "nt.hpp"

namespace nanont::vf {

/// Plants the kernel's own defects, one after the other. PASSIVE_LEVEL, no driver under test loaded. Under 1 ms of
/// virtual time.
void run_selftest();

/// Findings of these rules are awaited until tell_planted(): a module of ours plants them in its DriverEntry.
/// PASSIVE_LEVEL.
void await_planted(const ULONG* rules, ULONG count);
/// A SELFTEST record for each rule that was awaited.
void tell_planted();

/// A rule was broken. True: it was planted, and is not to be told as the driver's. Any IRQL.
bool was_planted(ULONG rule);
/// The same of a rule that ends the run. Does not return when it was planted.
void go_back_if_planted(ULONG rule);
/// Whether a block of a driver's goes into special pool: while the kernel stands in for one only those that it plants
/// do.
bool wants_special_pool(ULONG tag);
/// Locks that are released now are the kernel's.
bool selftest_runs();

} // namespace nanont::vf

#endif
