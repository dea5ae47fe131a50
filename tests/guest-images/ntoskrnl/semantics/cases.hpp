// SPDX-License-Identifier: MIT
// semantics.sys: what drivers count on in Ke, Ex, Mm and Rtl, tried from inside a driver and printed; expectations are
// those of Microsoft's documentation of each function. semantics_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#include "module/ddk.hpp"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) DbgPrint("semantics: FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
    } while (0)

/** An integer that is not what it should be is printed with what it is. */
#define CHECK_EQUAL(seen, expected)                                                                                    \
    do {                                                                                                               \
        const LONGLONG seen_value = static_cast<LONGLONG>(seen), expected_value = static_cast<LONGLONG>(expected);     \
        if (seen_value != expected_value)                                                                              \
            DbgPrint("semantics: FAILED %s:%d: %s is %lld (0x%llx), expected %lld\n", __FILE__, __LINE__, #seen,       \
                     seen_value, seen_value, expected_value);                                                          \
    } while (0)

struct Case {
    const char* name;
    void (*run)();
};

/** A time from now on, as the Ke functions take it. */
struct Relative {
    explicit Relative(LONGLONG ms) { time.QuadPart = -ms * 10'000; }
    operator LARGE_INTEGER() const { return time; }
    PLARGE_INTEGER operator&() { return &time; }

  private:
    LARGE_INTEGER time;
};

void events(), wait_any_and_all(), semaphores(), mutexes(), timeouts(), threads();
void dpcs(), dpc_order(), timers(), periodic_timers(), clock_ticks(), work_items(), spin_locks();
void pool(), strings(), copies(), slists(), addresses();
