// SPDX-License-Identifier: MIT
// Plug and play notification: the drivers that want to hear of something, and how they are told.
#include "notification.hpp"

#include "dbg/report.hpp"
#include "io.hpp"
#include "vf/driver_call.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kTag = tag("PnpN");

LIST_ENTRY g_registrations = {&g_registrations, &g_registrations};
KSPIN_LOCK g_lock;

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

void Listeners::collect(bool (*wanted)(const Registration&, void*), void* context) {
    ke::SpinLockGuard guard(g_lock);
    for (LIST_ENTRY* at = g_registrations.Flink; at != &g_registrations && count_ < kMost; at = at->Flink) {
        auto* registration = CONTAINING_RECORD(at, Registration, link);
        if (registration->callback != nullptr && wanted(*registration, context)) {
            InterlockedIncrement(&registration->holders);
            found_[count_++] = registration;
        }
    }
}

Listeners::~Listeners() {
    for (size_t i = 0; i < count_; ++i) {
        let_go(*found_[i]);
    }
}

NTSTATUS tell(Registration& registration, PVOID structure) {
    if (registration.is_orphan) {
        return STATUS_SUCCESS; // it took itself off the list when it was told of something else
    }
    registration.caller = ke::current_thread();
    const NTSTATUS status = vf::call(registration.callback, structure, registration.context);
    registration.caller = nullptr;
    if (ke::current_irql() != PASSIVE_LEVEL) {
        dbg::bugcheck({IRQL_UNEXPECTED_VALUE, 3}, dbg::unexpected_irql(ke::current_irql(), PASSIVE_LEVEL), 0, 0, 0,
                      "a plug and play notification callback was called at IRQL 0 and returned at %u",
                      ke::current_irql());
    }
    return status;
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

/// Device interface changes (EventCategoryData: the interface class), target device changes (EventCategoryData: a file
/// object on the device; STATUS_NO_SUCH_DEVICE when it is on none of the PnP manager's); hardware profile changes are
/// accepted, and never happen. STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
NTSTATUS NTAPI IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY EventCategory, ULONG EventCategoryFlags,
                                              PVOID EventCategoryData, PDRIVER_OBJECT DriverObject,
                                              PDRIVER_NOTIFICATION_CALLBACK_ROUTINE CallbackRoutine, PVOID Context,
                                              PVOID* NotificationEntry) {
    *NotificationEntry = nullptr;
    const bool has_data = EventCategory != EventCategoryHardwareProfileChange;
    if (CallbackRoutine == nullptr || DriverObject == nullptr || EventCategory < EventCategoryHardwareProfileChange ||
        EventCategory > EventCategoryTargetDeviceChange || (has_data && EventCategoryData == nullptr)) {
        return STATUS_INVALID_PARAMETER;
    }
    Registration wish{};
    wish.kind = EventCategory;
    wish.callback = has_data ? CallbackRoutine : nullptr;
    wish.context = Context;
    wish.driver = DriverObject;
    wish.holders = 1;
    if (EventCategory == EventCategoryTargetDeviceChange) {
        wish.file = static_cast<PFILE_OBJECT>(EventCategoryData);
        wish.target = node_below(wish.file->DeviceObject);
        if (wish.target == nullptr) {
            return STATUS_NO_SUCH_DEVICE;
        }
    }
    auto* registration = static_cast<Registration*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Registration), kTag));
    if (registration == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *registration = wish;
    KeInitializeEvent(&registration->idle, NotificationEvent, FALSE);
    ObfReferenceObject(DriverObject);
    if (EventCategory == EventCategoryDeviceInterfaceChange) {
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
