// SPDX-License-Identifier: MIT
// power.sys: takes each of its devices through D-states while it starts, and prints what the request came back with and
// what the device's first two ports then read. power_test.py compares that with the event log.
#include "module/ddk.hpp"

namespace {

struct Extension {
    PDEVICE_OBJECT pdo;
    PDEVICE_OBJECT below;
};

struct Answer {
    KEVENT come;
    NTSTATUS status;
};

Extension& extension_of(PDEVICE_OBJECT device) {
    return *static_cast<Extension*>(device->DeviceExtension);
}

VOID NTAPI answered(PDEVICE_OBJECT, UCHAR, POWER_STATE, PVOID context, PIO_STATUS_BLOCK result) {
    auto* answer = static_cast<Answer*>(context);
    answer->status = result->Status;
    KeSetEvent(&answer->come, IO_NO_INCREMENT, FALSE);
}

NTSTATUS request(PDEVICE_OBJECT pdo, UCHAR minor, ULONG device_state) {
    Answer answer;
    KeInitializeEvent(&answer.come, NotificationEvent, FALSE);
    POWER_STATE state;
    state.DeviceState = static_cast<DEVICE_POWER_STATE>(device_state);
    const NTSTATUS status = PoRequestPowerIrp(pdo, minor, state, answered, &answer, nullptr);
    if (status != STATUS_PENDING) return status;
    KeWaitForSingleObject(&answer.come, Executive, KernelMode, FALSE, nullptr);
    return answer.status;
}

void walk(PDEVICE_OBJECT pdo, const CM_RESOURCE_LIST& resources) {
    const CM_PARTIAL_RESOURCE_DESCRIPTOR& ports = resources.List[0].PartialResourceList.PartialDescriptors[0];
    auto* base = reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(ports.u.Port.Start.QuadPart));
    static const struct {
        UCHAR minor;
        ULONG state;
    } kSteps[] = {{IRP_MN_SET_POWER, PowerDeviceD3},          {IRP_MN_QUERY_POWER, PowerDeviceD0},
                  {IRP_MN_SET_POWER, PowerDeviceD0},          {IRP_MN_SET_POWER, PowerDeviceD1},
                  {IRP_MN_SET_POWER, PowerDeviceUnspecified}, {IRP_MN_SET_POWER, PowerDeviceMaximum},
                  {IRP_MN_SET_POWER, PowerDeviceD3},          {IRP_MN_SET_POWER, PowerDeviceD0}};
    for (const auto& step : kSteps) {
        const NTSTATUS status = request(pdo, step.minor, step.state);
        const UCHAR first = READ_PORT_UCHAR(base);
        const UCHAR second = READ_PORT_UCHAR(base + 1);
        DbgPrint("power: %s %u is %08x, reads %02x %02x\n", step.minor == IRP_MN_SET_POWER ? "set" : "query",
                 step.state, static_cast<ULONG>(status), first, second);
    }
}

NTSTATUS NTAPI pass_down(PDEVICE_OBJECT device, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IofCallDriver(extension_of(device).below, irp);
}

NTSTATUS NTAPI pnp(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    if (location.MinorFunction == IRP_MN_START_DEVICE) {
        walk(extension_of(device).pdo, *location.Parameters.StartDevice.AllocatedResourcesTranslated);
    }
    return pass_down(device, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    PDEVICE_OBJECT device = nullptr;
    const NTSTATUS status = IoCreateDevice(driver, sizeof(Extension), nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    extension_of(device) = {pdo, IoAttachDeviceToDeviceStack(device, pdo)};
    device->Flags |= DO_POWER_PAGABLE;
    device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    driver->MajorFunction[IRP_MJ_POWER] = pass_down;
    return STATUS_SUCCESS;
}
