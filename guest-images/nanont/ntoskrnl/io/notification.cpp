// SPDX-License-Identifier: MIT
// Plug and play notification: drivers that want to hear of device interfaces as they come and go ("Using PnP Device
// Interface Change Notification").
#include "notification.hpp"

#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kTag = tag("PnpN");
constexpr GUID kArrival = {0xcb3a4004, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
constexpr GUID kRemoval = {0xcb3a4005, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};

struct Registration {
    LIST_ENTRY link;
    GUID category;
    PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback; // nullptr: of a category that never happens here
    PVOID context;
    PDRIVER_OBJECT driver; // referenced
    LONG holders;          // the list, and each call under way
    KEVENT idle;           // no call is under way, and none will come
    ke::Thread* caller;    // that runs the callback
    bool is_orphan;        // unregistered from within: the last holder frees it
};

struct Change {
    LIST_ENTRY link;
    GUID category;
    bool arrived;
    UNICODE_STRING name;
    WCHAR text[1];
};

LIST_ENTRY g_registrations = {&g_registrations, &g_registrations};
LIST_ENTRY g_changes = {&g_changes, &g_changes};
KSPIN_LOCK g_lock;
WORK_QUEUE_ITEM g_item;
bool g_item_queued;

void destroy(Registration& registration) {
    ObfDereferenceObject(registration.driver);
    ExFreePoolWithTag(&registration, kTag);
}

void let_go(Registration& registration) {
    const bool is_orphan = registration.is_orphan; // who waits may free it as soon as nobody holds it
    if (InterlockedDecrement(&registration.holders) == 0) {
        if (is_orphan) {
            destroy(registration);
        } else {
            KeSetEvent(&registration.idle, IO_NO_INCREMENT, FALSE);
        }
    }
}

void call(Registration& registration, const GUID& event, const GUID& category, UNICODE_STRING name) {
    DEVICE_INTERFACE_CHANGE_NOTIFICATION told{1, sizeof(DEVICE_INTERFACE_CHANGE_NOTIFICATION), event, category, &name};
    registration.caller = ke::current_thread();
    registration.callback(&told, registration.context); // its status means nothing for this category
    registration.caller = nullptr;
    if (ke::current_irql() != PASSIVE_LEVEL) {
        dbg::bugcheck(IRQL_UNEXPECTED_VALUE, ke::current_irql(), PASSIVE_LEVEL, 0, 0,
                      "a plug and play notification callback was called at IRQL 0 and returned at %u",
                      ke::current_irql());
    }
}

/// Callbacks may register and unregister: told are those who were there when it began.
void tell(const Change& change) {
    constexpr size_t kMost = 64;
    Registration* wanted[kMost];
    size_t count = 0;
    {
        ke::SpinLockGuard guard(g_lock);
        for (LIST_ENTRY* at = g_registrations.Flink; at != &g_registrations && count < kMost; at = at->Flink) {
            auto* registration = CONTAINING_RECORD(at, Registration, link);
            if (registration->callback != nullptr && IsEqualGUIDAligned(registration->category, change.category)) {
                InterlockedIncrement(&registration->holders);
                wanted[count++] = registration;
            }
        }
    }
    for (size_t i = 0; i < count; ++i) {
        call(*wanted[i], change.arrived ? kArrival : kRemoval, change.category, change.name);
        let_go(*wanted[i]);
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
        tell(*change);
        ExFreePoolWithTag(change, kTag);
    }
}

/// What is there already, before the registration is on the list. PASSIVE_LEVEL.
void tell_existing(Registration& registration) {
    PWSTR list = nullptr;
    if (!NT_SUCCESS(IoGetDeviceInterfaces(&registration.category, nullptr, 0, &list))) {
        return;
    }
    for (PWSTR at = list; *at != 0; at += wcslen(at) + 1) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, at);
        call(registration, kArrival, registration.category, name);
    }
    ExFreePool(list);
}

/// Off the list; waits for calls that are under way, except for the one this is called from.
NTSTATUS unregister(PVOID entry) {
    auto& registration = *static_cast<Registration*>(entry);
    {
        ke::SpinLockGuard guard(g_lock);
        List::remove(registration.link);
    }
    if (registration.caller == ke::current_thread()) {
        registration.is_orphan = true;
        let_go(registration);
        return STATUS_SUCCESS;
    }
    let_go(registration);
    KeWaitForSingleObject(&registration.idle, Executive, KernelMode, FALSE, nullptr);
    destroy(registration);
    return STATUS_SUCCESS;
}

} // namespace

void interface_changed(const GUID& category, const UNICODE_STRING& name, bool arrived) {
    {
        ke::SpinLockGuard guard(g_lock);
        if (List::empty(g_registrations)) {
            return;
        }
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

using namespace nanont;
using namespace nanont::io;

extern "C" {

/// Device interface changes; hardware profile changes are accepted, and never happen. STATUS_NOT_SUPPORTED, and says
/// so: target device changes. STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
NTSTATUS NTAPI IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY EventCategory, ULONG EventCategoryFlags,
                                              PVOID EventCategoryData, PDRIVER_OBJECT DriverObject,
                                              PDRIVER_NOTIFICATION_CALLBACK_ROUTINE CallbackRoutine, PVOID Context,
                                              PVOID* NotificationEntry) {
    *NotificationEntry = nullptr;
    const bool interfaces = EventCategory == EventCategoryDeviceInterfaceChange;
    if (!interfaces && EventCategory != EventCategoryHardwareProfileChange) {
        dbg::say("IoRegisterPlugPlayNotification: category %d, target device changes, is not supported", EventCategory);
        return STATUS_NOT_SUPPORTED;
    }
    if (CallbackRoutine == nullptr || DriverObject == nullptr || (interfaces && EventCategoryData == nullptr)) {
        return STATUS_INVALID_PARAMETER;
    }
    auto* registration = static_cast<Registration*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Registration), kTag));
    if (registration == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *registration = {};
    registration->callback = interfaces ? CallbackRoutine : nullptr;
    registration->context = Context;
    registration->driver = DriverObject;
    registration->holders = 1;
    KeInitializeEvent(&registration->idle, NotificationEvent, FALSE);
    ObfReferenceObject(DriverObject);
    if (interfaces) {
        RtlCopyMemory(&registration->category, EventCategoryData, sizeof(GUID));
        if ((EventCategoryFlags & PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES) != 0) {
            tell_existing(*registration);
        }
    }
    *NotificationEntry = registration;
    ke::SpinLockGuard guard(g_lock);
    List::push_back(g_registrations, registration->link);
    return STATUS_SUCCESS;
}

/// When it returns no callback runs any more. Not from a callback. PASSIVE_LEVEL.
NTSTATUS NTAPI IoUnregisterPlugPlayNotification(PVOID NotificationEntry) {
    return unregister(NotificationEntry);
}

/// The same, also from within the callback. PASSIVE_LEVEL.
NTSTATUS
export_IoUnregisterPlugPlayNotificationEx(PVOID NotificationEntry) __asm__("IoUnregisterPlugPlayNotificationEx");
NTSTATUS export_IoUnregisterPlugPlayNotificationEx(PVOID NotificationEntry) {
    return unregister(NotificationEntry);
}

} // extern "C"
