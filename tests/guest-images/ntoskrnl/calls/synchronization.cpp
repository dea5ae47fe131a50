// SPDX-License-Identifier: MIT
// Ke and Ex: mutexes, regions, IRQL, threads, time, processors, interlocked lists.
#include "calls.hpp"

#include "../../support/other_thread.hpp"

namespace {

constexpr ULONG kTag = 'llaC';

} // namespace

void mutexes() {
    FAST_MUTEX fast;
    ExInitializeFastMutex(&fast);
    EXPORT(ExAcquireFastMutex, void (*)(FAST_MUTEX*))(&fast);
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    CHECK(!EXPORT(ExTryToAcquireFastMutex, BOOLEAN(*)(FAST_MUTEX*))(&fast)); // not for its owner either
    EXPORT(ExReleaseFastMutex, void (*)(FAST_MUTEX*))(&fast);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK(EXPORT(ExTryToAcquireFastMutex, BOOLEAN(*)(FAST_MUTEX*))(&fast));
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    EXPORT(ExReleaseFastMutex, void (*)(FAST_MUTEX*))(&fast);

    KGUARDED_MUTEX guarded;
    EXPORT(KeInitializeGuardedMutex, void (*)(KGUARDED_MUTEX*))(&guarded);
    const auto all_disabled = EXPORT(KeAreAllApcsDisabled, BOOLEAN(*)());
    EXPORT(KeAcquireGuardedMutex, void (*)(KGUARDED_MUTEX*))(&guarded);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK(all_disabled());
    CHECK(!EXPORT(KeTryToAcquireGuardedMutex, BOOLEAN(*)(KGUARDED_MUTEX*))(&guarded));
    EXPORT(KeReleaseGuardedMutex, void (*)(KGUARDED_MUTEX*))(&guarded);
    CHECK(!all_disabled());
    CHECK(EXPORT(KeTryToAcquireGuardedMutex, BOOLEAN(*)(KGUARDED_MUTEX*))(&guarded));
    EXPORT(KeReleaseGuardedMutex, void (*)(KGUARDED_MUTEX*))(&guarded);

    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    using Wait = NTSTATUS (*)(PVOID, KWAIT_REASON, KPROCESSOR_MODE, BOOLEAN, PLARGE_INTEGER);
    CHECK_EQUAL(EXPORT(KeWaitForMutexObject, Wait)(&mutex, Executive, KernelMode, FALSE, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(EXPORT(KeWaitForMutexObject, Wait)(&mutex, Executive, KernelMode, FALSE, nullptr), STATUS_SUCCESS);
    const auto apcs_disabled = EXPORT(KeAreApcsDisabled, BOOLEAN(*)());
    CHECK(apcs_disabled() && !all_disabled());      // its owner is in a critical region
    CHECK_EQUAL(KeReleaseMutex(&mutex, FALSE), -1); // taken twice, so it is still owned
    CHECK(apcs_disabled());
    CHECK_EQUAL(KeReleaseMutex(&mutex, FALSE), 0);
    CHECK(!apcs_disabled());
    CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
}

void regions() {
    const auto disabled = EXPORT(KeAreApcsDisabled, BOOLEAN(*)());
    const auto all_disabled = EXPORT(KeAreAllApcsDisabled, BOOLEAN(*)());
    CHECK(!disabled() && !all_disabled());
    KeEnterCriticalRegion();
    CHECK(disabled() && !all_disabled());
    KeEnterCriticalRegion(); // they nest
    KeLeaveCriticalRegion();
    CHECK(disabled());
    KeLeaveCriticalRegion();
    CHECK(!disabled());
    EXPORT(KeEnterGuardedRegion, void (*)())();
    CHECK(all_disabled());
    EXPORT(KeLeaveGuardedRegion, void (*)())();
    CHECK(!all_disabled());
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    CHECK(all_disabled());
    KeLowerIrql(old);
}

void irql() {
    const auto now = EXPORT(KeGetCurrentIrql, KIRQL(*)());
    const auto lower = EXPORT(KeLowerIrql, void (*)(KIRQL));
    CHECK_EQUAL(EXPORT(KfRaiseIrql, KIRQL(*)(KIRQL))(APC_LEVEL), PASSIVE_LEVEL);
    CHECK_EQUAL(now(), APC_LEVEL);
    CHECK_EQUAL(EXPORT(KeRaiseIrqlToDpcLevel, KIRQL(*)())(), APC_LEVEL);
    CHECK_EQUAL(now(), DISPATCH_LEVEL);
    KSPIN_LOCK lock = 1;
    EXPORT(KeInitializeSpinLock, void (*)(KSPIN_LOCK*))(&lock);
    const auto is_free = EXPORT(KeTestSpinLock, BOOLEAN(*)(KSPIN_LOCK*));
    CHECK(is_free(&lock));
    KeAcquireSpinLockAtDpcLevel(&lock);
    CHECK(!is_free(&lock));
    KeReleaseSpinLockFromDpcLevel(&lock);
    KLOCK_QUEUE_HANDLE queued;
    EXPORT(KeAcquireInStackQueuedSpinLockAtDpcLevel, void (*)(KSPIN_LOCK*, KLOCK_QUEUE_HANDLE*))(&lock, &queued);
    CHECK(!is_free(&lock));
    EXPORT(KeReleaseInStackQueuedSpinLockFromDpcLevel, void (*)(KLOCK_QUEUE_HANDLE*))(&queued);
    CHECK(is_free(&lock));
    CHECK_EQUAL(now(), DISPATCH_LEVEL);
    lower(APC_LEVEL);
    CHECK_EQUAL(now(), APC_LEVEL);
    lower(PASSIVE_LEVEL);
}

void threads() {
    PKTHREAD self = EXPORT(KeGetCurrentThread, PKTHREAD(*)())();
    CHECK(self != nullptr && EXPORT(PsGetCurrentThread, PKTHREAD(*)())() == self);
    CHECK(EXPORT(PsGetCurrentThreadId, HANDLE(*)())() != nullptr);
    EXPORT(PsGetCurrentProcessId, HANDLE(*)())();
    ULONG_PTR low = 0, high = 0;
    EXPORT(IoGetStackLimits, void (*)(PULONG_PTR, PULONG_PTR))(&low, &high);
    const auto here = reinterpret_cast<ULONG_PTR>(&low);
    CHECK(low < here && here < high && high - low >= 0x3000);
    const auto priority = EXPORT(KeQueryPriorityThread, KPRIORITY(*)(PKTHREAD));
    const auto set = EXPORT(KeSetPriorityThread, KPRIORITY(*)(PKTHREAD, KPRIORITY));
    const KPRIORITY before = priority(self);
    CHECK_EQUAL(set(self, LOW_REALTIME_PRIORITY), before);
    CHECK_EQUAL(priority(self), LOW_REALTIME_PRIORITY);
    CHECK_EQUAL(set(self, before), LOW_REALTIME_PRIORITY);
    CHECK_EQUAL(EXPORT(ExGetPreviousMode, KPROCESSOR_MODE(*)())(), KernelMode);
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK_EQUAL(EXPORT(KePulseEvent, LONG(*)(KEVENT*, KPRIORITY, BOOLEAN))(&event, 0, FALSE), 0);
    CHECK_EQUAL(KeReadStateEvent(&event), 0); // nobody waited, and nothing is kept
    KeSetEvent(&event, 0, FALSE);
    CHECK(EXPORT(KePulseEvent, LONG(*)(KEVENT*, KPRIORITY, BOOLEAN))(&event, 0, FALSE) != 0);
    CHECK_EQUAL(KeReadStateEvent(&event), 0);
}

void timers_and_time() {
    KTIMER timer;
    KeInitializeTimer(&timer);
    const auto coalescable = EXPORT(KeSetCoalescableTimer, BOOLEAN(*)(KTIMER*, LARGE_INTEGER, ULONG, ULONG, KDPC*));
    CHECK(!coalescable(&timer, milliseconds(2), 0, 1, nullptr));
    CHECK(coalescable(&timer, milliseconds(3), 0, 1, nullptr)); // it was set
    CHECK_EQUAL(KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, nullptr), STATUS_SUCCESS);

    const auto interrupt_time = EXPORT(KeQueryInterruptTime, ULONGLONG(*)());
    const auto precise = EXPORT(KeQueryInterruptTimePrecise, ULONGLONG(*)(ULONG64*));
    const auto unbiased = EXPORT(KeQueryUnbiasedInterruptTime, ULONGLONG(*)());
    ULONG64 counter = 0;
    const ULONGLONG ticks = interrupt_time(), exact = precise(&counter);
    CHECK(exact >= ticks && counter != 0);
    CHECK(unbiased() >= ticks); // the system has not slept
    LARGE_INTEGER system, clock;
    EXPORT(KeQuerySystemTimePrecise, void (*)(LARGE_INTEGER*))(&system);
    KeQuerySystemTime(&clock);
    CHECK(system.QuadPart / 10'000'000 - clock.QuadPart / 10'000'000 <= 1);
    LARGE_INTEGER ten = milliseconds(10);
    KeDelayExecutionThread(KernelMode, FALSE, &ten);
    CHECK(precise(&counter) - exact >= 9 * 10'000);
    ULONG coarsest = 0, finest = 0, current = 0;
    EXPORT(ExQueryTimerResolution, void (*)(ULONG*, ULONG*, ULONG*))(&coarsest, &finest, &current);
    CHECK(finest > 0 && finest <= current && current <= coarsest);
}

void processors() {
    const auto count = EXPORT(KeQueryActiveProcessorCountEx, ULONG(*)(USHORT));
    CHECK_EQUAL(count(ALL_PROCESSOR_GROUPS), KeQueryActiveProcessorCount(nullptr));
    CHECK_EQUAL(count(0), KeQueryActiveProcessorCount(nullptr));
    CHECK_EQUAL(count(7), 0);
    CHECK(EXPORT(KeQueryMaximumProcessorCount, ULONG(*)())() >= count(0));
    CHECK(EXPORT(KeQueryMaximumProcessorCountEx, ULONG(*)(USHORT))(0) >= count(0));
    CHECK_EQUAL(EXPORT(KeQueryMaximumProcessorCountEx, ULONG(*)(USHORT))(7), 0);
    PROCESSOR_NUMBER number = {9, 9, 9};
    const auto number_of = EXPORT(KeGetProcessorNumberFromIndex, NTSTATUS(*)(ULONG, PROCESSOR_NUMBER*));
    const auto index_of = EXPORT(KeGetProcessorIndexFromNumber, ULONG(*)(PROCESSOR_NUMBER*));
    CHECK_EQUAL(number_of(0, &number), STATUS_SUCCESS);
    CHECK(number.Group == 0 && number.Number == 0);
    CHECK_EQUAL(index_of(&number), 0);
    CHECK_EQUAL(number_of(63, &number), STATUS_INVALID_PARAMETER);
    PROCESSOR_NUMBER nowhere = {3, 0, 0};
    CHECK_EQUAL(index_of(&nowhere), INVALID_PROCESSOR_INDEX);
    KDPC dpc;
    KeInitializeDpc(
        &dpc, [](PKDPC, PVOID, PVOID, PVOID) {}, nullptr);
    const auto target = EXPORT(KeSetTargetProcessorDpcEx, NTSTATUS(*)(KDPC*, PROCESSOR_NUMBER*));
    number = {};
    CHECK_EQUAL(target(&dpc, &number), STATUS_SUCCESS);
    CHECK_EQUAL(target(&dpc, &nowhere), STATUS_INVALID_PARAMETER);

    EXPORT(KeSetSystemAffinityThread, void (*)(KAFFINITY))(1);
    CHECK_EQUAL(EXPORT(KeSetSystemAffinityThreadEx, KAFFINITY(*)(KAFFINITY))(KAFFINITY{1} << 63), 0);
    CHECK_EQUAL(EXPORT(KeSetSystemAffinityThreadEx, KAFFINITY(*)(KAFFINITY))(1), 1); // it had no effect
    EXPORT(KeRevertToUserAffinityThread, void (*)())();
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old); // allowed here too; it takes hold below
    EXPORT(KeSetSystemAffinityThread, void (*)(KAFFINITY))(1);
    EXPORT(KeRevertToUserAffinityThread, void (*)())();
    KeLowerIrql(old);
    GROUP_AFFINITY first = {}, before = {};
    first.Mask = 1;
    EXPORT(KeSetSystemGroupAffinityThread, void (*)(GROUP_AFFINITY*, GROUP_AFFINITY*))(&first, &before);
    GROUP_AFFINITY nowhere_to_go = {}, zeroed = {};
    nowhere_to_go.Mask = zeroed.Mask = zeroed.Group = 1;
    nowhere_to_go.Group = 5;
    EXPORT(KeSetSystemGroupAffinityThread, void (*)(GROUP_AFFINITY*, GROUP_AFFINITY*))(&nowhere_to_go, &zeroed);
    CHECK(zeroed.Mask == 0 && zeroed.Group == 0); // how it says that it changed nothing
    EXPORT(KeRevertToUserGroupAffinityThread, void (*)(GROUP_AFFINITY*))(&before);
}

void lists() {
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    LIST_ENTRY head, a, b;
    InitializeListHead(&head);
    using Insert = LIST_ENTRY* (*)(LIST_ENTRY*, LIST_ENTRY*, KSPIN_LOCK*);
    CHECK(EXPORT(ExInterlockedInsertHeadList, Insert)(&head, &a, &lock) == nullptr); // it was empty
    CHECK(EXPORT(ExInterlockedInsertHeadList, Insert)(&head, &b, &lock) == &a);
    CHECK(head.Flink == &b && b.Flink == &a && a.Flink == &head);
    using Remove = LIST_ENTRY* (*)(LIST_ENTRY*, KSPIN_LOCK*);
    CHECK(EXPORT(ExInterlockedRemoveHeadList, Remove)(&head, &lock) == &b);
    CHECK(EXPORT(ExInterlockedRemoveHeadList, Remove)(&head, &lock) == &a);
    CHECK(EXPORT(ExInterlockedRemoveHeadList, Remove)(&head, &lock) == nullptr);
    CHECK(EXPORT(ExInterlockedInsertTailList, Insert)(&head, &a, &lock) == nullptr); // it was empty
    CHECK(EXPORT(ExInterlockedInsertTailList, Insert)(&head, &b, &lock) == &a);
    CHECK(head.Flink == &a && head.Blink == &b);

    SINGLE_LIST_ENTRY top = {}, one, two;
    using Push = SINGLE_LIST_ENTRY* (*)(SINGLE_LIST_ENTRY*, SINGLE_LIST_ENTRY*, KSPIN_LOCK*);
    using Pop = SINGLE_LIST_ENTRY* (*)(SINGLE_LIST_ENTRY*, KSPIN_LOCK*);
    CHECK(EXPORT(ExInterlockedPushEntryList, Push)(&top, &one, &lock) == nullptr);
    CHECK(EXPORT(ExInterlockedPushEntryList, Push)(&top, &two, &lock) == &one);
    CHECK(EXPORT(ExInterlockedPopEntryList, Pop)(&top, &lock) == &two);
    CHECK(EXPORT(ExInterlockedPopEntryList, Pop)(&top, &lock) == &one);
    CHECK(EXPORT(ExInterlockedPopEntryList, Pop)(&top, &lock) == nullptr);

    ULONG small = 5;
    CHECK_EQUAL(EXPORT(ExInterlockedAddUlong, ULONG(*)(ULONG*, ULONG, KSPIN_LOCK*))(&small, 3, &lock), 5); // before
    CHECK_EQUAL(small, 8);
    LARGE_INTEGER large, more;
    large.QuadPart = 0xffffffff;
    more.QuadPart = 2;
    using Add = LARGE_INTEGER (*)(LARGE_INTEGER*, LARGE_INTEGER, KSPIN_LOCK*);
    CHECK_EQUAL(EXPORT(ExInterlockedAddLargeInteger, Add)(&large, more, &lock).QuadPart, 0xffffffff);
    CHECK_EQUAL(large.QuadPart, 0x100000001);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);

    alignas(16) SLIST_HEADER stack;
    alignas(16) SLIST_ENTRY entries[2];
    InitializeSListHead(&stack);
    using PushEntry = SLIST_ENTRY* (*)(SLIST_HEADER*, SLIST_ENTRY*);
    using Flush = SLIST_ENTRY* (*)(SLIST_HEADER*);
    CHECK(EXPORT(ExpInterlockedPushEntrySList, PushEntry)(&stack, &entries[0]) == nullptr); // it was empty
    CHECK(EXPORT(ExpInterlockedPushEntrySList, PushEntry)(&stack, &entries[1]) == &entries[0]);
    CHECK(EXPORT(ExpInterlockedFlushSList, Flush)(&stack) == &entries[1] && entries[1].Next == &entries[0]);
    CHECK(EXPORT(ExpInterlockedFlushSList, Flush)(&stack) == nullptr);
    CHECK(EXPORT(ExpInterlockedPopEntrySList, Flush)(&stack) == nullptr);
}

namespace {

ULONG g_allocated, g_freed;

PVOID NTAPI none_after_two(POOL_TYPE type, SIZE_T bytes, ULONG tag) {
    CHECK_EQUAL(type, NonPagedPoolNx);
    CHECK(bytes == 48 && tag == kTag);
    return ++g_allocated > 2 ? nullptr : ExAllocatePoolWithTag(type, bytes, tag);
}

VOID NTAPI count_and_free(PVOID block) {
    ++g_freed;
    ExFreePoolWithTag(block, kTag);
}

/// The driver's own functions, of which the first runs dry.
void own_lookaside() {
    static NPAGED_LOOKASIDE_LIST list;
    using Initialize =
        void (*)(NPAGED_LOOKASIDE_LIST*, PALLOCATE_FUNCTION, PFREE_FUNCTION, ULONG, SIZE_T, ULONG, USHORT);
    EXPORT(ExInitializeNPagedLookasideList, Initialize)
    (&list, none_after_two, count_and_free, NonPagedPoolNx, 48, kTag, 0);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    PVOID first = ExAllocateFromNPagedLookasideList(&list), second = ExAllocateFromNPagedLookasideList(&list);
    CHECK(first && second && first != second);
    CHECK(ExAllocateFromNPagedLookasideList(&list) == nullptr);
    ExFreeToNPagedLookasideList(&list, first);
    ExFreeToNPagedLookasideList(&list, second);
    KeLowerIrql(old);
    EXPORT(ExDeleteNPagedLookasideList, void (*)(NPAGED_LOOKASIDE_LIST*))(&list);
    CHECK_EQUAL(g_allocated, 3);
    CHECK_EQUAL(g_freed, 2);
}

} // namespace

void lookaside() {
    own_lookaside();
    static PAGED_LOOKASIDE_LIST list;
    EXPORT(ExInitializePagedLookasideList, void (*)(PAGED_LOOKASIDE_LIST*, PVOID, PVOID, ULONG, SIZE_T, ULONG, USHORT))
    (&list, nullptr, nullptr, 0, 64, kTag, 0);
    void* blocks[3];
    for (void*& block : blocks) {
        block = ExAllocateFromPagedLookasideList(&list);
        CHECK(block != nullptr);
    }
    for (void* block : blocks)
        ExFreeToPagedLookasideList(&list, block);
    EXPORT(ExDeletePagedLookasideList, void (*)(PAGED_LOOKASIDE_LIST*))(&list); // V20 tells when it keeps a block
}
