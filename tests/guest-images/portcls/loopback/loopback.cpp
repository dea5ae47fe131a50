// SPDX-License-Identifier: MIT
// DriverEntry, and which IRPs are whose: PortCls' dispatch routines are kept and get what is not the control device's.
#include <initguid.h>

#include "loopback.hpp"

using namespace loopback;

namespace {

PDRIVER_UNLOAD g_portcls_unload;
PDRIVER_DISPATCH g_portcls[IRP_MJ_MAXIMUM_FUNCTION + 1];
LONG g_adapters;

/// Ports to start with, which the INF writes beside the device.
ULONG read_ports(PDEVICE_OBJECT device) {
    PDEVICE_OBJECT pdo;
    HANDLE key;
    if (!NT_SUCCESS(PcGetPhysicalDeviceObject(device, &pdo)) ||
        !NT_SUCCESS(IoOpenDeviceRegistryKey(pdo, PLUGPLAY_REGKEY_DRIVER, KEY_READ, &key)))
        return 0;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"Ports");
    union {
        KEY_VALUE_PARTIAL_INFORMATION value;
        UCHAR bytes[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(ULONG)];
    } answer;
    ULONG size, ports = 0;
    const NTSTATUS status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, &answer, sizeof answer, &size);
    ZwClose(key);
    if (NT_SUCCESS(status) && answer.value.Type == REG_DWORD) RtlCopyMemory(&ports, answer.value.Data, sizeof ports);
    return ports;
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    set_adapter(device);
    const ULONG ports = read_ports(device);
    for (ULONG number = 0; number < ports; ++number) {
        const NTSTATUS status = add_port(number, irp, resources);
        if (!NT_SUCCESS(status)) {
            set_adapter(nullptr);
            return status;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    if (g_adapters != 0) return STATUS_DEVICE_ALREADY_ATTACHED; // one bus of ports
    NTSTATUS status = create_control_device(driver);
    if (!NT_SUCCESS(status)) return status;
    status = PcAddAdapterDevice(driver, pdo, start_device, kMostPorts, 0);
    if (NT_SUCCESS(status))
        ++g_adapters;
    else
        delete_control_device();
    return status;
}

NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& stack = *IoGetCurrentIrpStackLocation(irp);
    if (is_control_device(device)) return dispatch_control(irp);
    const UCHAR minor = stack.MinorFunction;
    const bool pnp = stack.MajorFunction == IRP_MJ_PNP;
    if (pnp && (minor == IRP_MN_STOP_DEVICE || minor == IRP_MN_SURPRISE_REMOVAL || minor == IRP_MN_REMOVE_DEVICE))
        set_adapter(nullptr); // before PortCls lets go of it
    if (pnp && minor == IRP_MN_REMOVE_DEVICE) {
        --g_adapters;
        delete_control_device(); // a device object that stays would keep the driver loaded
    }
    return g_portcls[stack.MajorFunction](device, irp);
}

VOID NTAPI unload(PDRIVER_OBJECT driver) {
    DbgPrint("loopback: unload\n");
    if (g_portcls_unload) g_portcls_unload(driver);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    init_ports();
    const NTSTATUS status = PcInitializeAdapterDriver(driver, path, add_device);
    if (!NT_SUCCESS(status)) return status;
    static const UCHAR ours[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE,         IRP_MJ_DEVICE_CONTROL,
                                 IRP_MJ_PNP,    IRP_MJ_POWER,   IRP_MJ_SYSTEM_CONTROL};
    for (UCHAR major : ours) {
        g_portcls[major] = driver->MajorFunction[major];
        driver->MajorFunction[major] = dispatch;
    }
    g_portcls_unload = driver->DriverUnload;
    driver->DriverUnload = unload;
    return STATUS_SUCCESS;
}
