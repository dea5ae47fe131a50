// SPDX-License-Identifier: MIT
#include "habits.hpp"

#include <wdmguid.h>

namespace {

const GUID kCategory = {0x0f3c2c11, 0x3f9a, 0x4a55, {0x9d, 0x1e, 0x5a, 0x2f, 0x8e, 0x77, 0x01, 0x02}};
const GUID kArrival = {0xcb3a4004, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
UNICODE_STRING g_link, g_early;
LONG g_arrivals, g_removals, g_once;
PVOID g_entry, g_leaving;

LONG read(const LONG& count) {
    return *const_cast<const volatile LONG*>(&count);
}

NTSTATUS NTAPI changed(PVOID structure, PVOID context) {
    const auto& change = *static_cast<PDEVICE_INTERFACE_CHANGE_NOTIFICATION>(structure);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK_EQUAL(change.Version, 1);
    CHECK_EQUAL(change.Size, sizeof change);
    CHECK(context == &g_entry);
    CHECK(IsEqualGUIDAligned(change.InterfaceClassGuid, kCategory));
    CHECK(RtlEqualUnicodeString(change.SymbolicLinkName, &g_link, TRUE) ||
          RtlEqualUnicodeString(change.SymbolicLinkName, &g_early, TRUE));
    InterlockedIncrement(IsEqualGUIDAligned(change.Event, kArrival) ? &g_arrivals : &g_removals);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI once(PVOID, PVOID) {
    InterlockedIncrement(&g_once);
    return IoUnregisterPlugPlayNotificationEx(g_leaving);
}

/// Notifications come from another thread.
void wait_for(const LONG& count, LONG wanted) {
    for (ULONG i = 0; i < 100 && read(count) != wanted; ++i) {
        LARGE_INTEGER a_moment;
        a_moment.QuadPart = -10'000;
        KeDelayExecutionThread(KernelMode, FALSE, &a_moment);
    }
    CHECK_EQUAL(read(count), wanted);
}

NTSTATUS register_for(IO_NOTIFICATION_EVENT_CATEGORY category, ULONG flags, const GUID* guid,
                      PDRIVER_NOTIFICATION_CALLBACK_ROUTINE routine, PVOID* entry) {
    return IoRegisterPlugPlayNotification(category, flags, const_cast<GUID*>(guid), g_driver, routine, &g_entry, entry);
}

} // namespace

void notification_begins(PDEVICE_OBJECT pdo) {
    UNICODE_STRING early, late;
    RtlInitUnicodeString(&early, L"Early");
    RtlInitUnicodeString(&late, L"Late");
    CHECK_EQUAL(IoRegisterDeviceInterface(pdo, &kCategory, &early, &g_early), STATUS_SUCCESS);
    CHECK_EQUAL(IoRegisterDeviceInterface(pdo, &kCategory, &late, &g_link), STATUS_SUCCESS);
    CHECK_EQUAL(IoSetDeviceInterfaceState(&g_early, TRUE), STATUS_SUCCESS);
    PVOID entry = &entry;
    CHECK_REFUSES(IoRegisterPlugPlayNotification,
                  register_for(EventCategoryDeviceInterfaceChange, 0, nullptr, changed, &entry),
                  STATUS_INVALID_PARAMETER);
    CHECK(entry == nullptr);
    CHECK_EQUAL(register_for(EventCategoryDeviceInterfaceChange, PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES,
                             &kCategory, changed, &g_entry),
                STATUS_SUCCESS);
    CHECK_EQUAL(read(g_arrivals), 1); // the one that was there, before the call returns
    CHECK_EQUAL(register_for(EventCategoryDeviceInterfaceChange, 0, &kCategory, once, &g_leaving), STATUS_SUCCESS);
    CHECK_EQUAL(read(g_once), 0);
}

void notification_ends(PDEVICE_OBJECT) {
    CHECK_EQUAL(IoSetDeviceInterfaceState(&g_link, TRUE), STATUS_SUCCESS);
    wait_for(g_arrivals, 2);
    CHECK_EQUAL(IoSetDeviceInterfaceState(&g_link, TRUE), STATUS_OBJECT_NAME_EXISTS);
    CHECK_EQUAL(IoSetDeviceInterfaceState(&g_link, FALSE), STATUS_SUCCESS);
    wait_for(g_removals, 1);
    CHECK_EQUAL(read(g_once), 1); // it took itself off the list
    CHECK_EQUAL(IoUnregisterPlugPlayNotification(g_entry), STATUS_SUCCESS);
    CHECK_EQUAL(IoSetDeviceInterfaceState(&g_early, FALSE), STATUS_SUCCESS);
    LARGE_INTEGER a_while;
    a_while.QuadPart = -500'000;
    KeDelayExecutionThread(KernelMode, FALSE, &a_while);
    CHECK_EQUAL(read(g_removals), 1); // nobody is told any more
    CHECK_EQUAL(read(g_arrivals), 2);
}
