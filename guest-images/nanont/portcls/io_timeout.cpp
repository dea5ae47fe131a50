// SPDX-License-Identifier: MIT
// PcRegisterIoTimeout: a routine called once a second at DISPATCH_LEVEL. PcGetTimeInterval: time, at any IRQL.
#include "adapter.hpp"
#include "time.hpp"

namespace portcls {
namespace {

constexpr LONG kPeriodMs = 1000;

struct Timeout {
    LIST_ENTRY link;
    PIO_TIMER_ROUTINE routine;
    PVOID context;
};

/** With the lock held; nullptr: no such combination is registered. */
Timeout* find_timeout(Adapter& adapter, PIO_TIMER_ROUTINE routine, PVOID context) {
    for (LIST_ENTRY* at = adapter.timeouts.Flink; at != &adapter.timeouts; at = at->Flink) {
        auto* timeout = CONTAINING_RECORD(at, Timeout, link);
        if (timeout->routine == routine && timeout->context == context) return timeout;
    }
    return nullptr;
}

VOID NTAPI run_timeouts(PKDPC, PVOID context, PVOID, PVOID) {
    auto& adapter = *static_cast<Adapter*>(context);
    KeAcquireSpinLockAtDpcLevel(&adapter.timeout_lock);
    for (LIST_ENTRY* at = adapter.timeouts.Flink; at != &adapter.timeouts; at = at->Flink) {
        auto* timeout = CONTAINING_RECORD(at, Timeout, link);
        trace::Call call(MPULAB_CALLBACK_IoTimeoutRoutine, reinterpret_cast<ULONG_PTR>(timeout->routine));
        call.begin(timeout->routine, adapter.fdo,
                   timeout->context); // must not (un)register itself: that is for PASSIVE_LEVEL
        call.leave();
    }
    KeReleaseSpinLockFromDpcLevel(&adapter.timeout_lock);
}

} // namespace

void initialize_timeouts(Adapter& adapter) {
    InitializeListHead(&adapter.timeouts);
    KeInitializeSpinLock(&adapter.timeout_lock);
    KeInitializeTimer(&adapter.timeout_timer);
    KeInitializeDpc(&adapter.timeout_dpc, run_timeouts, &adapter);
}

void stop_timeouts(Adapter& adapter) {
    KeCancelTimer(&adapter.timeout_timer);
    KeFlushQueuedDpcs();
    while (!IsListEmpty(&adapter.timeouts)) {
        DbgPrint("portcls.sys: an I/O timeout is still registered at REMOVE; PcUnregisterIoTimeout was not called\n");
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&adapter.timeouts), Timeout, link), kObjectTag.value);
    }
}

} // namespace portcls

using namespace portcls;

/** STATUS_UNSUCCESSFUL: the routine is registered with this context. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterIoTimeout(PDEVICE_OBJECT device, PIO_TIMER_ROUTINE routine, PVOID context) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !routine) return STATUS_INVALID_PARAMETER;
    auto* timeout = static_cast<Timeout*>(allocate_zeroed(sizeof(Timeout), kObjectTag.value));
    if (!timeout) return STATUS_INSUFFICIENT_RESOURCES;
    timeout->routine = routine;
    timeout->context = context;
    SpinLockGuard guard(adapter->timeout_lock);
    if (find_timeout(*adapter, routine, context)) {
        ExFreePoolWithTag(timeout, kObjectTag.value);
        return STATUS_UNSUCCESSFUL;
    }
    if (IsListEmpty(&adapter->timeouts)) {
        LARGE_INTEGER due;
        due.QuadPart = -10'000LL * kPeriodMs;
        KeSetTimerEx(&adapter->timeout_timer, due, kPeriodMs, &adapter->timeout_dpc);
    }
    InsertTailList(&adapter->timeouts, &timeout->link);
    return STATUS_SUCCESS;
}

/** STATUS_NOT_FOUND: it was not registered with this context. The routine does not run any more on return. */
PORTCLASSAPI NTSTATUS NTAPI PcUnregisterIoTimeout(PDEVICE_OBJECT device, PIO_TIMER_ROUTINE routine, PVOID context) {
    Adapter* adapter = adapter_of(device);
    if (!adapter) return STATUS_INVALID_PARAMETER;
    SpinLockGuard guard(adapter->timeout_lock);
    Timeout* timeout = find_timeout(*adapter, routine, context);
    if (!timeout) return STATUS_NOT_FOUND;
    RemoveEntryList(&timeout->link);
    ExFreePoolWithTag(timeout, kObjectTag.value);
    if (IsListEmpty(&adapter->timeouts)) KeCancelTimer(&adapter->timeout_timer);
    return STATUS_SUCCESS;
}

/** 100 ns from `since` (an earlier answer; 0: since the machine began) to now. Any IRQL. */
PORTCLASSAPI ULONGLONG NTAPI PcGetTimeInterval(ULONGLONG since) {
    return static_cast<ULONGLONG>(now_100ns()) - since;
}
