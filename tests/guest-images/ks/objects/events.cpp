// SPDX-License-Identifier: MIT
// Events of an object: one that happens once, one that its owner takes away, and what is no event.
#include "objects.hpp"

namespace {

LIST_ENTRY g_events = {&g_events, &g_events};
KSPIN_LOCK g_lock;
const GUID kEventSet = {0x3a1c59a4, 0x21a4, 0x4a4c, {0x9d, 0x5e, 0x53, 0x0c, 0x6f, 0x1e, 0x88, 0x05}};

/// A client's event, enabled through an object.
struct Listener {
    Listener(Object& object, ULONG verb) {
        CHECK_EQUAL(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, nullptr, SynchronizationEvent, FALSE), STATUS_SUCCESS);
        data.NotificationType = KSEVENTF_EVENT_HANDLE;
        data.EventHandle.Event = handle;
        const KSEVENT wanted{{{kEventSet, 0, verb}}};
        CHECK_EQUAL(object.send(IOCTL_KS_ENABLE_EVENT, &wanted, sizeof wanted, &data, sizeof data), STATUS_SUCCESS);
    }
    ~Listener() { ZwClose(handle); }
    bool was_told() {
        LARGE_INTEGER now{};
        return ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_SUCCESS;
    }
    HANDLE handle = nullptr;
    KSEVENTDATA data{};
};

PKSEVENT_ENTRY first_entry() {
    CHECK(!IsListEmpty(&g_events));
    return CONTAINING_RECORD(g_events.Flink, KSEVENT_ENTRY, ListEntry);
}

} // namespace

NTSTATUS handle_event(PIRP irp, bool enable) {
    if (!enable) return KsDisableEvent(irp, &g_events, KSEVENTS_SPINLOCK, &g_lock);
    static KSEVENT_ITEM item[1];
    item[0].DataInput = sizeof(KSEVENTDATA);
    static KSEVENT_SET set[1];
    set[0].Set = &kEventSet;
    set[0].EventsCount = 1;
    set[0].EventItem = item;
    return KsEnableEvent(irp, 1, set, &g_events, KSEVENTS_SPINLOCK, &g_lock);
}

void free_events(PFILE_OBJECT file) {
    KsFreeEventList(file, &g_events, KSEVENTS_SPINLOCK, &g_lock);
}

void one_shot_events() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    Listener once(root, KSEVENT_TYPE_ONESHOT);
    PKSEVENT_ENTRY entry = first_entry();
    KIRQL old;
    KeAcquireSpinLock(&g_lock, &old); // as the list's owner does; nobody ends it before the lock is given back
    CHECK_EQUAL(KsGenerateEvent(entry), STATUS_SUCCESS);
    CHECK_EQUAL(KsGenerateEvent(entry), STATUS_UNSUCCESSFUL); // it has happened
    KeReleaseSpinLock(&g_lock, old);
    CHECK(once.was_told());
    CHECK(!once.was_told());
    for (ULONG i = 0; i < 1000 && !IsListEmpty(&g_events); ++i)
        pause(1);
    CHECK(IsListEmpty(&g_events));
    CHECK_EQUAL(root.send(IOCTL_KS_DISABLE_EVENT, &once.data, sizeof once.data, nullptr, 0), STATUS_UNSUCCESSFUL);

    static struct {
        UCHAR before[512];
        KSEVENT_ENTRY entry;
    } no_event;
    CHECK_EQUAL(KsGenerateEvent(&no_event.entry), STATUS_INVALID_PARAMETER);
}

void discarded_events() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    Listener one(root, KSEVENT_TYPE_ENABLE);
    PKSEVENT_ENTRY entry = first_entry();
    KIRQL old;
    KeAcquireSpinLock(&g_lock, &old);
    RemoveEntryList(&entry->ListEntry);
    KeReleaseSpinLock(&g_lock, old);
    KsDiscardEvent(entry);
    CHECK(!one.was_told());
    CHECK_EQUAL(root.send(IOCTL_KS_DISABLE_EVENT, &one.data, sizeof one.data, nullptr, 0), STATUS_UNSUCCESSFUL);
}
