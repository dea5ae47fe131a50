// SPDX-License-Identifier: MIT
// Dispatcher objects and threads.
#include "cases.hpp"

namespace {

NTSTATUS wait(PVOID object, LONGLONG ms = 0) {
    Relative timeout(ms);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}

struct Shared {
    KEVENT go;
    volatile LONG step;
    LONG seen;
};

VOID NTAPI thread_that_waits(PVOID context) {
    auto& shared = *static_cast<Shared*>(context);
    KeWaitForSingleObject(&shared.go, Executive, KernelMode, FALSE, nullptr);
    shared.seen = shared.step;
    PsTerminateSystemThread(STATUS_ALERTED);
}

} // namespace

void events() {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK_EQUAL(wait(&event), STATUS_TIMEOUT);
    CHECK_EQUAL(KeSetEvent(&event, 0, FALSE), 0);
    CHECK(KeSetEvent(&event, 0, FALSE) != 0); // it was signalled before
    CHECK_EQUAL(wait(&event), STATUS_SUCCESS);
    CHECK_EQUAL(wait(&event), STATUS_SUCCESS); // and stays so
    CHECK(KeResetEvent(&event) != 0);
    CHECK_EQUAL(KeReadStateEvent(&event), 0);

    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    CHECK_EQUAL(wait(&event), STATUS_SUCCESS);
    CHECK_EQUAL(wait(&event), STATUS_TIMEOUT); // one waiter took it
    KeSetEvent(&event, 0, FALSE);
    KeClearEvent(&event);
    CHECK_EQUAL(wait(&event), STATUS_TIMEOUT);
}

/// Wait = TRUE: DISPATCH_LEVEL until the next wait, which gives back the IRQL from before.
void wait_promised() {
    KEVENT event;
    KSEMAPHORE semaphore;
    KMUTEX mutex;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    KeInitializeSemaphore(&semaphore, 0, 1);
    KeInitializeMutex(&mutex, 0);
    CHECK_EQUAL(wait(&mutex), STATUS_SUCCESS);
    KeSetEvent(&event, 0, TRUE);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK_EQUAL(wait(&event), STATUS_SUCCESS);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeReleaseSemaphore(&semaphore, 0, 1, TRUE);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK_EQUAL(wait(&semaphore), STATUS_SUCCESS);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    KeReleaseMutex(&mutex, TRUE);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK_EQUAL(wait(&semaphore, 2), STATUS_TIMEOUT); // it may block: the caller was at APC_LEVEL
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    KeLowerIrql(old);
    KePulseEvent(&event, 0, TRUE);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK_EQUAL(wait(&event), STATUS_TIMEOUT);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

void wait_any_and_all() {
    KEVENT events[3];
    PVOID objects[] = {&events[0], &events[1], &events[2]};
    for (KEVENT& event : events)
        KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    Relative none(0);
    KeSetEvent(&events[1], 0, FALSE);
    KeSetEvent(&events[2], 0, FALSE);
    CHECK_EQUAL(KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &none, nullptr),
                STATUS_WAIT_0 + 1); // the first in order
    CHECK_EQUAL(KeReadStateEvent(&events[2]), 1);
    CHECK_EQUAL(KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &none, nullptr),
                STATUS_TIMEOUT);
    CHECK_EQUAL(KeReadStateEvent(&events[2]), 1); // all or none
    KeSetEvent(&events[0], 0, FALSE);
    KeSetEvent(&events[1], 0, FALSE);
    CHECK_EQUAL(KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &none, nullptr),
                STATUS_SUCCESS);
    for (KEVENT& event : events)
        CHECK_EQUAL(KeReadStateEvent(&event), 0);
}

void semaphores() {
    KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 2, 5);
    CHECK_EQUAL(wait(&semaphore), STATUS_SUCCESS);
    CHECK_EQUAL(wait(&semaphore), STATUS_SUCCESS);
    CHECK_EQUAL(wait(&semaphore), STATUS_TIMEOUT);
    CHECK_EQUAL(KeReleaseSemaphore(&semaphore, 0, 3, FALSE), 0);
    CHECK_EQUAL(KeReleaseSemaphore(&semaphore, 0, 1, FALSE), 3);
    CHECK_EQUAL(KeReadStateSemaphore(&semaphore), 4);
}

void mutexes() {
    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
    CHECK_EQUAL(wait(&mutex), STATUS_SUCCESS);
    CHECK_EQUAL(wait(&mutex), STATUS_SUCCESS); // its owner may again
    CHECK(KeReleaseMutex(&mutex, FALSE) != 0);
    CHECK_EQUAL(KeReleaseMutex(&mutex, FALSE), 0); // free now
    CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
}

void timeouts() {
    KEVENT never;
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    const ULONGLONG before = KeQueryInterruptTime();
    CHECK_EQUAL(wait(&never, 20), STATUS_TIMEOUT);
    const ULONGLONG waited = KeQueryInterruptTime() - before;
    CHECK(waited >= 200'000);                  // not shorter
    CHECK(waited <= 200'000 + 2ull * 156'250); // and ends on a tick of 15.625 ms
    LARGE_INTEGER past;                        // an absolute time that is over
    KeQuerySystemTime(&past);
    past.QuadPart -= 1;
    CHECK_EQUAL(KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, &past), STATUS_TIMEOUT);
}

void threads() {
    Shared shared{};
    KeInitializeEvent(&shared.go, NotificationEvent, FALSE);
    HANDLE handle;
    CHECK_EQUAL(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, thread_that_waits, &shared),
                STATUS_SUCCESS);
    PVOID thread = nullptr;
    CHECK_EQUAL(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, nullptr, KernelMode, &thread, nullptr),
                STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQUAL(wait(thread, 5), STATUS_TIMEOUT); // it waits
    shared.step = 7;
    KeSetEvent(&shared.go, 0, FALSE);
    CHECK_EQUAL(wait(thread, 1000), STATUS_SUCCESS);
    CHECK_EQUAL(shared.seen, 7);
    CHECK_EQUAL(wait(thread), STATUS_SUCCESS); // an ended thread stays signalled
    ObDereferenceObject(thread);
}
