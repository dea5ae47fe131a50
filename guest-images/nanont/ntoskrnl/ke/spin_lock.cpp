// SPDX-License-Identifier: MIT
// Spin locks. The word holds the owner: the CPU number plus one in its lowest byte's place, and the address the lock
// was taken from above it, so that a deadlock can be told in words: who has it, since where.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "mm/paged.hpp"
#include "vf/locks.hpp"
#include "vf/memory.hpp"

namespace nanont::ke {
namespace {

constexpr ULONG_PTR kOwnerMask = 0x7; // CPU number + 1; code addresses are not aligned, so they are shifted up

ULONG_PTR owner_word(const void* from) {
    return reinterpret_cast<ULONG_PTR>(from) << 3 | (this_processor().number + 1u);
}
ULONG_PTR taken_from(ULONG_PTR word) {
    return static_cast<ULONG_PTR>(static_cast<LONG_PTR>(word) >> 3);
}

bool try_acquire(KSPIN_LOCK& lock, ULONG_PTR word) {
    ULONG_PTR free = 0;
    return __atomic_compare_exchange_n(&lock, &free, word, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

constexpr ULONGLONG kLongestWait = 10'000'000; // a second, in 100 ns: no lock is held so long

ULONGLONG now() {
    return static_cast<ULONGLONG>(KeQueryPerformanceCounter(nullptr).QuadPart);
}

void acquire(KSPIN_LOCK& lock, const void* from) {
    const ULONG_PTR word = owner_word(from);
    ULONGLONG began = 0;
    for (ULONG looks = 0; !try_acquire(lock, word); ++looks) {
        const ULONG_PTR seen = __atomic_load_n(&lock, __ATOMIC_RELAXED);
        if ((seen & kOwnerMask) == (word & kOwnerMask)) {
            dbg::bugcheck({SPIN_LOCK_ALREADY_OWNED, 5}, reinterpret_cast<ULONG_PTR>(&lock), taken_from(seen),
                          reinterpret_cast<ULONG_PTR>(from), 0,
                          "spin lock %p taken at %p is taken again at %p on the CPU that holds it: a deadlock", &lock,
                          reinterpret_cast<void*>(taken_from(seen)), from);
        }
        if (looks == 0 && vf::is_fresh_memory(seen, from)) {
            __atomic_store_n(&lock, word, __ATOMIC_RELAXED); // it is told; now it is this CPU's
            return;
        }
        if (looks % 4096 == 0) {
            began = looks == 0 ? now() : began;
            if (now() - began > kLongestWait) {
                dbg::bugcheck(DPC_WATCHDOG_VIOLATION, 1, (now() - began) / 156'250, kLongestWait / 156'250,
                              reinterpret_cast<ULONG_PTR>(&lock),
                              "spin lock %p, wanted at %p, has been held for a second by the CPU that took it at %p: a "
                              "deadlock of two, or a holder that hangs",
                              &lock, from, reinterpret_cast<void*>(taken_from(seen)));
            }
        }
        YieldProcessor();
    }
}

void release(KSPIN_LOCK& lock, const void* from) {
    const ULONG_PTR seen = __atomic_load_n(&lock, __ATOMIC_RELAXED);
    if ((seen & kOwnerMask) != this_processor().number + 1u) {
        dbg::bugcheck({SPIN_LOCK_NOT_OWNED, 6}, reinterpret_cast<ULONG_PTR>(&lock), seen,
                      reinterpret_cast<ULONG_PTR>(from), 0,
                      "spin lock %p is released at %p by a CPU that does not hold it (its word: 0x%I64x)", &lock, from,
                      static_cast<ULONGLONG>(seen));
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/// A driver's: the verifier looks on.
void acquire_watched(KSPIN_LOCK& lock, const void* from) {
    acquire(lock, from);
    vf::lock_taken(lock, from);
}
void release_watched(KSPIN_LOCK& lock, const void* from) {
    vf::lock_released(lock, from);
    release(lock, from);
}

KIRQL acquire_raised(KSPIN_LOCK& lock, const void* from) {
    const KIRQL old = current_irql();
    if (old > DISPATCH_LEVEL) {
        dbg::bugcheck({IRQL_NOT_GREATER_OR_EQUAL, 1}, reinterpret_cast<ULONG_PTR>(&lock), old, DISPATCH_LEVEL,
                      reinterpret_cast<ULONG_PTR>(from),
                      "KeAcquireSpinLock at IRQL %u; expected DISPATCH_LEVEL (2) or below", old);
    }
    cpu::set_irql_register(DISPATCH_LEVEL);
    mm::irql_has_risen(from);
    acquire_watched(lock, from);
    return old;
}

} // namespace

void acquire_lock(KSPIN_LOCK& lock) {
    acquire(lock, __builtin_return_address(0));
}

void release_lock(KSPIN_LOCK& lock) {
    release(lock, __builtin_return_address(0));
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

extern "C" {

VOID export_KeInitializeSpinLock(PKSPIN_LOCK SpinLock) __asm__("KeInitializeSpinLock");
VOID export_KeInitializeSpinLock(PKSPIN_LOCK SpinLock) {
    *SpinLock = 0;
}

KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock) {
    return acquire_raised(*SpinLock, __builtin_return_address(0));
}

VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql) {
    release_watched(*SpinLock, __builtin_return_address(0));
    cpu::set_irql_register(NewIrql);
}

VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
    acquire_watched(*SpinLock, __builtin_return_address(0));
}

VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock) {
    release_watched(*SpinLock, __builtin_return_address(0));
}

BOOLEAN NTAPI KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
    const void* from = __builtin_return_address(0);
    if (!try_acquire(*SpinLock, owner_word(from))) {
        return FALSE;
    }
    vf::lock_taken(*SpinLock, from);
    return TRUE;
}

BOOLEAN NTAPI KeTestSpinLock(PKSPIN_LOCK SpinLock) {
    return __atomic_load_n(SpinLock, __ATOMIC_RELAXED) == 0;
}

VOID FASTCALL KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
    LockHandle->LockQueue.Next = nullptr;
    LockHandle->LockQueue.Lock = SpinLock;
    LockHandle->OldIrql = acquire_raised(*SpinLock, __builtin_return_address(0));
}

VOID FASTCALL KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle) {
    release_watched(*LockHandle->LockQueue.Lock, __builtin_return_address(0));
    cpu::set_irql_register(LockHandle->OldIrql);
}

VOID FASTCALL KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
    LockHandle->LockQueue.Next = nullptr;
    LockHandle->LockQueue.Lock = SpinLock;
    acquire_watched(*SpinLock, __builtin_return_address(0));
}

VOID FASTCALL KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle) {
    release_watched(*LockHandle->LockQueue.Lock, __builtin_return_address(0));
}

} // extern "C"
