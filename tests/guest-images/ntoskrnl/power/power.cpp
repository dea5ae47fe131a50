// SPDX-License-Identifier: MIT
// power.sys: a plain WDM function driver. Once started it puts its card into D3 and back, by PoRequestPowerIrp, and
// prints what STATUS reads before, in between and after. power_test.py reads the lines.
#include "module/ddk.hpp"

namespace {

struct Device {
    PDEVICE_OBJECT self;
    PDEVICE_OBJECT lower;
    PDEVICE_OBJECT pdo;
    PUCHAR status_port;
};

struct Done {
    KEVENT event;
    NTSTATUS status;
};

Device& device_of(PDEVICE_OBJECT object) {
    return *static_cast<Device*>(object->DeviceExtension);
}

NTSTATUS NTAPI set_event(PDEVICE_OBJECT, PIRP, PVOID event) {
    KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

void NTAPI powered(PDEVICE_OBJECT, UCHAR, POWER_STATE, PVOID context, PIO_STATUS_BLOCK result) {
    auto& done = *static_cast<Done*>(context);
    done.status = result->Status;
    KeSetEvent(&done.event, IO_NO_INCREMENT, FALSE);
}

void go_to(Device& device, DEVICE_POWER_STATE wanted) {
    Done done{};
    KeInitializeEvent(&done.event, NotificationEvent, FALSE);
    POWER_STATE state{};
    state.DeviceState = wanted;
    const NTSTATUS asked = PoRequestPowerIrp(device.pdo, IRP_MN_SET_POWER, state, powered, &done, nullptr);
    if (asked == STATUS_PENDING) KeWaitForSingleObject(&done.event, Executive, KernelMode, FALSE, nullptr);
    DbgPrint("power: to D%d: 0x%08x, 0x%08x\n", wanted - PowerDeviceD0, asked, done.status);
}

void say_status(const Device& device) {
    DbgPrint("power: STATUS 0x%02x\n", READ_PORT_UCHAR(device.status_port));
}

void find_port(Device& device, const CM_RESOURCE_LIST& resources) {
    const CM_PARTIAL_RESOURCE_LIST& list = resources.List[0].PartialResourceList;
    for (ULONG i = 0; i < list.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& one = list.PartialDescriptors[i];
        if (one.Type == CmResourceTypePort) device.status_port = reinterpret_cast<PUCHAR>(one.u.Port.Start.QuadPart + 1);
    }
}

NTSTATUS NTAPI pnp(PDEVICE_OBJECT object, PIRP irp) {
    Device& device = device_of(object);
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    if (location.MinorFunction != IRP_MN_START_DEVICE) {
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(device.lower, irp);
    }
    find_port(device, *location.Parameters.StartDevice.AllocatedResourcesTranslated);
    KEVENT started;
    KeInitializeEvent(&started, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, set_event, &started, TRUE, TRUE, TRUE);
    IoCallDriver(device.lower, irp);
    KeWaitForSingleObject(&started, Executive, KernelMode, FALSE, nullptr);
    say_status(device);
    go_to(device, PowerDeviceD3);
    say_status(device);
    go_to(device, PowerDeviceD0);
    say_status(device);
    const NTSTATUS status = irp->IoStatus.Status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS NTAPI power(PDEVICE_OBJECT object, PIRP irp) {
    PoStartNextPowerIrp(irp);
    IoSkipCurrentIrpStackLocation(irp);
    return PoCallDriver(device_of(object).lower, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    PDEVICE_OBJECT object = nullptr;
    const NTSTATUS status = IoCreateDevice(driver, sizeof(Device), nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &object);
    if (!NT_SUCCESS(status)) return status;
    device_of(object) = {object, IoAttachDeviceToDeviceStack(object, pdo), pdo, nullptr};
    object->Flags = (object->Flags | DO_POWER_PAGABLE) & ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    driver->MajorFunction[IRP_MJ_POWER] = power;
    return STATUS_SUCCESS;
}
