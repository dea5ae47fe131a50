// SPDX-License-Identifier: MIT
// What runs later: DPCs, timers, work items; and the locks that go with them.
#include "cases.hpp"

namespace {

struct Seen {
    volatile LONG calls;
    KIRQL irql;
    PVOID one, two;
    ULONGLONG times[16];
};

VOID NTAPI note(PKDPC, PVOID context, PVOID one, PVOID two) {
    auto& seen = *static_cast<Seen*>(context);
    if (seen.calls < 16) seen.times[seen.calls] = KeQueryInterruptTime();
    seen.irql = KeGetCurrentIrql();
    seen.one = one;
    seen.two = two;
    InterlockedIncrement(&seen.calls);
}

char g_order[8];
LONG g_ordered;

VOID NTAPI note_order(PKDPC, PVOID context, PVOID, PVOID) {
    g_order[g_ordered++] = static_cast<char>(reinterpret_cast<ULONG_PTR>(context));
}

void sleep_ms(LONGLONG ms) {
    Relative interval(ms);
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
}

PVOID number(ULONG_PTR value) {
    return reinterpret_cast<PVOID>(value);
}

struct Work {
    WORK_QUEUE_ITEM item;
    KEVENT done;
    KIRQL irql;
};

VOID NTAPI work(PVOID context) {
    auto& self = *static_cast<Work*>(context);
    self.irql = KeGetCurrentIrql();
    KeSetEvent(&self.done, 0, FALSE);
}

} // namespace

void dpcs() {
    Seen seen{};
    KDPC dpc;
    KeInitializeDpc(&dpc, note, &seen);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK(KeInsertQueueDpc(&dpc, number(1), number(2)));
    CHECK(!KeInsertQueueDpc(&dpc, number(3), number(4))); // it is queued
    CHECK_EQUAL(seen.calls, 0);                           // not before the level falls
    KeLowerIrql(old);
    CHECK_EQUAL(seen.calls, 1);
    CHECK_EQUAL(seen.irql, DISPATCH_LEVEL);
    CHECK(seen.one == number(1) && seen.two == number(2));
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    CHECK(KeRemoveQueueDpc(&dpc));
    CHECK(!KeRemoveQueueDpc(&dpc));
    KeLowerIrql(old);
    CHECK_EQUAL(seen.calls, 1);
}

void dpc_order() {
    KDPC dpcs[4];
    const char names[] = {'a', 'b', 'c', 'd'};
    for (int i = 0; i < 4; ++i)
        KeInitializeDpc(&dpcs[i], note_order, number(static_cast<ULONG_PTR>(names[i])));
    KeSetImportanceDpc(&dpcs[3], HighImportance);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (KDPC& dpc : dpcs)
        KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeLowerIrql(old);
    CHECK_EQUAL(g_ordered, 4);
    CHECK_EQUAL(RtlCompareMemory(g_order, "dabc", 4), 4); // important ones first, the others as they came
}

void timers() {
    Seen seen{};
    KTIMER timer;
    KDPC dpc;
    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, note, &seen);
    CHECK(!KeCancelTimer(&timer));
    CHECK(!KeSetTimer(&timer, Relative(30), &dpc));
    CHECK(KeSetTimer(&timer, Relative(60), &dpc)); // it was set; the new time counts
    CHECK(KeCancelTimer(&timer));
    CHECK(!KeCancelTimer(&timer));
    const ULONGLONG before = KeQueryInterruptTime();
    KeSetTimer(&timer, Relative(30), &dpc);
    CHECK(!KeReadStateTimer(&timer));
    sleep_ms(100);
    CHECK_EQUAL(seen.calls, 1); // once
    CHECK(KeReadStateTimer(&timer));
    CHECK(seen.times[0] - before >= 300'000 && seen.times[0] - before <= 300'000 + 2 * 156'250);
    CHECK_EQUAL(KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, nullptr), STATUS_SUCCESS);
    KeSetTimer(&timer, Relative(0), &dpc); // due already
    sleep_ms(20);
    CHECK_EQUAL(seen.calls, 2);
}

void periodic_timers() {
    Seen seen{};
    KTIMER timer;
    KDPC dpc;
    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeInitializeDpc(&dpc, note, &seen);
    ExSetTimerResolution(10'000, TRUE);
    KeSetTimerEx(&timer, Relative(10), 10, &dpc);
    sleep_ms(105);
    CHECK(KeCancelTimer(&timer));
    const LONG calls = seen.calls;
    CHECK(calls == 10 || calls == 11);
    sleep_ms(30);
    CHECK_EQUAL(seen.calls, calls); // none after the cancel
    for (LONG i = 1; i < calls && i < 16; ++i)
        CHECK_EQUAL(seen.times[i] - seen.times[i - 1], 100'000); // no drift
    ExSetTimerResolution(0, FALSE);
}

void clock_ticks() {
    CHECK_EQUAL(KeQueryTimeIncrement(), 156'250);
    CHECK_EQUAL(ExSetTimerResolution(10'000, TRUE), 10'000);
    const ULONGLONG before = KeQueryInterruptTime();
    for (int i = 0; i < 10; ++i)
        sleep_ms(1);
    const ULONGLONG fast = KeQueryInterruptTime() - before;
    CHECK(fast >= 100'000 && fast <= 220'000); // one or two ticks of 1 ms each
    CHECK_EQUAL(ExSetTimerResolution(0, FALSE), 156'250);
    LARGE_INTEGER frequency;
    const LARGE_INTEGER first = KeQueryPerformanceCounter(&frequency);
    CHECK_EQUAL(frequency.QuadPart, 10'000'000);
    KeStallExecutionProcessor(50);
    const LONGLONG stalled = KeQueryPerformanceCounter(nullptr).QuadPart - first.QuadPart;
    CHECK(stalled >= 500 && stalled < 5000); // 50 us at least
}

void work_items() {
    Work self{};
    KeInitializeEvent(&self.done, NotificationEvent, FALSE);
    self.irql = HIGH_LEVEL;
    ExInitializeWorkItem(&self.item, work, &self);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ExQueueWorkItem(&self.item, DelayedWorkQueue); // allowed up to DISPATCH_LEVEL
    KeLowerIrql(old);
    Relative second(1000);
    CHECK_EQUAL(KeWaitForSingleObject(&self.done, Executive, KernelMode, FALSE, &second), STATUS_SUCCESS);
    CHECK_EQUAL(self.irql, PASSIVE_LEVEL);
}

void spin_locks() {
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    KIRQL old;
    KeAcquireSpinLock(&lock, &old);
    CHECK_EQUAL(old, PASSIVE_LEVEL);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK(!KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLock(&lock, old);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KLOCK_QUEUE_HANDLE handle;
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeReleaseInStackQueuedSpinLock(&handle);
    CHECK_EQUAL(lock, 0);
}
