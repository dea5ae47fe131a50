// SPDX-License-Identifier: MIT
#include "habits.hpp"

#include "../../support/irps.hpp"

#include <initializer_list>

PDRIVER_OBJECT g_driver;

namespace {

bool g_started;

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
        if (!g_started) {
            g_started = true;
            DbgPrint("habits: case notification\n");
            notification_begins(extension.pdo);
            notification_ends(extension.pdo);
            DbgPrint("habits: case target\n");
            target_wrong();
        }
        target_begins(extension.pdo);
        DbgPrint("habits: all cases ran\n");
    } else if (minor == IRP_MN_QUERY_REMOVE_DEVICE || minor == IRP_MN_CANCEL_REMOVE_DEVICE ||
               minor == IRP_MN_SURPRISE_REMOVAL || minor == IRP_MN_REMOVE_DEVICE) {
        DbgPrint("habits: minor %u\n", minor);
    }
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(irp);
    if (minor != IRP_MN_REMOVE_DEVICE) return IoCallDriver(extension.below, irp);
    const NTSTATUS status = IoCallDriver(extension.below, irp);
    IoDetachDevice(extension.below);
    IoDeleteDevice(device);
    return status;
}

/// Opens and closes of the device, which all succeed.
NTSTATUS NTAPI succeed(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, STATUS_SUCCESS);
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
    for (ULONG major : {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE})
        driver->MajorFunction[major] = succeed;
    static const Case cases[] = {{"contiguous_memory", contiguous_memory},
                                 {"pages_for_an_mdl", pages_for_an_mdl},
                                 {"quota_pool", quota_pool},
                                 {"extended_state", extended_state},
                                 {"tracing", tracing},
                                 {"secure_device", secure_device}};
    run_cases(cases);
    return STATUS_SUCCESS;
}
