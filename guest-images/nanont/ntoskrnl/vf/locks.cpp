// SPDX-License-Identifier: MIT
#include "locks.hpp"

#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "rules.hpp"
#include "selftest.hpp"

namespace nanont::vf {
namespace {

constexpr ULONG kMostHeld = 8;   // by one CPU at once; deeper ones are not watched
constexpr ULONG kMostKnown = 64; // in the graph; later ones have no order
constexpr ULONG kNone = kMostKnown;

struct Held {
    const KSPIN_LOCK* lock;
    const void* from;
    ULONGLONG since; // virtual ns
};

struct Cpu {
    Held held[kMostHeld];
    ULONG count;
};
Cpu g_cpus[ke::kMaxProcessors]; // each CPU's own, at DISPATCH_LEVEL or above

// The graph. Bit b of after[a]: lock b was taken while a was held, or while a lock was that came after a.
KSPIN_LOCK g_lock;
const KSPIN_LOCK* g_known[kMostKnown];
ULONGLONG g_after[kMostKnown];
ULONGLONG g_told[kMostKnown]; // pairs that were told

Cpu& this_cpu() {
    return g_cpus[ke::this_processor().number];
}

/// The record's clock: under icount the time-stamp counter counts the virtual clock's nanoseconds.
ULONGLONG now() {
    ULONG low = 0, high = 0;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return static_cast<ULONGLONG>(high) << 32 | low;
}

ULONG number_of(const KSPIN_LOCK* lock) {
    ULONG free = kNone;
    for (ULONG i = 0; i < kMostKnown; ++i) {
        if (g_known[i] == lock) {
            return i;
        }
        if (g_known[i] == nullptr && free == kNone) {
            free = i;
        }
    }
    if (free != kNone) {
        g_known[free] = lock;
    }
    return free;
}

void forget(ULONG number) {
    g_known[number] = nullptr;
    g_after[number] = 0;
    g_told[number] = 0;
    for (ULONG i = 0; i < kMostKnown; ++i) {
        g_after[i] &= ~(1ull << number);
        g_told[i] &= ~(1ull << number);
    }
}

/// True: the two were taken the other way round before, and nobody has been told yet.
bool add_order(ULONG first, ULONG second) {
    const ULONGLONG new_ones = g_after[second] | 1ull << second;
    g_after[first] |= new_ones;
    for (ULONG i = 0; i < kMostKnown; ++i) {
        if ((g_after[i] >> first & 1) != 0) {
            g_after[i] |= new_ones;
        }
    }
    const bool inverted = (g_after[second] >> first & 1) != 0 && (g_told[first] >> second & 1) == 0;
    if (inverted) {
        g_told[first] |= 1ull << second;
        g_told[second] |= 1ull << first;
    }
    return inverted;
}

/// Counts as looked at unless more locks are known than fit.
bool learn_order(const Held& first, const KSPIN_LOCK& second) {
    ke::acquire_lock(g_lock);
    const ULONG a = number_of(first.lock);
    const ULONG b = number_of(&second);
    const bool known = a != kNone && b != kNone;
    const bool inverted = known && a != b && add_order(a, b);
    ke::release_lock(g_lock);
    if (known) {
        judged(8);
    }
    return inverted;
}

void tell(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* pattern, const dbg::Place& one,
          const dbg::Place& other) {
    char text[256];
    _snprintf(text, sizeof(text) - 1, pattern, one.text, other.text);
    text[sizeof(text) - 1] = '\0';
    finding(rule, seen, expected, text);
}

} // namespace

void lock_taken(const KSPIN_LOCK& lock, const void* from) {
    // A function that ends with it jumps here: then `from` is not in the driver, but maybe the lock is.
    if (!ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from)) &&
        !ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(&lock))) {
        return;
    }
    cpu::InterruptsOff off; // an ISR may take and release its own in between
    Cpu& cpu = this_cpu();
    judged(5);
    for (ULONG i = 0; i < cpu.count; ++i) {
        if (learn_order(cpu.held[i], lock)) {
            tell(8, reinterpret_cast<ULONG_PTR>(&lock), reinterpret_cast<ULONG_PTR>(cpu.held[i].lock),
                 "V08 a lock is taken at %s while the one taken at %s is held; before it was the other way round",
                 dbg::Place(from), dbg::Place(cpu.held[i].from));
        }
    }
    if (cpu.count < kMostHeld) {
        cpu.held[cpu.count++] = {&lock, from, now()};
    }
}

void lock_released(const KSPIN_LOCK& lock, const void* from) {
    // A release is often a function's last act, and then a jump: `from` is whom that function returns to.
    cpu::InterruptsOff off;
    Cpu& cpu = this_cpu();
    for (ULONG i = cpu.count; i-- > 0;) {
        if (cpu.held[i].lock != &lock) {
            continue;
        }
        const Held held = cpu.held[i];
        for (ULONG j = i + 1; j < cpu.count; ++j) {
            cpu.held[j - 1] = cpu.held[j];
        }
        --cpu.count;
        judged(6);
        if (is_on(9) && !selftest_runs()) {
            dbg::emit(MPULAB_KIND_LOCK_HELD, 0, reinterpret_cast<ULONG_PTR>(held.from), held.since,
                      reinterpret_cast<ULONG_PTR>(from)); // for how long counts port accesses, which the log knows
        }
        return;
    }
}

ULONG locks_held() {
    cpu::InterruptsOff off;
    return this_cpu().count;
}

void check_locks_after(const void* routine, ULONG before) {
    const ULONG after = locks_held();
    judged(7);
    if (after > before) {
        tell(7, after, before, "V07 routine %s returned with a spin lock held, taken at %s", dbg::Place(routine),
             dbg::Place(this_cpu().held[after - 1].from));
        this_cpu().count = before; // told once
    }
}

void forget_locks(ULONGLONG begin, SIZE_T bytes) {
    cpu::InterruptsOff off;   // an ISR of the driver's may take two locks, and learn their order
    ke::acquire_lock(g_lock); // not watched: in the selftest the kernel's own locks are
    for (ULONG i = 0; i < kMostKnown; ++i) {
        if (g_known[i] != nullptr && reinterpret_cast<ULONG_PTR>(g_known[i]) - begin < bytes) {
            forget(i);
        }
    }
    ke::release_lock(g_lock);
}

void forget_held() {
    cpu::InterruptsOff off;
    for (Cpu& cpu : g_cpus) {
        cpu.count = 0;
    }
}

} // namespace nanont::vf
