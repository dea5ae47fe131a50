// SPDX-License-Identifier: MIT
// What only a second thread shows: a mutex it holds, a pulse that finds it waiting, the last user of a remove lock.
#include "calls.hpp"

#include "../../support/other_thread.hpp"

#include <initializer_list>

namespace {

struct Holder {
    KMUTEX mutex;
    KEVENT taken, let_go;
    LONG state_inside; // as its owner reads it
};

VOID NTAPI hold_mutex(PVOID context) {
    auto& holder = *static_cast<Holder*>(context);
    CHECK_EQUAL(wait_for(&holder.mutex), STATUS_SUCCESS);
    CHECK_EQUAL(wait_for(&holder.mutex), STATUS_SUCCESS); // a second time: its owner may
    KeSetEvent(&holder.taken, 0, FALSE);
    CHECK_EQUAL(wait_for(&holder.let_go), STATUS_SUCCESS);
    CHECK_EQUAL(KeReleaseMutex(&holder.mutex, FALSE), -1); // it is still owned
    pause(3);
    CHECK_EQUAL(KeReleaseMutex(&holder.mutex, FALSE), 0);
}

struct Waiter {
    Waiter(PVOID what, LONGLONG patience) : object(what), patience_ms(patience) {
        KeInitializeEvent(&about_to_wait, NotificationEvent, FALSE);
    }
    const PVOID object;
    const LONGLONG patience_ms;
    KEVENT about_to_wait;
    NTSTATUS status = STATUS_UNSUCCESSFUL;
};

VOID NTAPI wait_once(PVOID context) {
    auto& waiter = *static_cast<Waiter*>(context);
    KeSetEvent(&waiter.about_to_wait, 0, FALSE);
    waiter.status = wait_for(waiter.object, waiter.patience_ms);
}

/// Waits for `object`; made and waiting when this returns.
class Waiting {
  public:
    explicit Waiting(PVOID object, LONGLONG patience_ms = 5000)
        : waiter_(object, patience_ms), thread_(wait_once, &waiter_) {
        CHECK_EQUAL(wait_for(&waiter_.about_to_wait), STATUS_SUCCESS);
        pause(2); // long enough to be in its wait
    }
    /// How its wait ended, once it has.
    NTSTATUS status() {
        thread_.join();
        return waiter_.status;
    }

  private:
    Waiter waiter_;
    OtherThread thread_;
};

using Pulse = LONG (*)(KEVENT*, KPRIORITY, BOOLEAN);

using Acquire = NTSTATUS (*)(IO_REMOVE_LOCK*, PVOID, const char*, ULONG, ULONG);
using Release = void (*)(IO_REMOVE_LOCK*, PVOID, ULONG);

struct LastUser {
    IO_REMOVE_LOCK lock;
    KEVENT has_it;
    volatile LONG gone;
};

VOID NTAPI use_and_leave(PVOID context) {
    auto& user = *static_cast<LastUser*>(context);
    CHECK_EQUAL(EXPORT(IoAcquireRemoveLockEx, Acquire)(&user.lock, &user, __FILE__, __LINE__, sizeof user.lock),
                STATUS_SUCCESS);
    KeSetEvent(&user.has_it, 0, FALSE);
    pause(10);
    CHECK_EQUAL(EXPORT(IoAcquireRemoveLockEx, Acquire)(&user.lock, &user, __FILE__, __LINE__, sizeof user.lock),
                STATUS_DELETE_PENDING); // the other waits already, and nobody new comes in
    InterlockedIncrement(&user.gone);
    EXPORT(IoReleaseRemoveLockEx, Release)(&user.lock, &user, sizeof user.lock);
}

} // namespace

void mutex_of_another() {
    Holder holder{};
    KeInitializeMutex(&holder.mutex, 0);
    KeInitializeEvent(&holder.taken, NotificationEvent, FALSE);
    KeInitializeEvent(&holder.let_go, NotificationEvent, FALSE);
    {
        OtherThread other(hold_mutex, &holder);
        CHECK_EQUAL(wait_for(&holder.taken), STATUS_SUCCESS);
        CHECK_EQUAL(KeReadStateMutex(&holder.mutex), -1);
        CHECK_EQUAL(wait_for(&holder.mutex, 0), STATUS_TIMEOUT);
        CHECK_EQUAL(wait_for(&holder.mutex, 5), STATUS_TIMEOUT);
        LARGE_INTEGER now = {};
        using Wait = NTSTATUS (*)(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);
        CHECK_EQUAL(EXPORT(KeWaitForMutexObject, Wait)(&holder.mutex, Executive, KernelMode, FALSE, &now),
                    STATUS_TIMEOUT);
        KeSetEvent(&holder.let_go, 0, FALSE);
        CHECK_EQUAL(wait_for(&holder.mutex), STATUS_SUCCESS);
        CHECK_EQUAL(KeReadStateMutex(&holder.mutex), 0); // ours now
        CHECK_EQUAL(KeReleaseMutex(&holder.mutex, FALSE), 0);
    }
    CHECK_EQUAL(KeReadStateMutex(&holder.mutex), 1);
}

void pulses() {
    const auto pulse = EXPORT(KePulseEvent, Pulse);
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    {
        Waiting first(&event), second(&event);
        CHECK_EQUAL(pulse(&event, 0, FALSE), 0);
        CHECK_EQUAL(KeReadStateEvent(&event), 0);
        CHECK_EQUAL(first.status(), STATUS_SUCCESS); // a notification event lets all of them go
        CHECK_EQUAL(second.status(), STATUS_SUCCESS);
        CHECK_EQUAL(wait_for(&event, 0), STATUS_TIMEOUT); // and nobody after them
    }
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    {
        Waiting first(&event), second(&event, 30);
        CHECK_EQUAL(pulse(&event, 0, FALSE), 0);
        CHECK_EQUAL(KeReadStateEvent(&event), 0);
        CHECK_EQUAL(first.status(), STATUS_SUCCESS); // a synchronization event the one that waited longest
        CHECK_EQUAL(second.status(), STATUS_TIMEOUT);
    }
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    CHECK_EQUAL(pulse(&event, 0, FALSE), 0); // nobody waits, and nothing is kept
    CHECK_EQUAL(wait_for(&event, 0), STATUS_TIMEOUT);
}

void remove_lock_of_another() {
    LastUser user{};
    EXPORT(IoInitializeRemoveLockEx, void (*)(IO_REMOVE_LOCK*, ULONG, ULONG, ULONG, ULONG))
    (&user.lock, 'llaC', 0, 0, sizeof user.lock);
    KeInitializeEvent(&user.has_it, NotificationEvent, FALSE);
    CHECK_EQUAL(EXPORT(IoAcquireRemoveLockEx, Acquire)(&user.lock, nullptr, __FILE__, __LINE__, sizeof user.lock),
                STATUS_SUCCESS);
    OtherThread other(use_and_leave, &user);
    CHECK_EQUAL(wait_for(&user.has_it), STATUS_SUCCESS);
    CHECK_EQUAL(user.gone, 0);
    EXPORT(IoReleaseRemoveLockAndWaitEx, Release)(&user.lock, nullptr, sizeof user.lock);
    CHECK_EQUAL(user.gone, 1); // not before the last one has left
}

/// The registers between saving and restoring are whatever the driver made of them; afterwards as they were.
void vector_registers() {
    struct alignas(16) Register {
        ULONG64 half[2];
    };
    static const Register mine[2] = {{{0x0123456789abcdef, 1}}, {{2, 0xfedcba9876543210}}};
    static const Register other = {{~0ull, ~0ull}};
    Register seen[2] = {};
    XSTATE_SAVE save = {};
    NTSTATUS status;
    const auto keep = EXPORT(KeSaveExtendedProcessorState, NTSTATUS(*)(ULONG64, PXSTATE_SAVE));
    const auto put_back = EXPORT(KeRestoreExtendedProcessorState, void (*)(PXSTATE_SAVE));
    for (KIRQL at : {PASSIVE_LEVEL, DISPATCH_LEVEL}) {
        KIRQL old;
        KeRaiseIrql(at, &old);
        // xmm6 and xmm15: a called function must leave them as they are, so they hold across the two calls.
        asm volatile("movdqa %0, %%xmm6\n\tmovdqa %1, %%xmm15" ::"m"(mine[0]), "m"(mine[1]) : "xmm6", "xmm15");
        status = keep(3, &save); // XSTATE_MASK_LEGACY: x87 and SSE
        asm volatile("movdqa %0, %%xmm6\n\tmovdqa %0, %%xmm15" ::"m"(other) : "xmm6", "xmm15");
        if (NT_SUCCESS(status)) put_back(&save);
        asm volatile("movdqa %%xmm6, %0\n\tmovdqa %%xmm15, %1" : "=m"(seen[0]), "=m"(seen[1])::"memory");
        KeLowerIrql(old);
        CHECK_EQUAL(status, STATUS_SUCCESS);
        CHECK(same(seen, mine, sizeof mine));
    }
}
