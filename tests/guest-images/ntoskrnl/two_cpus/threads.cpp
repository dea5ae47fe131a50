// SPDX-License-Identifier: MIT
#include "two_cpus.hpp"

#include <initializer_list>

namespace {

struct Meeting {
    volatile LONG arrived;
    volatile LONG met;
    volatile LONG gave_up;
    KAFFINITY where;
};

/** Waits, without ever sleeping, for another that does the same: only two processors can. */
VOID NTAPI meet(PVOID context) {
    auto& meeting = *static_cast<Meeting*>(context);
    const LONG mine = InterlockedIncrement(&meeting.arrived);
    KeSetSystemAffinityThreadEx(KAFFINITY{1} << (mine - 1));
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old); // nobody can take this processor away
    InterlockedIncrement(&meeting.met);
    LONG looks = 0;
    while (meeting.met < 2 && ++looks < 1'000'000)
        YieldProcessor();
    if (meeting.met < 2) InterlockedIncrement(&meeting.gave_up);
    KeLowerIrql(old);
    KeRevertToUserAffinityThreadEx(0);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

struct Counter {
    KSPIN_LOCK lock;
    volatile ULONG value; // no atomic: the lock alone keeps it right
    volatile LONG threads;
};
constexpr ULONG kRounds = 2000;

VOID NTAPI count(PVOID context) {
    auto& counter = *static_cast<Counter*>(context);
    KeSetSystemAffinityThreadEx(KAFFINITY{1} << (InterlockedIncrement(&counter.threads) - 1));
    for (ULONG i = 0; i < kRounds; ++i) {
        KIRQL old;
        KeAcquireSpinLock(&counter.lock, &old);
        const ULONG seen = counter.value;
        if (i % 16 == 0) YieldProcessor(); // the other gets its chance in between
        counter.value = seen + 1;
        KeReleaseSpinLock(&counter.lock, old);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

struct Pulsed {
    KEVENT event;
    volatile LONG looks, over, found_set;
};

/** A wait that does not wait takes the dispatcher's lock as any wait does. */
VOID NTAPI look_at_event(PVOID context) {
    auto& pulsed = *static_cast<Pulsed*>(context);
    KeSetSystemAffinityThreadEx(2);
    Relative now(0);
    while (pulsed.over == 0) {
        if (KeWaitForSingleObject(&pulsed.event, Executive, KernelMode, FALSE, &now) == STATUS_SUCCESS)
            InterlockedIncrement(&pulsed.found_set);
        InterlockedIncrement(&pulsed.looks);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

struct Runner {
    volatile LONG ran_on;
};

VOID NTAPI run_once(PVOID context) {
    static_cast<Runner*>(context)->ran_on = static_cast<LONG>(here());
    PsTerminateSystemThread(STATUS_SUCCESS);
}

struct Looker {
    volatile UCHAR* volatile page;
    volatile LONG turn; // even: the mapper's; odd: the looker's
    volatile UCHAR seen;
};

VOID NTAPI look(PVOID context) {
    auto& looker = *static_cast<Looker*>(context);
    KeSetSystemAffinityThreadEx(2);
    for (LONG round = 1; round <= 3; round += 2) {
        while (looker.turn != round)
            YieldProcessor();
        looker.seen = looker.page[0];
        InterlockedIncrement(&looker.turn);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/** Maps the block's page as device memory is mapped. */
volatile UCHAR* map(PVOID block) {
    return static_cast<volatile UCHAR*>(MmMapIoSpace(MmGetPhysicalAddress(block), PAGE_SIZE, MmNonCached));
}

} // namespace

void processors_are_counted() {
    CHECK_EQUAL(KeQueryActiveProcessors(), 3);
    CHECK_EQUAL(KeQueryActiveProcessorCount(nullptr), 2);
    CHECK_EQUAL(*reinterpret_cast<volatile ULONG*>(0xFFFFF780000003C0), 2); // KUSER_SHARED_DATA.ActiveProcessorCount
}

void threads_go_where_they_are_told() {
    for (ULONG number = 0; number < 2; ++number) {
        CHECK_EQUAL(KeSetSystemAffinityThreadEx(KAFFINITY{1} << number), number == 0 ? 0 : 1);
        CHECK_EQUAL(here(), number);
        Relative moment(5);
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
        CHECK_EQUAL(here(), number); // and stay there
    }
    CHECK_EQUAL(KeSetSystemAffinityThreadEx(4), 0); // no such processor: nothing changes
    CHECK_EQUAL(here(), 1);
    KeRevertToUserAffinityThreadEx(0);
}

void each_affinity_call_moves_the_thread() {
    for (ULONG number : {1, 0, 1}) {
        KeSetSystemAffinityThread(KAFFINITY{1} << number);
        CHECK_EQUAL(here(), number);
    }
    KeRevertToUserAffinityThread();
    CHECK_EQUAL(KeSetSystemAffinityThreadEx(1), 0); // it had none of its own any more
    CHECK_EQUAL(here(), 0);

    // At DISPATCH_LEVEL the thread stays; below it, it goes.
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeSetSystemAffinityThread(2);
    CHECK_EQUAL(here(), 0);
    KeLowerIrql(old);
    CHECK_EQUAL(here(), 1);

    GROUP_AFFINITY first{}, before{}, nowhere{}, none{};
    first.Mask = 1;
    KeSetSystemGroupAffinityThread(&first, &before);
    CHECK_EQUAL(here(), 0);
    CHECK(before.Mask == 2 && before.Group == 0);
    KeRevertToUserGroupAffinityThread(&before);
    CHECK_EQUAL(here(), 1);
    nowhere.Mask = 1;
    nowhere.Group = 3; // no such group: nothing changes
    KeSetSystemGroupAffinityThread(&nowhere, &none);
    CHECK_EQUAL(here(), 1);
    CHECK(none.Mask == 0 && none.Group == 0);
    nowhere.Group = 0;
    nowhere.Mask = 4; // no such processor
    KeSetSystemGroupAffinityThread(&nowhere, nullptr);
    CHECK_EQUAL(here(), 1);
    KeRevertToUserAffinityThreadEx(1); // back to an affinity it had
    CHECK_EQUAL(here(), 0);
    CHECK_EQUAL(KeSetSystemAffinityThreadEx(3), 1);
    KeRevertToUserAffinityThreadEx(0);
}

void a_pulse_is_no_state() {
    Pulsed pulsed{};
    KeInitializeEvent(&pulsed.event, NotificationEvent, FALSE);
    KeSetSystemAffinityThreadEx(1);
    {
        OtherThread looker(look_at_event, &pulsed);
        for (LONG i = 0; pulsed.looks == 0 && i < 1'000'000; ++i) // it is on its way, on the other processor
            YieldProcessor();
        for (ULONG i = 0; i < kRounds; ++i)
            CHECK_EQUAL(KePulseEvent(&pulsed.event, 0, FALSE), 0);
        InterlockedIncrement(&pulsed.over);
    }
    KeRevertToUserAffinityThreadEx(0);
    CHECK_EQUAL(pulsed.found_set, 0); // nobody finds it set who was not waiting
}

void threads_run_at_the_same_time() {
    Meeting meeting{};
    {
        OtherThread one(meet, &meeting);
        OtherThread two(meet, &meeting);
    }
    CHECK_EQUAL(meeting.met, 2);
    CHECK_EQUAL(meeting.gave_up, 0);
}

void a_spin_lock_keeps_the_other_out() {
    Counter counter{};
    KeInitializeSpinLock(&counter.lock);
    {
        OtherThread one(count, &counter);
        OtherThread two(count, &counter);
    }
    CHECK_EQUAL(counter.value, 2 * kRounds);
}

void an_idle_processor_takes_a_ready_thread() {
    Runner runner{-1};
    KeSetSystemAffinityThreadEx(1);
    OtherThread thread(run_once, &runner);
    LONG looks = 0;
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old); // here it cannot run
    while (runner.ran_on < 0 && ++looks < 1'000'000)
        YieldProcessor();
    KeLowerIrql(old);
    CHECK_EQUAL(runner.ran_on, 1);
    KeRevertToUserAffinityThreadEx(0);
}

void unmapped_pages_are_forgotten() {
    auto* blocks = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPoolNx, 2 * PAGE_SIZE, 'sgaP'));
    blocks[0] = 0x11;
    blocks[PAGE_SIZE] = 0x22;
    Looker looker{};
    KeSetSystemAffinityThreadEx(1);
    {
        OtherThread thread(look, &looker);
        volatile UCHAR* first = map(blocks);
        looker.page = first;
        InterlockedIncrement(&looker.turn);
        while (looker.turn != 2)
            YieldProcessor();
        CHECK_EQUAL(looker.seen, 0x11);
        MmUnmapIoSpace(const_cast<UCHAR*>(first), PAGE_SIZE);
        volatile UCHAR* second = map(blocks + PAGE_SIZE);
        CHECK(second == first); // the same address, another page: who remembers the old one reads 0x11
        looker.page = second;
        InterlockedIncrement(&looker.turn);
        while (looker.turn != 4)
            YieldProcessor();
        CHECK_EQUAL(looker.seen, 0x22);
        MmUnmapIoSpace(const_cast<UCHAR*>(second), PAGE_SIZE);
    }
    KeRevertToUserAffinityThreadEx(0);
    ExFreePoolWithTag(blocks, 'sgaP');
}
