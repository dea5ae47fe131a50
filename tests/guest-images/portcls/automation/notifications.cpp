// SPDX-License-Identifier: MIT
#include "client_events.hpp"

#include <initializer_list>

namespace {

volatile LONG g_ran;

VOID NTAPI count_dpc(PKDPC, PVOID, PVOID, PVOID) {
    InterlockedIncrement(&g_ran);
}

VOID NTAPI count_work(PVOID) {
    InterlockedIncrement(&g_ran);
}

bool ran_within(LONG wanted) {
    for (ULONG i = 0; i < 100 && g_ran != wanted; ++i)
        pause(1);
    return g_ran == wanted;
}

/// Enables kPlain with `data`, makes it happen, disables it.
void once(Object& pin, KSEVENTDATA& data) {
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, data), STATUS_SUCCESS);
    tell(&kSet, kPlain);
}

} // namespace

/// Ways of being told that only kernel-mode clients have (KSEVENTDATA).
void kernel_notifications() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);

    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    KSEVENTDATA by_event{};
    by_event.NotificationType = KSEVENTF_EVENT_OBJECT;
    by_event.EventObject.Event = &event;
    once(pin, by_event);
    CHECK(KeReadStateEvent(&event) != 0);
    CHECK_EQUAL(disable(pin, &by_event), STATUS_SUCCESS);

    KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 0, 9);
    KSEVENTDATA by_semaphore{};
    by_semaphore.NotificationType = KSEVENTF_SEMAPHORE_OBJECT;
    by_semaphore.SemaphoreObject.Semaphore = &semaphore;
    by_semaphore.SemaphoreObject.Adjustment = 3;
    once(pin, by_semaphore);
    CHECK_EQUAL(KeReadStateSemaphore(&semaphore), 3);
    CHECK_EQUAL(disable(pin, &by_semaphore), STATUS_SUCCESS);
    by_semaphore.SemaphoreObject.Adjustment = 0;
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, by_semaphore), STATUS_INVALID_PARAMETER);

    KDPC dpc;
    KeInitializeDpc(&dpc, count_dpc, nullptr);
    KSEVENTDATA by_dpc{};
    by_dpc.NotificationType = KSEVENTF_DPC;
    by_dpc.Dpc.Dpc = &dpc;
    g_ran = 0;
    once(pin, by_dpc);
    CHECK(ran_within(1));
    CHECK_EQUAL(disable(pin, &by_dpc), STATUS_SUCCESS);

    WORK_QUEUE_ITEM item;
    ExInitializeWorkItem(&item, count_work, nullptr);
    KSEVENTDATA by_work{};
    by_work.NotificationType = KSEVENTF_WORKITEM;
    by_work.WorkItem.WorkQueueItem = &item;
    by_work.WorkItem.WorkQueueType = DelayedWorkQueue;
    g_ran = 0;
    once(pin, by_work);
    CHECK(ran_within(1));
    CHECK_EQUAL(disable(pin, &by_work), STATUS_SUCCESS);

    KSEVENTDATA without{};
    for (ULONG type : {KSEVENTF_EVENT_OBJECT, KSEVENTF_SEMAPHORE_OBJECT, KSEVENTF_DPC, KSEVENTF_WORKITEM}) {
        without.NotificationType = type;
        CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, without), STATUS_INVALID_PARAMETER);
    }
    for (ULONG type : {KSEVENTF_SEMAPHORE_HANDLE, KSEVENTF_KSWORKITEM}) {
        without.NotificationType = type;
        CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, without), STATUS_NOT_SUPPORTED);
    }
    CHECK_EQUAL(g_asked.adds, 4);
    CHECK_EQUAL(g_asked.removes, 4);
}

/// A DPC tells then, and it has room for one call (IPortEvents::GenerateEventList).
void generating_above_dispatch_level() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    Signal of_pin, of_node;
    KSEVENTDATA one = by_handle(of_pin.handle), two = by_handle(of_node.handle);
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, one), STATUS_SUCCESS);
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, two, kNamedNode), STATUS_SUCCESS);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    tell_node(kNamedNode);
    KeLowerIrql(old);
    CHECK(!of_pin.take() && of_node.take());
    KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
    tell_node(kNamedNode);
    tell(&kSet, kPlain); // missed
    KeLowerIrql(old);
    CHECK(of_node.take(20));
    CHECK(!of_pin.take(20) && !of_node.take());
    KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
    tell(&kSet, kPlain);
    KeLowerIrql(old);
    CHECK(of_pin.take(20) && of_node.take(20));
}
