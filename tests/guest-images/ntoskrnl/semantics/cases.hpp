// SPDX-License-Identifier: MIT
// semantics.sys: what drivers count on in Ke, Ex, Mm and Rtl, tried from inside a driver and printed; expectations are
// those of Microsoft's documentation of each function. semantics_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#define CHECKS_OF "semantics"
#include "../../support/checks.hpp"

/** A time from now on, as the Ke functions take it. */
struct Relative {
    explicit Relative(LONGLONG ms) { time.QuadPart = -ms * 10'000; }
    operator LARGE_INTEGER() const { return time; }
    PLARGE_INTEGER operator&() { return &time; }

  private:
    LARGE_INTEGER time;
};

void events(), wait_promised(), wait_any_and_all(), semaphores(), mutexes(), timeouts(), threads();
void dpcs(), dpc_order(), timers(), periodic_timers(), clock_ticks(), work_items(), spin_locks();
void pool(), strings(), copies(), slists(), addresses();
