// SPDX-License-Identifier: MIT
// Device power (reference portcls-midi.md §1.4): down, the streams and the driver hear of it before the bus does; up,
// after it. The FDO owns the device's power policy: a system power IRP becomes a device one, D3 for every sleeping
// state and D0 for the working one ("Handling System Set-Power Requests in a Device Power Policy Owner").
#include "held_power.hpp"
#include "selftest.hpp"

#include "module/windows.hpp"

namespace portcls {
namespace {

void tell_ports(Adapter& adapter, POWER_STATE state, bool going_down) {
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.ports.Flink; at != &adapter.ports; at = at->Flink)
        CONTAINING_RECORD(at, KnownPort, link)->port->power_changed(state, going_down);
}

/** By the newest method the object has. A latency is told only of leaving D3 ("If the device is not going into its new
 * state from PowerDeviceD3 …", IAdapterPowerManagement3::PowerChangeState3). `was`: the state it comes from. */
void tell_adapter(Adapter& adapter, POWER_STATE state, DEVICE_POWER_STATE was) {
    const HeldPower power(adapter);
    if (!power) return;
    trace::Call call(MPULAB_CALLBACK_PowerChangeNotify, state.DeviceState);
    if (power.version() >= 3)
        call.begin(*power.as<IAdapterPowerManagement3>(), &IAdapterPowerManagement3::PowerChangeState3,
                   state.DeviceState, adapter.system_state,
                   was == PowerDeviceD3 ? adapter.exit_latency : PcExitLatencyInstant);
    else if (power.version() == 2)
        call.begin(*power.as<IAdapterPowerManagement2>(), &IAdapterPowerManagement2::PowerChangeState2,
                   state.DeviceState, adapter.system_state);
    else
        call.begin(*power, &IAdapterPowerManagement::PowerChangeState, state);
    call.leave();
}

/** The device is in D3 and the system asleep: the adapter may hear that it has more time to come back. */
void relax_latency(Adapter& adapter) {
    const HeldPower power(adapter);
    if (power.version() < 3 || adapter.d_state != PowerDeviceD3 || adapter.system_state == PowerSystemWorking ||
        adapter.exit_latency != PcExitLatencyInstant || trace::choose(NANONT_CHOICE_D3_EXIT_LATENCY) == 0)
        return;
    adapter.exit_latency = PcExitLatencyResponsive;
    trace::Call call(MPULAB_CALLBACK_PowerChangeNotify, PowerDeviceD3);
    const NTSTATUS status = call.run(*power.as<IAdapterPowerManagement3>(),
                                     &IAdapterPowerManagement3::D3ExitLatencyChanged, adapter.exit_latency);
    if (!NT_SUCCESS(status)) DbgPrint("portcls.sys: D3ExitLatencyChanged failed: 0x%08x\n", status);
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
    const bool down = state.DeviceState != PowerDeviceD0;
    if (down && adapter.d_state != state.DeviceState) tell_ports(adapter, state, true);
    if (down) {
        tell_adapter(adapter, state, adapter.d_state);
        adapter.d_state = state.DeviceState;
        relax_latency(adapter);
        PoSetPowerState(adapter.fdo, DevicePowerState, state);
        return pass_down(adapter, irp);
    }
    NTSTATUS status = PcForwardIrpSynchronous(adapter.fdo, irp);
    if (NT_SUCCESS(status)) {
        PoSetPowerState(adapter.fdo, DevicePowerState, state);
        const DEVICE_POWER_STATE was = adapter.d_state;
        adapter.d_state = PowerDeviceD0;
        tell_adapter(adapter, state, was);
        adapter.exit_latency = PcExitLatencyInstant;
        if (was != PowerDeviceD0) tell_ports(adapter, state, false);
    }
    PoStartNextPowerIrp(irp);
    return complete(irp, status);
}

DEVICE_POWER_STATE device_state_for(SYSTEM_POWER_STATE state) {
    return state == PowerSystemWorking ? PowerDeviceD0 : PowerDeviceD3;
}

/** The device is down: now the system's request may go down. Any IRQL up to DISPATCH_LEVEL. */
VOID NTAPI device_is_down(PDEVICE_OBJECT device, UCHAR, POWER_STATE, PVOID context, PIO_STATUS_BLOCK) {
    auto irp = static_cast<PIRP>(context);
    if (Adapter* adapter = adapter_of(device)) {
        pass_down(*adapter, irp);
        return;
    }
    PoStartNextPowerIrp(irp);
    complete(irp, STATUS_DELETE_PENDING);
}

NTSTATUS system_goes_down(Adapter& adapter, PIRP irp, SYSTEM_POWER_STATE state) {
    adapter.system_state = state;
    if (!adapter.started || adapter.d_state != PowerDeviceD0) {
        relax_latency(adapter);
        return pass_down(adapter, irp);
    }
    POWER_STATE wanted;
    wanted.DeviceState = PowerDeviceD3;
    IoMarkIrpPending(irp);
    NTSTATUS status = PoRequestPowerIrp(adapter.fdo, IRP_MN_SET_POWER, wanted, device_is_down, irp, nullptr);
    if (status != STATUS_PENDING) pass_down(adapter, irp); // no memory: the bus takes the power all the same
    return STATUS_PENDING;
}

/** The bus has heard of it; the device follows in its own time, and the system does not wait for it. */
NTSTATUS NTAPI system_is_up(PDEVICE_OBJECT, PIRP irp, PVOID context) {
    auto& adapter = *static_cast<Adapter*>(context);
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    adapter.system_state = PowerSystemWorking;
    if (adapter.started && adapter.d_state != PowerDeviceD0) {
        POWER_STATE wanted;
        wanted.DeviceState = PowerDeviceD0;
        PoRequestPowerIrp(adapter.fdo, IRP_MN_SET_POWER, wanted, nullptr, nullptr, nullptr);
    }
    PoStartNextPowerIrp(irp);
    return STATUS_CONTINUE_COMPLETION;
}

NTSTATUS system_comes_up(Adapter& adapter, PIRP irp) {
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, system_is_up, &adapter, TRUE, TRUE, TRUE);
    return PoCallDriver(adapter.lower, irp);
}

/** The driver may refuse a state; nothing has happened yet. */
NTSTATUS query_power(Adapter& adapter, PIRP irp, POWER_STATE state) {
    if (const HeldPower power(adapter); power) {
        trace::Call call(MPULAB_CALLBACK_QueryPowerChangeState, state.DeviceState);
        NTSTATUS status = call.run(*power, &IAdapterPowerManagement::QueryPowerChangeState, state);
        if (!NT_SUCCESS(status)) {
            PoStartNextPowerIrp(irp);
            return complete(irp, status);
        }
    }
    return pass_down(adapter, irp);
}

/** The newest interface of the object that this Windows asks for; one reference. Each has the slots of the older. */
IAdapterPowerManagement* newest_of(PUNKNOWN unknown, ULONG& version) {
    static const IID* const kIds[] = {&IID_IAdapterPowerManagement, &IID_IAdapterPowerManagement2,
                                      &IID_IAdapterPowerManagement3};
    const ULONG newest = windows_build() < kWindows8 ? 2 : 3; // "Minimum supported client" of IAdapterPowerManagement3
    for (version = newest; version >= 1; --version)
        if (auto power = query<IAdapterPowerManagement>(unknown, *kIds[version - 1])) return power.detach();
    return nullptr;
}

struct Request {
    KEVENT done;
    NTSTATUS status;
};

VOID NTAPI request_done(PDEVICE_OBJECT, UCHAR, POWER_STATE, PVOID context, PIO_STATUS_BLOCK result) {
    auto& request = *static_cast<Request*>(context);
    request.status = result->Status;
    KeSetEvent(&request.done, IO_NO_INCREMENT, FALSE);
}

NTSTATUS request_and_wait(Adapter& adapter, DEVICE_POWER_STATE state) {
    Request request;
    KeInitializeEvent(&request.done, NotificationEvent, FALSE);
    POWER_STATE wanted;
    wanted.DeviceState = state;
    NTSTATUS status = PoRequestPowerIrp(adapter.fdo, IRP_MN_SET_POWER, wanted, request_done, &request, nullptr);
    if (status != STATUS_PENDING) return status;
    KeWaitForSingleObject(&request.done, Executive, KernelMode, FALSE, nullptr);
    return request.status;
}

} // namespace

void release_power_management(Adapter& adapter) {
    IAdapterPowerManagement* power = nullptr;
    {
        ControlGuard guard(adapter.power_lock);
        power = adapter.power;
        adapter.power = nullptr;
        adapter.power_version = 0;
    }
    if (power) power->Release(); // outside: it may be the last, and run the driver's code
}

NTSTATUS bring_to_d0(Adapter& adapter) {
    if (adapter.d_state == PowerDeviceD0) return STATUS_SUCCESS;
    return adapter.system_state == PowerSystemWorking ? request_and_wait(adapter, PowerDeviceD0)
                                                      : STATUS_DEVICE_NOT_READY;
}

NTSTATUS dispatch_power(Adapter& adapter, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const bool device = stack->Parameters.Power.Type == DevicePowerState;
    POWER_STATE state = stack->Parameters.Power.State;
    switch (stack->MinorFunction) {
    case IRP_MN_SET_POWER:
        if (device) return adapter.started ? set_device_power(adapter, irp, state) : pass_down(adapter, irp);
        return state.SystemState == PowerSystemWorking ? system_comes_up(adapter, irp)
                                                       : system_goes_down(adapter, irp, state.SystemState);
    case IRP_MN_QUERY_POWER:
        if (!device) state.DeviceState = device_state_for(state.SystemState);
        return query_power(adapter, irp, state);
    default:
        return pass_down(adapter, irp);
    }
}

} // namespace portcls

using namespace portcls;

bool portcls::may_register_power(const Adapter& adapter) {
    return trace::expect(73, !adapter.power, 1, 0, "V73 adapter power management registered twice");
}

/** `context` is the FDO. The object must answer IID_IAdapterPowerManagement or a newer version's id. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterAdapterPowerManagement(PUNKNOWN unknown, PVOID context) {
    Adapter* adapter = adapter_of(static_cast<PDEVICE_OBJECT>(context));
    if (!adapter || !unknown) return STATUS_INVALID_PARAMETER;
    if (!may_register_power(*adapter)) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    ULONG version = 0;
    IAdapterPowerManagement* power = newest_of(unknown, version);
    if (!power) return STATUS_INVALID_PARAMETER;
    ControlGuard guard(adapter->power_lock);
    adapter->power = power;
    adapter->power_version = version;
    return STATUS_SUCCESS;
}

PORTCLASSAPI NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT device) {
    Adapter* adapter = adapter_of(device);
    if (!adapter) return STATUS_INVALID_PARAMETER;
    if (!adapter->power) return STATUS_INVALID_DEVICE_STATE;
    release_power_management(*adapter);
    return STATUS_SUCCESS;
}

/** Asks for a device power state and returns when the device is in it. STATUS_INVALID_PARAMETER: no device of an
 * adapter, or no device power state; STATUS_INVALID_DEVICE_STATE: it is not started. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRequestNewPowerState(PDEVICE_OBJECT device, DEVICE_POWER_STATE state) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || state < PowerDeviceD0 || state > PowerDeviceD3) return STATUS_INVALID_PARAMETER;
    if (!adapter->started) return STATUS_INVALID_DEVICE_STATE;
    return adapter->d_state == state ? STATUS_SUCCESS : request_and_wait(*adapter, state);
}
