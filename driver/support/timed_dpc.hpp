// SPDX-License-Identifier: MIT
// A DPC with a timer of its own: run now, or at the next clock tick. Embedded in its owner, in nonpaged memory.
#pragma once

#include "atomic.hpp"
#include "wdk.hpp"

class TimedDpc {
  public:
    TimedDpc(PKDEFERRED_ROUTINE routine, PVOID context) {
        KeInitializeDpc(&dpc_, routine, context);
        KeInitializeTimer(&timer_);
    }
    TimedDpc(const TimedDpc&) = delete;
    TimedDpc& operator=(const TimedDpc&) = delete;

    /// Any IRQL up to DIRQL. Nothing happens when it is queued already.
    ALWAYS_INLINE void run_now() { KeInsertQueueDpc(&dpc_, nullptr, nullptr); }

    /// <= DISPATCH_LEVEL. The due time is a tenth of a tick away and not a whole one: timers expire on ticks, and one
    /// that is armed a little after a tick for a whole tick later would sleep through the next.
    void run_at_next_tick() {
        LARGE_INTEGER due;
        due.QuadPart = -kSoon100ns;
        KeSetTimer(&timer_, due, &dpc_);
    }

    /// PASSIVE_LEVEL. On return the routine neither runs nor will. Whoever starts it must have been told to stop
    /// before, the routine itself too. Two rounds: a run that began before it was told may start one more during the
    /// first.
    void cancel() {
        for (int round = 0; round < 2; ++round) {
            KeCancelTimer(&timer_);
            KeFlushQueuedDpcs();
        }
    }

  private:
    static constexpr LONGLONG kSoon100ns = 1'000;

    KTIMER timer_;
    KDPC dpc_;
};
