// SPDX-License-Identifier: MIT
// Device power (reference portcls-midi.md §1.4): down, the streams and the driver hear of it before the bus does; up,
// after it. System power IRPs are passed down; turning them into device ones is the power manager's policy, not here.
#include "adapter.hpp"

namespace portcls {
namespace {

void tell_ports(Adapter& adapter, POWER_STATE state, bool going_down) {
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.ports.Flink; at != &adapter.ports; at = at->Flink)
        CONTAINING_RECORD(at, KnownPort, link)->port->power_changed(state, going_down);
}

void tell_adapter(Adapter& adapter, POWER_STATE state) {
    if (!adapter.power) return;
    trace::Call call(MPULAB_CALLBACK_PowerChangeNotify, state.DeviceState);
    adapter.power->PowerChangeState(state);
    call.leave();
}

NTSTATUS pass_down(Adapter& adapter, PIRP irp) {
    PoStartNextPowerIrp(irp);
    IoSkipCurrentIrpStackLocation(irp);
    return PoCallDriver(adapter.lower, irp);
}

NTSTATUS set_device_power(Adapter& adapter, PIRP irp, POWER_STATE state) {
    if (KeGetCurrentIrql() != PASSIVE_LEVEL) {
        DbgPrint("portcls.sys: SET_POWER at IRQL %u: the FDO asked for PASSIVE_LEVEL (DO_POWER_PAGABLE)\n",
                 KeGetCurrentIrql());
        PoStartNextPowerIrp(irp);
        return complete(irp, STATUS_INVALID_DEVICE_STATE);
    }
    if (state.DeviceState != PowerDeviceD0) {
        tell_ports(adapter, state, true);
        tell_adapter(adapter, state);
        PoSetPowerState(adapter.fdo, DevicePowerState, state);
        return pass_down(adapter, irp);
    }
    NTSTATUS status = PcForwardIrpSynchronous(adapter.fdo, irp);
    if (NT_SUCCESS(status)) {
        PoSetPowerState(adapter.fdo, DevicePowerState, state);
        tell_adapter(adapter, state);
        tell_ports(adapter, state, false);
    }
    PoStartNextPowerIrp(irp);
    return complete(irp, status);
}

} // namespace

NTSTATUS dispatch_power(Adapter& adapter, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    bool device = stack->Parameters.Power.Type == DevicePowerState;
    if (device && stack->MinorFunction == IRP_MN_SET_POWER && adapter.started)
        return set_device_power(adapter, irp, stack->Parameters.Power.State);
    if (device && stack->MinorFunction == IRP_MN_QUERY_POWER && adapter.power) {
        NTSTATUS status = adapter.power->QueryPowerChangeState(stack->Parameters.Power.State);
        if (!NT_SUCCESS(status)) {
            PoStartNextPowerIrp(irp);
            return complete(irp, status);
        }
    }
    return pass_down(adapter, irp);
}

} // namespace portcls

using namespace portcls;

/** `context` is the FDO. The object must answer IID_IAdapterPowerManagement. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterAdapterPowerManagement(PUNKNOWN unknown, PVOID context) {
    Adapter* adapter = adapter_of(static_cast<PDEVICE_OBJECT>(context));
    if (!adapter || !unknown || !at_passive("V01 PcRegisterAdapterPowerManagement above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    if (adapter->power) {
        trace::finding(73, 1, 0, "V73 adapter power management registered twice");
        return STATUS_INVALID_DEVICE_STATE;
    }
    auto power = query<IAdapterPowerManagement>(unknown, IID_IAdapterPowerManagement);
    if (!power) return STATUS_INVALID_PARAMETER;
    adapter->power = power.detach();
    return STATUS_SUCCESS;
}

PORTCLASSAPI NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT device) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !at_passive("V01 PcUnregisterAdapterPowerManagement above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    if (!adapter->power) return STATUS_INVALID_DEVICE_STATE;
    adapter->power->Release();
    adapter->power = nullptr;
    return STATUS_SUCCESS;
}
