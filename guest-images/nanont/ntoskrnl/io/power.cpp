// SPDX-License-Identifier: MIT
// Power requests. System power never changes here; device power does when a driver asks for it.
#include "io.hpp"
#include "ke/ke.hpp"

namespace {

struct PowerRequest {
    PREQUEST_POWER_COMPLETE done;
    PVOID context;
    PDEVICE_OBJECT device; // referenced
    UCHAR minor;
    POWER_STATE state;
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

} // namespace

extern "C" {

NTSTATUS NTAPI PoRequestPowerIrp(PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction, POWER_STATE PowerState,
                                 PREQUEST_POWER_COMPLETE CompletionFunction, PVOID Context, PIRP* Irp) {
    nanont::ke::require_irql(DISPATCH_LEVEL, "PoRequestPowerIrp");
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
    *request = {CompletionFunction, Context, DeviceObject, MinorFunction, PowerState};
    ObfReferenceObject(DeviceObject);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
    location.MajorFunction = IRP_MJ_POWER;
    location.MinorFunction = MinorFunction;
    location.Parameters.Power.Type = DevicePowerState;
    location.Parameters.Power.State = PowerState;
    location.Parameters.Power.ShutdownType = PowerActionNone;
    IoSetCompletionRoutine(irp, finish, request, TRUE, TRUE, TRUE);
    if (Irp != nullptr) {
        *Irp = irp;
    }
    PoCallDriver(top, irp);
    ObfDereferenceObject(top);
    return STATUS_PENDING;
}

POWER_STATE NTAPI PoSetPowerState(PDEVICE_OBJECT, POWER_STATE_TYPE Type, POWER_STATE State) {
    POWER_STATE before = State;
    if (Type == DevicePowerState) {
        before.DeviceState = PowerDeviceD0;
    }
    return before;
}

VOID NTAPI PoStartNextPowerIrp(PIRP) {} // from Windows Vista on power IRPs start by themselves

} // extern "C"
