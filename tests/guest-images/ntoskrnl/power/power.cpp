// SPDX-License-Identifier: MIT
// power.sys: takes each of its devices through D-states while it starts, and prints what the request came back with and
// what the device's first two ports then read. power_test.py compares that with the event log.
#include "module/ddk.hpp"

#include <initializer_list>

namespace {

struct Extension {
    PDEVICE_OBJECT pdo;
    PDEVICE_OBJECT below;
    ULONG starts;
};

KIRQL highest_power_irql; // at which a power IRP came, since it was last set

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

NTSTATUS request(PDEVICE_OBJECT pdo, UCHAR minor, ULONG device_state, KIRQL irql = PASSIVE_LEVEL) {
    Answer answer;
    KeInitializeEvent(&answer.come, NotificationEvent, FALSE);
    POWER_STATE state;
    state.DeviceState = static_cast<DEVICE_POWER_STATE>(device_state);
    KIRQL before;
    KeRaiseIrql(irql, &before);
    const NTSTATUS status = PoRequestPowerIrp(pdo, minor, state, answered, &answer, nullptr);
    KeLowerIrql(before);
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

/// Asked at DISPATCH_LEVEL, of a pageable stack (whose drivers must not be called there) and of one that is not; then
/// what is no power IRP.
void from_dispatch_level(PDEVICE_OBJECT device, PDEVICE_OBJECT pdo) {
    for (const bool pageable : {true, false}) {
        device->Flags &= ~ULONG{DO_POWER_PAGABLE};
        if (pageable) device->Flags |= DO_POWER_PAGABLE;
        for (const ULONG state : {PowerDeviceD3, PowerDeviceD0}) {
            highest_power_irql = PASSIVE_LEVEL;
            const NTSTATUS status = request(pdo, IRP_MN_SET_POWER, state, DISPATCH_LEVEL);
            DbgPrint("power: asked at dispatch, %s: set %u is %08x, came at %u\n",
                     pageable ? "pageable" : "not pageable", state, static_cast<ULONG>(status), highest_power_irql);
        }
    }
    device->Flags |= DO_POWER_PAGABLE;
    DbgPrint("power: sequence is %08x\n", static_cast<ULONG>(request(pdo, IRP_MN_POWER_SEQUENCE, PowerDeviceD0)));
}

VOID NTAPI wait_for_event(PDEVICE_OBJECT, PVOID context) {
    KeWaitForSingleObject(context, Executive, KernelMode, FALSE, nullptr);
}

/// Power IRPs need no thread of the work queues: here all of those wait.
void while_workers_wait(PDEVICE_OBJECT device, PDEVICE_OBJECT pdo) {
    KEVENT let_go;
    KeInitializeEvent(&let_go, NotificationEvent, FALSE);
    PIO_WORKITEM items[4] = {};
    for (PIO_WORKITEM& item : items) {
        item = IoAllocateWorkItem(device);
        if (item) IoQueueWorkItem(item, wait_for_event, DelayedWorkQueue, &let_go);
    }
    const NTSTATUS down = request(pdo, IRP_MN_SET_POWER, PowerDeviceD3, DISPATCH_LEVEL);
    const NTSTATUS up = request(pdo, IRP_MN_SET_POWER, PowerDeviceD0, DISPATCH_LEVEL);
    DbgPrint("power: while workers wait: %08x %08x\n", static_cast<ULONG>(down), static_cast<ULONG>(up));
    KeSetEvent(&let_go, IO_NO_INCREMENT, FALSE);
    LARGE_INTEGER moment;
    moment.QuadPart = -20'000; // the last of them is through
    KeDelayExecutionThread(KernelMode, FALSE, &moment);
    for (PIO_WORKITEM item : items)
        if (item) IoFreeWorkItem(item);
}

NTSTATUS NTAPI power(PDEVICE_OBJECT device, PIRP irp) {
    highest_power_irql = KeGetCurrentIrql() > highest_power_irql ? KeGetCurrentIrql() : highest_power_irql;
    IoSkipCurrentIrpStackLocation(irp);
    return PoCallDriver(extension_of(device).below, irp);
}

/// BusRelations makes the PnP manager ask; the others do not.
void invalidate_relations(PDEVICE_OBJECT pdo) {
    IoInvalidateDeviceRelations(pdo, EjectionRelations);
    IoInvalidateDeviceRelations(pdo, PowerRelations);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    IoInvalidateDeviceRelations(pdo, BusRelations);
    IoInvalidateDeviceRelations(pdo, BusRelations); // one question answers both
    KeLowerIrql(before);
}

/// What it was told last comes back; another type than the device's is none of its.
void set_power_state(PDEVICE_OBJECT device) {
    const auto set = [device](POWER_STATE_TYPE type, DEVICE_POWER_STATE to) {
        POWER_STATE state;
        state.DeviceState = to;
        return static_cast<ULONG>(PoSetPowerState(device, type, state).DeviceState);
    };
    const ULONG first = set(DevicePowerState, PowerDeviceD3), second = set(DevicePowerState, PowerDeviceD1);
    const ULONG other = set(SystemPowerState, PowerDeviceD2);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    const ULONG third = set(DevicePowerState, PowerDeviceD0);
    KeLowerIrql(before);
    DbgPrint("power: PoSetPowerState %u %u %u, of another type %u\n", first, second, third, other);
}

NTSTATUS NTAPI pass_down(PDEVICE_OBJECT device, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IofCallDriver(extension_of(device).below, irp);
}

NTSTATUS NTAPI pnp(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    if (location.MinorFunction == IRP_MN_START_DEVICE) {
        walk(extension_of(device).pdo, *location.Parameters.StartDevice.AllocatedResourcesTranslated);
        from_dispatch_level(device, extension_of(device).pdo);
        invalidate_relations(extension_of(device).pdo);
        set_power_state(device);
        while_workers_wait(device, extension_of(device).pdo);
        if (++extension_of(device).starts == 1) IoInvalidateDeviceState(extension_of(device).pdo);
    } else if (location.MinorFunction == IRP_MN_QUERY_PNP_DEVICE_STATE) { // it never stops saying so
        irp->IoStatus.Information |= PNP_DEVICE_RESOURCE_REQUIREMENTS_CHANGED;
        irp->IoStatus.Status = STATUS_SUCCESS;
    } else if (location.MinorFunction == IRP_MN_QUERY_STOP_DEVICE || location.MinorFunction == IRP_MN_STOP_DEVICE) {
        DbgPrint("power: minor function %u\n", location.MinorFunction);
        irp->IoStatus.Status = STATUS_SUCCESS;
    } else if (location.MinorFunction == IRP_MN_QUERY_DEVICE_RELATIONS) {
        DbgPrint("power: relations of type %u are asked for\n", location.Parameters.QueryDeviceRelations.Type);
    }
    return pass_down(device, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    PDEVICE_OBJECT device = nullptr;
    const NTSTATUS status = IoCreateDevice(driver, sizeof(Extension), nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    extension_of(device) = {pdo, IoAttachDeviceToDeviceStack(device, pdo), 0};
    device->Flags |= DO_POWER_PAGABLE;
    device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    driver->MajorFunction[IRP_MJ_POWER] = power;
    return STATUS_SUCCESS;
}
