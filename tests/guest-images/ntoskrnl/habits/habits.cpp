// SPDX-License-Identifier: MIT
#include "habits.hpp"

PDRIVER_OBJECT g_driver;

namespace {

struct Extension {
    PDEVICE_OBJECT pdo, below;
};

Extension& extension_of(PDEVICE_OBJECT device) {
    return *static_cast<Extension*>(device->DeviceExtension);
}

NTSTATUS NTAPI pnp(PDEVICE_OBJECT device, PIRP irp) {
    Extension& extension = extension_of(device);
    const UCHAR minor = IoGetCurrentIrpStackLocation(irp)->MinorFunction;
    if (minor == IRP_MN_START_DEVICE) {
        DbgPrint("habits: case notification\n");
        notification_begins(extension.pdo);
        notification_ends(extension.pdo);
        DbgPrint("habits: all cases ran\n");
    }
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(extension.below, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, sizeof(Extension), nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    extension_of(device) = {pdo, IoAttachDeviceToDeviceStack(device, pdo)};
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    g_driver = driver;
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    static const struct {
        const char* name;
        void (*run)();
    } cases[] = {{"contiguous_memory", contiguous_memory},
                 {"pages_for_an_mdl", pages_for_an_mdl},
                 {"quota_pool", quota_pool},
                 {"extended_state", extended_state},
                 {"tracing", tracing},
                 {"secure_device", secure_device}};
    for (const auto& one : cases) {
        DbgPrint("habits: case %s\n", one.name);
        one.run();
        CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    }
    return STATUS_SUCCESS;
}
