// SPDX-License-Identifier: MIT
// The power manager: requests to a device's stack, from here or on a driver's word, and what state a device says it is
// in. A stack whose top may page (DO_POWER_PAGABLE) gets its requests at PASSIVE_LEVEL.
#include "dbg/report.hpp"
#include "ex/work_item.hpp"
#include "io.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kDriverPowerStateFailure = 0x9f; // "Bug Check 0x9F: DRIVER_POWER_STATE_FAILURE"
constexpr ULONG kIrpNotCompleted = 3;
constexpr LONGLONG kPatience100ns = 120 * 10'000'000ll; // Windows gives a power IRP ten minutes, or two: then 9Fh

/// A driver's own (PoRequestPowerIrp).
struct PowerRequest {
    PREQUEST_POWER_COMPLETE done;
    PVOID context;
    PDEVICE_OBJECT device; // referenced
    PDEVICE_OBJECT top;    // referenced until it is sent
    PIRP irp;
    UCHAR minor;
    POWER_STATE state;
    WORK_QUEUE_ITEM item;
};

NTSTATUS NTAPI finish(PDEVICE_OBJECT, PIRP irp, PVOID context) {
    auto* request = static_cast<PowerRequest*>(context);
    if (request->done != nullptr) {
        request->done(request->device, request->minor, request->state, request->context, &irp->IoStatus);
    }
    ObfDereferenceObject(request->device);
    ExFreePool(request);
    IoFreeIrp(irp);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

VOID NTAPI send(PVOID context) {
    auto* request = static_cast<PowerRequest*>(context);
    PDEVICE_OBJECT top = request->top;
    PoCallDriver(top, request->irp); // the request may be gone now
    ObfDereferenceObject(top);
}

void fill(IO_STACK_LOCATION& location, UCHAR minor, POWER_STATE_TYPE type, POWER_STATE state, POWER_ACTION action) {
    location.MajorFunction = IRP_MJ_POWER;
    location.MinorFunction = minor;
    location.Parameters.Power.Type = type;
    location.Parameters.Power.State = state;
    location.Parameters.Power.ShutdownType = action;
}

/// What the system does when it goes to a state.
POWER_ACTION action_behind(SYSTEM_POWER_STATE state) {
    switch (state) {
    case PowerSystemWorking:
        return PowerActionNone;
    case PowerSystemHibernate:
        return PowerActionHibernate;
    case PowerSystemShutdown:
        return PowerActionShutdownOff;
    default:
        return PowerActionSleep;
    }
}

} // namespace

NTSTATUS send_power(DeviceNode& node, UCHAR minor, POWER_STATE_TYPE type, POWER_STATE state) {
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(node.pdo);
    PIRP irp = allocate_counted_irp(top, 0);
    if (irp == nullptr) {
        ObfDereferenceObject(top);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    fill(*IoGetNextIrpStackLocation(irp), minor, type, state,
         type == SystemPowerState ? action_behind(state.SystemState) : PowerActionNone);
    const char* name = minor == IRP_MN_SET_POWER ? "SET_POWER" : "QUERY_POWER";
    const char kind = type == SystemPowerState ? 'S' : 'D';
    const int number =
        type == SystemPowerState ? state.SystemState - PowerSystemWorking : state.DeviceState - PowerDeviceD0;
    BoundedWait wait;
    if (!send_and_wait(top, irp, kPatience100ns, wait)) {
        dbg::bugcheck(kDriverPowerStateFailure, kIrpNotCompleted, reinterpret_cast<ULONG_PTR>(node.pdo),
                      reinterpret_cast<ULONG_PTR>(top), reinterpret_cast<ULONG_PTR>(irp),
                      "%ls: IRP_MN_%s for %c%d has not been completed within 120 s", node.instance, name, kind, number);
    }
    ObfDereferenceObject(top);
    return wait.status.Status;
}

} // namespace nanont::io

using namespace nanont::io;

extern "C" {

/// STATUS_PENDING: it was sent, and `CompletionFunction` is called when the stack has finished it, at whatever IRQL
/// that happens. STATUS_INVALID_PARAMETER_2: no such request; STATUS_INSUFFICIENT_RESOURCES. IRQL <= DISPATCH_LEVEL.
NTSTATUS NTAPI PoRequestPowerIrp(PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction, POWER_STATE PowerState,
                                 PREQUEST_POWER_COMPLETE CompletionFunction, PVOID Context, PIRP* Irp) {
    if (MinorFunction != IRP_MN_SET_POWER && MinorFunction != IRP_MN_QUERY_POWER && MinorFunction != IRP_MN_WAIT_WAKE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(DeviceObject);
    auto* request =
        static_cast<PowerRequest*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(PowerRequest), nanont::tag("Powr")));
    PIRP irp = request != nullptr ? IoAllocateIrp(static_cast<CCHAR>(top->StackSize + 1), FALSE) : nullptr;
    if (irp == nullptr) {
        if (request != nullptr) {
            ExFreePool(request);
        }
        ObfDereferenceObject(top);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *request = {CompletionFunction, Context, DeviceObject, top, irp, MinorFunction, PowerState, {}};
    ObfReferenceObject(DeviceObject);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    fill(*IoGetNextIrpStackLocation(irp), MinorFunction, DevicePowerState, PowerState, PowerActionNone);
    IoSetCompletionRoutine(irp, finish, request, TRUE, TRUE, TRUE);
    if (Irp != nullptr) {
        *Irp = irp;
    }
    if (nanont::ke::current_irql() > PASSIVE_LEVEL && (top->Flags & DO_POWER_PAGABLE) != 0) {
        ExInitializeWorkItem(&request->item, send, request);
        queue_power_item(request->item);
    } else {
        send(request);
    }
    return STATUS_PENDING;
}

/// Returns the device power state it was told last; a device nobody has spoken for is in D0. A type that is not
/// DevicePowerState, which "drivers must specify", is said and changes nothing. IRQL <= APC_LEVEL; for D0 <=
/// DISPATCH_LEVEL.
POWER_STATE NTAPI PoSetPowerState(PDEVICE_OBJECT DeviceObject, POWER_STATE_TYPE Type, POWER_STATE State) {
    POWER_STATE before = State;
    const KIRQL irql = nanont::ke::current_irql();
    if (Type != DevicePowerState) {
        nanont::dbg::say("PoSetPowerState with type %d: it is for device power states only, and nothing is changed",
                         static_cast<int>(Type));
    } else if (irql > APC_LEVEL && State.DeviceState != PowerDeviceD0) {
        const auto caller = reinterpret_cast<ULONG_PTR>(__builtin_return_address(0));
        nanont::dbg::bugcheck(IRQL_NOT_LESS_OR_EQUAL, caller, irql, 8, caller,
                              "PoSetPowerState was called at IRQL %u; but for D0 it may be called at IRQL 1 or below",
                              irql);
    } else {
        DEVICE_POWER_STATE& power = extension_of(DeviceObject).power;
        before.DeviceState = power == PowerDeviceUnspecified ? PowerDeviceD0 : power;
        power = State.DeviceState;
    }
    return before;
}

VOID NTAPI PoStartNextPowerIrp(PIRP) {} // from Windows Vista on power IRPs start by themselves

} // extern "C"
