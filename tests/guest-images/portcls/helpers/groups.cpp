// SPDX-License-Identifier: MIT
// IServiceGroup: when its members are served, who may come and go, and requests for later.
#include "counted.hpp"
#include "helpers.hpp"

namespace {

struct Sink final : Counted<IServiceSink> {
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IServiceSink>(iid, IID_IServiceSink, out) ? STATUS_SUCCESS : gives_unknown(iid, out);
    }
    STDMETHODIMP_(void) RequestService() override {
        irql = KeGetCurrentIrql();
        if (holds_up) {
            InterlockedExchange(&inside, 1);
            for (ULONG i = 0; i < 2000; ++i)
                KeStallExecutionProcessor(1);
            InterlockedExchange(&inside, 0);
        }
        InterlockedIncrement(&served);
    }
    volatile LONG served = 0, inside = 0;
    KIRQL irql = PASSIVE_LEVEL;
    bool holds_up = false;
};

IServiceGroup* new_group() {
    IServiceGroup* group = nullptr;
    CHECK_EQUAL(PcNewServiceGroup(&group, nullptr), STATUS_SUCCESS);
    return group;
}

NTSTATUS NTAPI request(IInterruptSync*, PVOID group) {
    static_cast<IServiceGroup*>(group)->RequestService();
    static_cast<IServiceGroup*>(group)->RequestService();
    return STATUS_SUCCESS;
}

struct Race {
    IServiceGroup* group;
    ULONG processor;
};

VOID NTAPI request_there(PVOID context) {
    auto& race = *static_cast<Race*>(context);
    KeSetSystemAffinityThread(KAFFINITY{1} << race.processor);
    race.group->RequestService();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

} // namespace

void serving() {
    Sink* first = new (kObjectTag) Sink();
    Sink* second = new (kObjectTag) Sink();
    IServiceGroup* group = new_group();
    CHECK_EQUAL(group->AddMember(first), STATUS_SUCCESS);
    CHECK_EQUAL(group->AddMember(second), STATUS_SUCCESS);
    group->RequestService();
    KeFlushQueuedDpcs();
    CHECK_EQUAL(first->served, 1);
    CHECK_EQUAL(second->served, 1);
    CHECK_EQUAL(first->irql, DISPATCH_LEVEL);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old); // requests that come before it is served are one
    for (ULONG i = 0; i < 3; ++i)
        group->RequestService();
    CHECK_EQUAL(first->served, 1);
    KeLowerIrql(old);
    KeFlushQueuedDpcs();
    CHECK_EQUAL(first->served, 2);

    IInterruptSync* sync = nullptr; // from the interrupt's level
    CHECK_EQUAL(PcNewInterruptSync(&sync, nullptr, g_resources, 0, InterruptSyncModeNormal), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    CHECK_EQUAL(sync->CallSynchronizedRoutine(request, group), STATUS_SUCCESS);
    KeFlushQueuedDpcs();
    CHECK_EQUAL(first->served, 3);
    sync->Disconnect();
    sync->Release();

    CHECK_EQUAL(group->Release(), 0); // with its members in it: their references are given back
    CHECK_EQUAL(first->Release(), 0);
    CHECK_EQUAL(second->Release(), 0);
}

void members() {
    Sink* sink = new (kObjectTag) Sink();
    IServiceGroup* group = new_group();
    CHECK_EQUAL(group->AddMember(nullptr), STATUS_INVALID_PARAMETER);
    group->RemoveMember(sink); // which is none
    group->RequestService();   // nobody is there
    KeFlushQueuedDpcs();
    CHECK_EQUAL(group->AddMember(sink), STATUS_SUCCESS);
    CHECK_EQUAL(sink->references, 2);
    CHECK_EQUAL(group->AddMember(sink), STATUS_SUCCESS); // a second time: it is served twice
    group->RequestService();
    KeFlushQueuedDpcs();
    CHECK_EQUAL(sink->served, 2);
    group->RemoveMember(sink);
    CHECK_EQUAL(sink->references, 2);
    group->RequestService();
    KeFlushQueuedDpcs();
    CHECK_EQUAL(sink->served, 3);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    group->RequestService(); // queued, and nobody is there when its turn comes
    KeLowerIrql(PASSIVE_LEVEL);
    group->RemoveMember(sink);
    const LONG served = sink->served;
    group->RequestService();
    KeFlushQueuedDpcs();
    CHECK_EQUAL(sink->served, served);
    CHECK_EQUAL(sink->references, 1);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const NTSTATUS high = group->AddMember(sink);
    KeLowerIrql(old);
    CHECK_EQUAL(high, STATUS_INVALID_PARAMETER);
    group->Release();
    CHECK_EQUAL(sink->Release(), 0);
}

void delays() {
    constexpr ULONGLONG kMillisecond = 10'000;
    Sink* sink = new (kObjectTag) Sink();
    IServiceGroup* group = new_group();
    CHECK_EQUAL(group->AddMember(sink), STATUS_SUCCESS);
    group->RequestDelayedService(kMillisecond); // SupportDelayedService comes first
    pause(20);
    CHECK_EQUAL(sink->served, 0);
    group->SupportDelayedService();
    group->RequestDelayedService(30 * kMillisecond);
    pause(10);
    CHECK_EQUAL(sink->served, 0);
    pause(40);
    CHECK_EQUAL(sink->served, 1);
    group->RequestDelayedService(20 * kMillisecond);
    group->RequestDelayedService(200 * kMillisecond); // in place of the one before
    pause(60);
    CHECK_EQUAL(sink->served, 1);
    group->CancelDelayedService();
    pause(200);
    CHECK_EQUAL(sink->served, 1);
    group->RequestService(); // that still works
    KeFlushQueuedDpcs();
    CHECK_EQUAL(sink->served, 2);
    group->RequestDelayedService(20 * kMillisecond);
    group->Release(); // with one under way
    pause(50);
    CHECK_EQUAL(sink->served, 2);
    CHECK_EQUAL(sink->Release(), 0);
}

/// RemoveMember does not return before a call that runs elsewhere has.
void removing_from_a_second_processor() {
    if (KeQueryActiveProcessorCount(nullptr) < 2) return;
    Sink* sink = new (kObjectTag) Sink();
    sink->holds_up = true;
    Race race{new_group(), 1};
    CHECK_EQUAL(race.group->AddMember(sink), STATUS_SUCCESS);
    KeSetSystemAffinityThread(1);
    OtherThread thread(request_there, &race);
    for (ULONG i = 0; i < 100'000 && !sink->inside; ++i)
        KeStallExecutionProcessor(1);
    CHECK_EQUAL(sink->inside, 1);
    race.group->RemoveMember(sink);
    CHECK_EQUAL(sink->inside, 0);
    CHECK_EQUAL(sink->served, 1);
    DbgPrint("helpers: removed while it ran\n");
    KeRevertToUserAffinityThread();
    thread.join();
    race.group->Release();
    CHECK_EQUAL(sink->Release(), 0);
}
