// SPDX-License-Identifier: MIT
// Where IRPs for an adapter's FDO go.
#include "adapter.hpp"
#include "filter.hpp"
#include "pin.hpp"

namespace portcls {

NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

namespace {

NTSTATUS NTAPI signal_event(PDEVICE_OBJECT, PIRP, PVOID event) {
    KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS pass_down(Adapter& adapter, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(adapter.lower, irp);
}

/** The last handle is closed: what is pending behind it must not hold the file back, and nobody waits for its events.
 */
NTSTATUS dispatch_cleanup(PIRP irp) {
    PFILE_OBJECT object = IoGetCurrentIrpStackLocation(irp)->FileObject;
    auto* file = static_cast<FileContext*>(object->FsContext);
    if (file) (file->pin ? file->pin->port() : file->filter->port()).events().free(object);
    if (file && file->cleanup) file->cleanup(*file);
    return complete(irp, STATUS_SUCCESS);
}

} // namespace
} // namespace portcls

using namespace portcls;

/** PortCls' own dispatch routine, for every major function of an adapter's FDO. IRQL of the IRP's kind. */
PORTCLASSAPI NTSTATUS NTAPI PcDispatchIrp(PDEVICE_OBJECT device, PIRP irp) {
    UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    Adapter* adapter = adapter_of(device);
    switch (major) {
    case IRP_MJ_PNP:
        return adapter ? dispatch_pnp(*adapter, irp) : complete(irp, STATUS_DELETE_PENDING);
    case IRP_MJ_POWER:
        if (adapter) return dispatch_power(*adapter, irp);
        PoStartNextPowerIrp(irp);
        return complete(irp, STATUS_DELETE_PENDING);
    case IRP_MJ_SYSTEM_CONTROL:
        return adapter ? pass_down(*adapter, irp) : complete(irp, STATUS_DELETE_PENDING);
    case IRP_MJ_CLEANUP:
        return dispatch_cleanup(irp);
    case IRP_MJ_CREATE:
        if (!adapter || adapter->gone || adapter->remove_pending) return complete(irp, STATUS_DELETE_PENDING);
        if (!adapter->started) return complete(irp, STATUS_DEVICE_NOT_READY);
        return KsDispatchIrp(device, irp);
    default:
        return KsDispatchIrp(device, irp); // by the file, which may outlive the adapter
    }
}

/** STATUS_PENDING would be no completion: refused. IRQL <= DISPATCH_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcCompleteIrp(PDEVICE_OBJECT, PIRP irp, NTSTATUS status) {
    if (!irp || status == STATUS_PENDING) return STATUS_INVALID_PARAMETER;
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

/** Sends the IRP to the driver below and waits; the caller completes it. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcForwardIrpSynchronous(PDEVICE_OBJECT device, PIRP irp) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !irp) return STATUS_INVALID_PARAMETER;
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, signal_event, &done, TRUE, TRUE, TRUE);
    NTSTATUS status = IoCallDriver(adapter->lower, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
        status = irp->IoStatus.Status;
    }
    return status;
}
