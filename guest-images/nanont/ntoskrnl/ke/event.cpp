// SPDX-License-Identifier: MIT
// Events, semaphores and mutexes. Their memory is the driver's; the dispatcher lock guards it.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "mm/paged.hpp"
#include "seh/seh.hpp"

using namespace nanont;
using namespace nanont::ke;

namespace {

constexpr UCHAR kMutant = 2;
constexpr UCHAR kSemaphore = 5;

/// Of a caller that says Wait = TRUE, and has to go on to a wait: it comes back at DISPATCH_LEVEL, and the wait gives
/// back the IRQL that it had ("KeSetEvent", Microsoft Learn). Who does so has to be at APC_LEVEL or below.
void promise_wait(BOOLEAN wait, const char* function, const void* from) {
    if (!wait) return;
    const KIRQL irql = current_irql();
    if (irql > APC_LEVEL) {
        dbg::bugcheck(
            {IRQL_NOT_LESS_OR_EQUAL, 1}, reinterpret_cast<ULONG_PTR>(from), irql, 8, reinterpret_cast<ULONG_PTR>(from),
            "%s with Wait = TRUE at IRQL %u (from %p); expected APC_LEVEL (1) or below", function, irql, from);
    }
    cpu::set_irql_register(DISPATCH_LEVEL);
    mm::irql_has_risen(from);
    Thread& thread = *current_thread();
    thread.promised_irql = irql;
    thread.wait_promised = TRUE;
}

/// Nothing was released: there will be no wait.
void take_back_promise() {
    Thread& thread = *current_thread();
    thread.wait_promised = FALSE;
    cpu::set_irql_register(thread.promised_irql);
}

LONG signal(Locked, DISPATCHER_HEADER& object) {
    const LONG before = object.SignalState;
    object.SignalState = 1;
    if (before == 0) {
        satisfy_waiters(Locked{}, object);
    }
    return before;
}

} // namespace

#undef KeInitializeEvent
#undef KeReadStateEvent
extern "C" {

VOID NTAPI KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State) {
    *Event = {};
    Event->Header.Type = static_cast<UCHAR>(Type);
    Event->Header.Size = sizeof(KEVENT) / sizeof(LONG);
    Event->Header.SignalState = State ? 1 : 0;
    List::init(Event->Header.WaitListHead);
}

LONG NTAPI KeSetEvent(PRKEVENT Event, KPRIORITY, BOOLEAN Wait) {
    promise_wait(Wait, "KeSetEvent", __builtin_return_address(0));
    DispatcherLock lock;
    return signal(Locked{}, Event->Header);
}

LONG NTAPI KePulseEvent(PRKEVENT Event, KPRIORITY, BOOLEAN Wait) {
    promise_wait(Wait, "KePulseEvent", __builtin_return_address(0));
    DispatcherLock lock; // over both: nobody may find the event signalled who was not waiting
    const LONG before = signal(Locked{}, Event->Header);
    Event->Header.SignalState = 0;
    return before;
}

LONG NTAPI KeResetEvent(PRKEVENT Event) {
    DispatcherLock lock;
    const LONG before = Event->Header.SignalState;
    Event->Header.SignalState = 0;
    return before;
}

VOID NTAPI KeClearEvent(PRKEVENT Event) {
    Event->Header.SignalState = 0;
}

LONG NTAPI KeReadStateEvent(PRKEVENT Event) {
    return Event->Header.SignalState;
}

VOID NTAPI KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit) {
    *Semaphore = {};
    Semaphore->Header.Type = kSemaphore;
    Semaphore->Header.Size = sizeof(KSEMAPHORE) / sizeof(LONG);
    Semaphore->Header.SignalState = Count;
    Semaphore->Limit = Limit;
    List::init(Semaphore->Header.WaitListHead);
}

/// Raises STATUS_SEMAPHORE_LIMIT_EXCEEDED, and leaves the count as it was.
LONG NTAPI KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY, LONG Adjustment, BOOLEAN Wait) {
    LONG before = 0;
    promise_wait(Wait, "KeReleaseSemaphore", __builtin_return_address(0));
    {
        DispatcherLock lock;
        before = Semaphore->Header.SignalState;
        if (Adjustment > 0 && Adjustment <= Semaphore->Limit - before) {
            Semaphore->Header.SignalState = before + Adjustment;
            satisfy_waiters(Locked{}, Semaphore->Header);
            return before;
        }
    }
    if (Wait) take_back_promise();
    dbg::say("KeReleaseSemaphore by %ld: count is %ld, limit %ld; STATUS_SEMAPHORE_LIMIT_EXCEEDED is raised",
             Adjustment, before, Semaphore->Limit);
    seh::raise(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
}

LONG NTAPI KeReadStateSemaphore(PRKSEMAPHORE Semaphore) {
    return Semaphore->Header.SignalState;
}

VOID NTAPI KeInitializeMutex(PRKMUTEX Mutex, ULONG) {
    *Mutex = {};
    Mutex->Header.Type = kMutant;
    Mutex->Header.Size = sizeof(KMUTEX) / sizeof(LONG);
    Mutex->Header.SignalState = 1;
    List::init(Mutex->Header.WaitListHead);
    List::init(Mutex->MutantListEntry);
}

/// Raises STATUS_MUTANT_NOT_OWNED.
LONG NTAPI KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait) {
    if (Mutex->OwnerThread != current_thread()) { // nobody else can make it ours, or take it from us
        dbg::say("KeReleaseMutex of %p by a thread that does not own it (owner: %p); STATUS_MUTANT_NOT_OWNED is raised",
                 Mutex, Mutex->OwnerThread);
        seh::raise(STATUS_MUTANT_NOT_OWNED);
    }
    promise_wait(Wait, "KeReleaseMutex", __builtin_return_address(0));
    DispatcherLock lock;
    const LONG before = Mutex->Header.SignalState;
    if (++Mutex->Header.SignalState == 1) {
        Mutex->OwnerThread = nullptr;
        ++current_thread()->kernel_apc_disable;
        satisfy_waiters(Locked{}, Mutex->Header);
    }
    return before;
}

LONG NTAPI KeReadStateMutex(PRKMUTEX Mutex) {
    return Mutex->Header.SignalState;
}

} // extern "C"
