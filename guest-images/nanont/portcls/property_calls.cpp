// SPDX-License-Identifier: MIT
#include "property_calls.hpp"

#include "module/locks.hpp"
#include "module/pool.hpp"

namespace portcls {
namespace {

// Windows sets none; a client that waits this long for a property has lost its user.
constexpr LONGLONG kPatience = 5 * 10'000'000; // 100 ns

struct PropertyCall {
    LIST_ENTRY link;
    LONGLONG overdue_at; // 0: its handler has not answered; kTold: V72 was told
    ULONG property_id;   // the driver's own table may be pageable, or gone
    PCPROPERTY_REQUEST request;
};
constexpr LONGLONG kTold = MAXLONGLONG;

KSPIN_LOCK lock;
LIST_ENTRY calls;
KTIMER timer;
KDPC dpc;

PropertyCall* find(PPCPROPERTY_REQUEST request) {
    for (LIST_ENTRY* at = calls.Flink; at != &calls; at = at->Flink) {
        auto* call = CONTAINING_RECORD(at, PropertyCall, link);
        if (&call->request == request) return call;
    }
    return nullptr;
}

LONGLONG now() {
    return static_cast<LONGLONG>(KeQueryInterruptTime());
}

/** For the one that is overdue first. Under the lock. */
void set_timer() {
    LONGLONG first = kTold;
    for (LIST_ENTRY* at = calls.Flink; at != &calls; at = at->Flink) {
        const LONGLONG overdue_at = CONTAINING_RECORD(at, PropertyCall, link)->overdue_at;
        if (overdue_at != 0 && overdue_at < first) first = overdue_at;
    }
    if (first == kTold) return;
    LARGE_INTEGER due;
    due.QuadPart = first > now() ? now() - first : -1;
    KeSetTimer(&timer, due, &dpc);
}

VOID NTAPI look(PKDPC, PVOID, PVOID, PVOID) {
    SpinLockGuard guard(lock);
    for (LIST_ENTRY* at = calls.Flink; at != &calls; at = at->Flink) {
        auto* call = CONTAINING_RECORD(at, PropertyCall, link);
        if (call->overdue_at == 0 || call->overdue_at > now()) continue;
        call->overdue_at = kTold;
        trace::finding(72, call->property_id, 0,
                       "V72 a property handler answered STATUS_PENDING, and its request was not completed within 5 s");
    }
    set_timer();
}

} // namespace

void initialize_property_calls() {
    KeInitializeSpinLock(&lock);
    InitializeListHead(&calls);
    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, look, nullptr);
}

PPCPROPERTY_REQUEST begin_property_call(ULONG property_id) {
    auto* call = static_cast<PropertyCall*>(allocate_zeroed(sizeof(PropertyCall), kObjectTag.value));
    if (!call) return nullptr;
    call->property_id = property_id;
    SpinLockGuard guard(lock);
    InsertTailList(&calls, &call->link);
    return &call->request;
}

void property_call_pends(PPCPROPERTY_REQUEST request) {
    trace::judged(72);
    SpinLockGuard guard(lock);
    if (PropertyCall* call = find(request)) {
        call->overdue_at = now() + kPatience;
        set_timer();
    }
}

bool take_property_call(PPCPROPERTY_REQUEST request) {
    SpinLockGuard guard(lock);
    PropertyCall* call = find(request);
    if (!call) return false;
    RemoveEntryList(&call->link);
    return true;
}

void end_property_call(PPCPROPERTY_REQUEST request) {
    ExFreePoolWithTag(CONTAINING_RECORD(request, PropertyCall, request), kObjectTag.value);
}

} // namespace portcls
