// SPDX-License-Identifier: MIT
#include "two_cpus.hpp"

namespace {

struct Seen {
    volatile LONG calls;
    volatile LONG on;
};

VOID NTAPI note(PKDPC, PVOID context, PVOID, PVOID) {
    auto& seen = *static_cast<Seen*>(context);
    seen.on = static_cast<LONG>(here());
    InterlockedIncrement(&seen.calls);
}

struct Slow {
    volatile LONG began, done;
};

VOID NTAPI take_time(PKDPC, PVOID context, PVOID, PVOID) {
    auto& slow = *static_cast<Slow*>(context);
    slow.began = 1;
    KeStallExecutionProcessor(2000);
    slow.done = 1;
}

bool within(volatile LONG& value, LONG wanted, ULONG looks = 1'000'000) {
    while (value != wanted && looks-- != 0)
        YieldProcessor();
    return value == wanted;
}

struct Lists {
    LIST_ENTRY head;
    KSPIN_LOCK lock;
    LIST_ENTRY entries[2][200];
    volatile LONG threads;
};

VOID NTAPI insert(PVOID context) {
    auto& lists = *static_cast<Lists*>(context);
    const LONG mine = InterlockedIncrement(&lists.threads) - 1;
    KeSetSystemAffinityThreadEx(KAFFINITY{1} << mine);
    for (LIST_ENTRY& entry : lists.entries[mine])
        ExInterlockedInsertTailList(&lists.head, &entry, &lists.lock);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

} // namespace

void dpcs_run_where_they_are_targeted() {
    KeSetSystemAffinityThreadEx(1);
    for (CCHAR target = 0; target < 2; ++target) {
        Seen seen{};
        KDPC dpc;
        KeInitializeDpc(&dpc, note, &seen);
        KeSetTargetProcessorDpc(&dpc, target);
        KeSetImportanceDpc(&dpc, HighImportance);
        CHECK(KeInsertQueueDpc(&dpc, nullptr, nullptr));
        CHECK(within(seen.calls, 1));
        CHECK_EQUAL(seen.on, target);
    }
    KeRevertToUserAffinityThreadEx(0);
}

void a_flush_waits_for_the_other_processor() {
    KeSetSystemAffinityThreadEx(1);
    Slow slow{};
    KDPC dpc;
    KeInitializeDpc(&dpc, take_time, &slow);
    KeSetTargetProcessorDpc(&dpc, 1);
    KeSetImportanceDpc(&dpc, HighImportance);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    CHECK(within(slow.began, 1));
    CHECK_EQUAL(slow.done, 0);
    KeFlushQueuedDpcs();
    CHECK_EQUAL(slow.done, 1);
    KeRevertToUserAffinityThreadEx(0);
}

void unimportant_dpcs_wait() {
    KeSetSystemAffinityThreadEx(1);
    Seen seen{};
    KDPC dpc;
    KeInitializeDpc(&dpc, note, &seen);
    KeSetImportanceDpc(&dpc, LowImportance);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeLowerIrql(old);
    CHECK_EQUAL(seen.calls, 0); // nobody hurries
    Relative tick(16);
    KeDelayExecutionThread(KernelMode, FALSE, &tick);
    CHECK_EQUAL(seen.calls, 1); // but an idle processor, or the next tick, takes it
    KeRevertToUserAffinityThreadEx(0);
}

void interlocked_lists_are_shared() {
    auto* lists = static_cast<Lists*>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(Lists), 'tsiL'));
    RtlZeroMemory(lists, sizeof(Lists));
    InitializeListHead(&lists->head);
    {
        OtherThread one(insert, lists);
        OtherThread two(insert, lists);
    }
    LONG count = 0;
    while (ExInterlockedRemoveHeadList(&lists->head, &lists->lock) != nullptr)
        ++count;
    CHECK_EQUAL(count, 400);
    ExFreePoolWithTag(lists, 'tsiL');
}

void a_timer_dpc_runs_on_its_processor() {
    Seen seen{};
    KTIMER timer;
    KDPC dpc;
    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, note, &seen);
    KeSetTargetProcessorDpc(&dpc, 1);
    KeSetTimer(&timer, Relative(5), &dpc);
    Relative later(60);
    KeDelayExecutionThread(KernelMode, FALSE, &later);
    CHECK_EQUAL(seen.calls, 1);
    CHECK_EQUAL(seen.on, 1);
}
