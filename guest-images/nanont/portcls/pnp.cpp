// SPDX-License-Identifier: MIT
// IRP_MJ_PNP: what PortCls owes the system and the driver (reference portcls-midi.md §1.2, §1.5).
#include "adapter.hpp"
#include "held_power.hpp"
#include "resource_list.hpp"

#include <mpulab_codes.h>

namespace portcls {
namespace {

NTSTATUS pass_down(Adapter& adapter, PIRP irp) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(adapter.lower, irp);
}

NTSTATUS start(Adapter& adapter, PIRP irp) {
    NTSTATUS status = PcForwardIrpSynchronous(adapter.fdo, irp);
    if (!NT_SUCCESS(status)) return complete(irp, status);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    PRESOURCELIST resources = nullptr;
    status = new_resource_list(stack->Parameters.StartDevice.AllocatedResourcesTranslated,
                               stack->Parameters.StartDevice.AllocatedResources, &resources);
    if (!NT_SUCCESS(status)) return complete(irp, status);
    irp->IoStatus.Status = STATUS_SUCCESS;
    adapter.object_count = 0;
    trace::Call call(MPULAB_CALLBACK_StartDevice);
    status = call.run(adapter.start, adapter.fdo, irp, resources);
    check_extension(adapter.fdo);
    if (status == STATUS_PENDING) {
        DbgPrint(
            "portcls.sys: StartDevice returned STATUS_PENDING: it must finish its work and return a final status\n");
        status = STATUS_INVALID_DEVICE_STATE;
    }
    resources->Release();
    if (NT_SUCCESS(status)) {
        adapter.started = true;
        adapter.d_state = PowerDeviceD0;
    } else
        release_subdevices(adapter);
    return complete(irp, status);
}

void notify(Adapter& adapter, ULONG notice, void (STDMETHODCALLTYPE IAdapterPnpManagement::*method)()) {
    if (!adapter.pnp) return;
    trace::Call call(MPULAB_CALLBACK_PnpNotify, notice);
    call.begin(*adapter.pnp, method);
    call.leave();
}

/** Miniports first, then the adapter, "after stopping all Ioctl operations" (IAdapterPnpManagement::PnpStop). */
void tell_of_stop(Adapter& adapter) {
    {
        ControlGuard guard(adapter.lock);
        for (LIST_ENTRY* at = adapter.ports.Flink; at != &adapter.ports; at = at->Flink)
            CONTAINING_RECORD(at, KnownPort, link)->port->pnp_stop();
    }
    notify(adapter, MPULAB_PNP_STOP, &IAdapterPnpManagement::PnpStop);
}

bool streams_open(Adapter& adapter) {
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.ports.Flink; at != &adapter.ports; at = at->Flink)
        if (CONTAINING_RECORD(at, KnownPort, link)->port->has_pins()) return true;
    return false;
}

/** Streams lose their hardware. Whether Windows lets it come to that is not documented (reference §1.5). An adapter
 * that manages its PnP is asked whether it can be rebalanced, and hears of the stop "just before succeeding the
 * QueryStop IRP" (IAdapterPnpManagement). */
NTSTATUS query_stop(Adapter& adapter, PIRP irp) {
    if (streams_open(adapter) && trace::choose(NANONT_CHOICE_STOP_STREAMS) == 0)
        return complete(irp, STATUS_UNSUCCESSFUL);
    if (!adapter.pnp) return pass_down(adapter, irp);
    trace::Call call(MPULAB_CALLBACK_PnpNotify, MPULAB_PNP_REBALANCE_TYPE);
    const PC_REBALANCE_TYPE type = call.begin(*adapter.pnp, &IAdapterPnpManagement::GetSupportedRebalanceType);
    call.leave(STATUS_SUCCESS, type);
    if (type != PcRebalanceRemoveSubdevices) return complete(irp, STATUS_UNSUCCESSFUL);
    notify(adapter, MPULAB_PNP_QUERY_STOP, &IAdapterPnpManagement::PnpQueryStop);
    return pass_down(adapter, irp);
}

/** "while processing the CancelStop IRP": the bus' turn comes first, as for everything that brings a device back. */
NTSTATUS cancel_stop(Adapter& adapter, PIRP irp) {
    if (!adapter.pnp) return pass_down(adapter, irp);
    NTSTATUS status = PcForwardIrpSynchronous(adapter.fdo, irp);
    notify(adapter, MPULAB_PNP_CANCEL_STOP, &IAdapterPnpManagement::PnpCancelStop);
    return complete(irp, status);
}

/** The bus' answer first; then an adapter that manages its power may edit it. */
NTSTATUS query_capabilities(Adapter& adapter, PIRP irp) {
    NTSTATUS status = PcForwardIrpSynchronous(adapter.fdo, irp);
    if (const HeldPower power(adapter); NT_SUCCESS(status) && power) {
        auto* capabilities = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceCapabilities.Capabilities;
        trace::Call call(MPULAB_CALLBACK_QueryDeviceCapabilities);
        call.run(*power, &IAdapterPowerManagement::QueryDeviceCapabilities,
                 capabilities); // its status says nothing (reference §1.4)
    }
    return complete(irp, status);
}

NTSTATUS stop(Adapter& adapter, PIRP irp) {
    adapter.started = false;
    disable_interfaces(adapter);
    tell_of_stop(adapter);
    release_subdevices(adapter); // the next StartDevice makes them again
    return pass_down(adapter, irp);
}

/** The hardware is gone, the FDO is not: opens fail, streams end, the driver's objects stay until REMOVE. */
NTSTATUS surprise_removal(Adapter& adapter, PIRP irp) {
    adapter.gone = true;
    disable_interfaces(adapter);
    {
        ControlGuard guard(adapter.lock);
        for (LIST_ENTRY* at = adapter.ports.Flink; at != &adapter.ports; at = at->Flink)
            CONTAINING_RECORD(at, KnownPort, link)->port->surprise_removed();
    }
    return pass_down(adapter, irp);
}

void release_pnp_management(Adapter& adapter) {
    if (!adapter.pnp) return;
    adapter.pnp->Release();
    adapter.pnp = nullptr;
}

NTSTATUS remove(Adapter* adapter, PIRP irp) {
    adapter->gone = true;
    adapter->started = false;
    disable_interfaces(*adapter);
    release_subdevices(*adapter);
    stop_timeouts(*adapter);
    if (!trace::expect(73, !adapter->power, 1, 0, "V73 adapter power management still registered at REMOVE")) {
        release_power_management(*adapter);
    }
    release_pnp_management(*adapter);
    NTSTATUS status = pass_down(*adapter, irp);
    PDEVICE_OBJECT fdo = adapter->fdo;
    check_extension(fdo);
    IoDetachDevice(adapter->lower);
    Extension& extension = extension_of(fdo);
    KSDEVICE_HEADER header = extension.header;
    extension.adapter = nullptr;
    extension.header = nullptr;
    KsFreeDeviceHeader(header);
    adapter->magic = 0;
    ExFreePoolWithTag(adapter, kObjectTag.value);
    IoDeleteDevice(fdo); // lives on while a file is open on it
    return status;
}

} // namespace

NTSTATUS dispatch_pnp(Adapter& adapter, PIRP irp) {
    switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return start(adapter, irp);
    case IRP_MN_QUERY_STOP_DEVICE:
        return query_stop(adapter, irp);
    case IRP_MN_QUERY_CAPABILITIES:
        return query_capabilities(adapter, irp);
    case IRP_MN_CANCEL_STOP_DEVICE:
        return cancel_stop(adapter, irp);
    case IRP_MN_STOP_DEVICE:
        return stop(adapter, irp);
    case IRP_MN_QUERY_REMOVE_DEVICE: // who opens it now would hold up, or outlive, the removal that was granted
        adapter.remove_pending = true;
        return pass_down(adapter, irp);
    case IRP_MN_CANCEL_REMOVE_DEVICE: // comes too when a driver below has refused the query
        adapter.remove_pending = false;
        return pass_down(adapter, irp);
    case IRP_MN_SURPRISE_REMOVAL:
        return surprise_removal(adapter, irp);
    case IRP_MN_REMOVE_DEVICE:
        return remove(&adapter, irp);
    default: // not ours to answer: the status stays as it is
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(adapter.lower, irp);
    }
}

} // namespace portcls

using namespace portcls;

/** The object must answer IID_IAdapterPnpManagement (STATUS_INVALID_PARAMETER else); STATUS_INVALID_DEVICE_STATE: there
 * is one already. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterAdapterPnpManagement(PUNKNOWN unknown, PDEVICE_OBJECT device) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !unknown) return STATUS_INVALID_PARAMETER;
    if (adapter->pnp) return STATUS_INVALID_DEVICE_STATE;
    adapter->pnp = query<IAdapterPnpManagement>(unknown, IID_IAdapterPnpManagement).detach();
    return adapter->pnp ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/** STATUS_INVALID_DEVICE_STATE: nothing is registered. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcUnregisterAdapterPnpManagement(PDEVICE_OBJECT device) {
    Adapter* adapter = adapter_of(device);
    if (!adapter) return STATUS_INVALID_PARAMETER;
    if (!adapter->pnp) return STATUS_INVALID_DEVICE_STATE;
    release_pnp_management(*adapter);
    return STATUS_SUCCESS;
}
