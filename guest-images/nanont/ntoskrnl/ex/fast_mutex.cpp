// SPDX-License-Identifier: MIT
// Fast and guarded mutexes: one owner, not recursive, APC_LEVEL (or a guarded region) while held. Their misuse is told
// as Driver Verifier's deadlock detection tells it ("Bug Check 0xC4").
#include "dbg/report.hpp"
#include "ke/ke.hpp"

using namespace nanont;
using namespace nanont::ke;

namespace {

constexpr ULONG kSelfDeadlock = 0x1000;
constexpr ULONG kUnexpectedThread = 0x1004;
constexpr ULONG kUnacquired = 0x1007;

// Count: 1 = free, 0 = held, below = held and waited for; as in NT, where headers' inline code initialises it.
void acquire(FAST_MUTEX& mutex) {
    if (mutex.Owner == current_thread()) {
        dbg::bugcheck(DRIVER_VERIFIER_DETECTED_VIOLATION, kSelfDeadlock, reinterpret_cast<ULONG_PTR>(&mutex), 0, 0,
                      "fast mutex %p is acquired again by the thread that holds it: a deadlock", &mutex);
    }
    if (InterlockedDecrement(&mutex.Count) != 0) {
        ++mutex.Contention;
        KeWaitForSingleObject(&mutex.Event, WrFastMutex, KernelMode, FALSE, nullptr);
    }
    mutex.Owner = current_thread();
}

bool try_acquire(FAST_MUTEX& mutex) {
    if (InterlockedCompareExchange(&mutex.Count, 0, 1) != 1) {
        return false;
    }
    mutex.Owner = current_thread();
    return true;
}

void release(FAST_MUTEX& mutex) {
    if (mutex.Owner == nullptr) {
        dbg::bugcheck(DRIVER_VERIFIER_DETECTED_VIOLATION, kUnacquired, reinterpret_cast<ULONG_PTR>(&mutex), 0, 0,
                      "fast mutex %p is released, and nobody holds it", &mutex);
    }
    if (mutex.Owner != current_thread()) {
        dbg::bugcheck(DRIVER_VERIFIER_DETECTED_VIOLATION, kUnexpectedThread, reinterpret_cast<ULONG_PTR>(&mutex),
                      reinterpret_cast<ULONG_PTR>(mutex.Owner), reinterpret_cast<ULONG_PTR>(current_thread()),
                      "fast mutex %p is released by a thread that does not hold it", &mutex);
    }
    mutex.Owner = nullptr;
    if (InterlockedIncrement(&mutex.Count) <= 0) {
        KeSetEvent(&mutex.Event, EVENT_INCREMENT, FALSE);
    }
}

// A guarded mutex has the same shape as far as it is used here.
static_assert(sizeof(KGUARDED_MUTEX) >= sizeof(FAST_MUTEX));
FAST_MUTEX& as_fast(PKGUARDED_MUTEX mutex) {
    return *reinterpret_cast<PFAST_MUTEX>(mutex);
}

} // namespace

extern "C" {

VOID FASTCALL ExAcquireFastMutex(PFAST_MUTEX FastMutex) {
    const KIRQL old = current_irql();
    cpu::set_irql_register(APC_LEVEL);
    acquire(*FastMutex);
    FastMutex->OldIrql = old;
}

BOOLEAN FASTCALL ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex) {
    const KIRQL old = current_irql();
    cpu::set_irql_register(APC_LEVEL);
    if (!try_acquire(*FastMutex)) {
        cpu::set_irql_register(old);
        return FALSE;
    }
    FastMutex->OldIrql = old;
    return TRUE;
}

VOID FASTCALL ExReleaseFastMutex(PFAST_MUTEX FastMutex) {
    const auto old = static_cast<KIRQL>(FastMutex->OldIrql);
    release(*FastMutex);
    cpu::set_irql_register(old);
}

VOID FASTCALL ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex) {
    acquire(*FastMutex);
}

VOID FASTCALL ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex) {
    release(*FastMutex);
}

VOID FASTCALL KeInitializeGuardedMutex(PKGUARDED_MUTEX GuardedMutex) {
    FAST_MUTEX& mutex = as_fast(GuardedMutex);
    mutex.Count = 1;
    mutex.Owner = nullptr;
    mutex.Contention = 0;
    KeInitializeEvent(&mutex.Event, SynchronizationEvent, FALSE);
}

VOID FASTCALL KeAcquireGuardedMutex(PKGUARDED_MUTEX GuardedMutex) {
    KeEnterGuardedRegion();
    acquire(as_fast(GuardedMutex));
}

BOOLEAN FASTCALL KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX GuardedMutex) {
    KeEnterGuardedRegion();
    if (!try_acquire(as_fast(GuardedMutex))) {
        KeLeaveGuardedRegion();
        return FALSE;
    }
    return TRUE;
}

VOID FASTCALL KeReleaseGuardedMutex(PKGUARDED_MUTEX GuardedMutex) {
    release(as_fast(GuardedMutex));
    KeLeaveGuardedRegion();
}

} // extern "C"
