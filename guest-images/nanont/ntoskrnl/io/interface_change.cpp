// SPDX-License-Identifier: MIT
// Drivers hear of device interfaces as they come and go ("Using PnP Device Interface Change Notification").
#include "dbg/report.hpp"
#include "io.hpp"
#include "notification.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kTag = tag("PnpC");
constexpr GUID kArrival = {0xcb3a4004, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
constexpr GUID kRemoval = {0xcb3a4005, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};

struct Change {
    LIST_ENTRY link;
    GUID category;
    bool arrived;
    UNICODE_STRING name;
    WCHAR text[1];
};

LIST_ENTRY g_changes = {&g_changes, &g_changes};
KSPIN_LOCK g_lock;
WORK_QUEUE_ITEM g_item;
bool g_item_queued;

/// Its status means nothing for this category.
void tell_change(Registration& registration, const GUID& event, const GUID& category, UNICODE_STRING name) {
    DEVICE_INTERFACE_CHANGE_NOTIFICATION told{1, sizeof(DEVICE_INTERFACE_CHANGE_NOTIFICATION), event, category, &name};
    tell(registration, &told);
}

auto listens_to(const GUID& category) {
    return [&category](const Registration& registration) {
        return registration.kind == EventCategoryDeviceInterfaceChange &&
               IsEqualGUIDAligned(registration.category, category);
    };
}

void tell_all(const Change& change) {
    Listeners listeners(listens_to(change.category));
    for (size_t i = 0; i < listeners.count(); ++i) {
        tell_change(listeners[i], change.arrived ? kArrival : kRemoval, change.category, change.name);
    }
}

VOID NTAPI work(PVOID) {
    for (;;) {
        LIST_ENTRY* entry = nullptr;
        {
            ke::SpinLockGuard guard(g_lock);
            entry = List::pop_front(g_changes);
            if (entry == nullptr) {
                g_item_queued = false;
                return;
            }
        }
        auto* change = CONTAINING_RECORD(entry, Change, link);
        tell_all(*change);
        ExFreePoolWithTag(change, kTag);
    }
}

} // namespace

void tell_existing(Registration& registration) {
    PWSTR list = nullptr;
    if (!NT_SUCCESS(IoGetDeviceInterfaces(&registration.category, nullptr, 0, &list))) {
        return;
    }
    for (PWSTR at = list; *at != 0; at += wcslen(at) + 1) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, at);
        tell_change(registration, kArrival, registration.category, name);
    }
    ExFreePool(list);
}

void interface_changed(const GUID& category, const UNICODE_STRING& name, bool arrived) {
    if (Listeners(listens_to(category)).count() == 0) {
        return;
    }
    auto* change = static_cast<Change*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Change) + name.Length, kTag));
    if (change == nullptr) {
        dbg::say("no memory to tell of a change of %ls", name.Buffer);
        return;
    }
    *change = {};
    change->category = category;
    change->arrived = arrived;
    RtlCopyMemory(change->text, name.Buffer, name.Length);
    change->text[name.Length / sizeof(WCHAR)] = 0;
    change->name = {name.Length, static_cast<USHORT>(name.Length + sizeof(WCHAR)), change->text};
    ke::SpinLockGuard guard(g_lock);
    List::push_back(g_changes, change->link);
    if (!g_item_queued) {
        g_item_queued = true;
        ExInitializeWorkItem(&g_item, work, nullptr);
        ExQueueWorkItem(&g_item, DelayedWorkQueue);
    }
}

} // namespace nanont::io
