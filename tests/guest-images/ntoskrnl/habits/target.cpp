// SPDX-License-Identifier: MIT
// A driver with a handle on a device, which is its own here, and what it hears when that is to be removed: it refuses
// the first time it is asked, and closes its handle from then on.
#include "habits.hpp"

#include <wdmguid.h>

namespace {

const GUID kCategory = {0x0f3c2c11, 0x3f9a, 0x4a55, {0x9d, 0x1e, 0x5a, 0x2f, 0x8e, 0x77, 0x01, 0x03}};

constexpr GUID target_event(ULONG first) {
    return {first, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
}
const GUID kQueryRemove = target_event(0xcb3a4006);
const GUID kRemoveCancelled = target_event(0xcb3a4007);
const GUID kRemoveComplete = target_event(0xcb3a4008);

UNICODE_STRING g_link;
HANDLE g_handle;
PFILE_OBJECT g_file; // by which we are registered; referenced as long as the handle is open
PVOID g_entry;
ULONG g_asked;

NTSTATUS NTAPI happens(PVOID structure, PVOID context);

void open_and_register() {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &g_link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    IO_STATUS_BLOCK io{};
    CHECK_EQUAL(ZwCreateFile(&g_handle, GENERIC_READ, &attributes, &io, nullptr, FILE_ATTRIBUTE_NORMAL, 0, FILE_OPEN, 0,
                             nullptr, 0),
                STATUS_SUCCESS);
    PVOID object = nullptr;
    CHECK_EQUAL(ObReferenceObjectByHandle(g_handle, 0, *IoFileObjectType, KernelMode, &object, nullptr),
                STATUS_SUCCESS);
    g_file = static_cast<PFILE_OBJECT>(object);
    CHECK_EQUAL(IoRegisterPlugPlayNotification(EventCategoryTargetDeviceChange, 0, g_file, g_driver, happens, &g_file,
                                               &g_entry),
                STATUS_SUCCESS);
}

void close_handle() {
    ObDereferenceObject(g_file);
    ZwClose(g_handle);
    g_handle = nullptr;
}

NTSTATUS NTAPI happens(PVOID structure, PVOID context) {
    const auto& told = *static_cast<PTARGET_DEVICE_REMOVAL_NOTIFICATION>(structure);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK_EQUAL(told.Version, 1);
    CHECK_EQUAL(told.Size, sizeof told);
    CHECK(told.FileObject == g_file);
    CHECK(context == &g_file);
    if (IsEqualGUIDAligned(told.Event, kQueryRemove)) {
        DbgPrint("habits: hears that it may be removed\n");
        if (++g_asked == 1) return STATUS_UNSUCCESSFUL;
        close_handle();
    } else if (IsEqualGUIDAligned(told.Event, kRemoveCancelled)) {
        DbgPrint("habits: hears that it is not\n");
        if (g_handle != nullptr) return STATUS_SUCCESS;
        CHECK_EQUAL(IoUnregisterPlugPlayNotificationEx(g_entry), STATUS_SUCCESS);
        open_and_register();
    } else if (IsEqualGUIDAligned(told.Event, kRemoveComplete)) {
        DbgPrint("habits: hears that it is gone\n");
        if (g_handle != nullptr) close_handle(); // nobody had asked
        CHECK_EQUAL(IoUnregisterPlugPlayNotificationEx(g_entry), STATUS_SUCCESS);
    } else {
        DbgPrint("habits: FAILED: event %08x\n", told.Event.Data1);
    }
    return STATUS_SUCCESS;
}

} // namespace

void target_wrong() {
    PVOID entry = &entry;
    const auto ask = [&](IO_NOTIFICATION_EVENT_CATEGORY category, PVOID data,
                         PDRIVER_NOTIFICATION_CALLBACK_ROUTINE routine) {
        return IoRegisterPlugPlayNotification(category, 0, data, g_driver, routine, nullptr, &entry);
    };
    CHECK_REFUSES(IoRegisterPlugPlayNotification, ask(EventCategoryTargetDeviceChange, nullptr, happens),
                  STATUS_INVALID_PARAMETER);
    CHECK_REFUSES(IoRegisterPlugPlayNotification, ask(EventCategoryTargetDeviceChange, &entry, nullptr),
                  STATUS_INVALID_PARAMETER);
    CHECK_REFUSES(IoRegisterPlugPlayNotification, ask(static_cast<IO_NOTIFICATION_EVENT_CATEGORY>(99), &entry, happens),
                  STATUS_INVALID_PARAMETER);
    CHECK(entry == nullptr);
    PDEVICE_OBJECT device; // on no stack of the PnP manager's
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device), STATUS_SUCCESS);
    FILE_OBJECT file{};
    file.DeviceObject = device;
    CHECK_REFUSES(IoRegisterPlugPlayNotification, ask(EventCategoryTargetDeviceChange, &file, happens),
                  STATUS_NO_SUCH_DEVICE);
    CHECK_EQUAL(ask(EventCategoryHardwareProfileChange, nullptr, happens), STATUS_SUCCESS);
    CHECK_EQUAL(IoUnregisterPlugPlayNotification(entry), STATUS_SUCCESS);
    IoDeleteDevice(device);
}

void target_begins(PDEVICE_OBJECT pdo) {
    if (g_link.Buffer != nullptr) RtlFreeUnicodeString(&g_link);
    CHECK_EQUAL(IoRegisterDeviceInterface(pdo, &kCategory, nullptr, &g_link), STATUS_SUCCESS);
    CHECK_EQUAL(IoSetDeviceInterfaceState(&g_link, TRUE), STATUS_SUCCESS);
    open_and_register();
}
