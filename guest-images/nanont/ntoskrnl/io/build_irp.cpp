// SPDX-License-Identifier: MIT
// IRPs made to order: buffers as the transfer method wants them, an event and an IO_STATUS_BLOCK at the end.
#include "build_irp.hpp"

#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kMethodMask = 3;

NTSTATUS set_buffered(PIRP irp, const ControlRequest& request) {
    const ULONG size = request.input_size > request.output_size ? request.input_size : request.output_size;
    if (size != 0) {
        irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, size, tag("IoSB"));
        if (irp->AssociatedIrp.SystemBuffer == nullptr) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlZeroMemory(irp->AssociatedIrp.SystemBuffer, size);
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, request.input, request.input_size);
        irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
    }
    if (request.output != nullptr) {
        irp->Flags |= IRP_INPUT_OPERATION;
    }
    irp->UserBuffer = request.output;
    return STATUS_SUCCESS;
}

NTSTATUS set_direct(PIRP irp, const ControlRequest& request, LOCK_OPERATION operation) {
    if (request.input_size != 0) {
        irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, request.input_size, tag("IoSB"));
        if (irp->AssociatedIrp.SystemBuffer == nullptr) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, request.input, request.input_size);
        irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
    }
    if (request.output_size != 0) {
        PMDL mdl = IoAllocateMdl(request.output, request.output_size, FALSE, FALSE, irp);
        if (mdl == nullptr) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        MmProbeAndLockPages(mdl, KernelMode, operation);
    }
    return STATUS_SUCCESS;
}

} // namespace

void drop_irp(PIRP irp) {
    if (irp->AssociatedIrp.SystemBuffer != nullptr) {
        ExFreePool(irp->AssociatedIrp.SystemBuffer);
    }
    while (PMDL mdl = irp->MdlAddress) {
        irp->MdlAddress = mdl->Next;
        IoFreeMdl(mdl);
    }
    IoFreeIrp(irp);
}

PIRP build_control_irp(PDEVICE_OBJECT device, const ControlRequest& request, UCHAR major) {
    PIRP irp = allocate_counted_irp(device, request.output_size);
    if (irp == nullptr) {
        return nullptr;
    }
    IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
    location.MajorFunction = major;
    location.Parameters.DeviceIoControl.IoControlCode = request.code;
    location.Parameters.DeviceIoControl.InputBufferLength = request.input_size;
    location.Parameters.DeviceIoControl.OutputBufferLength = request.output_size;
    NTSTATUS status = STATUS_SUCCESS;
    switch (request.code & kMethodMask) {
    case METHOD_BUFFERED:
        status = set_buffered(irp, request);
        break;
    case METHOD_IN_DIRECT:
        status = set_direct(irp, request, IoReadAccess);
        break;
    case METHOD_OUT_DIRECT:
        status = set_direct(irp, request, IoWriteAccess);
        break;
    default: // METHOD_NEITHER: the driver sees the caller's own pointers
        irp->UserBuffer = request.output;
        location.Parameters.DeviceIoControl.Type3InputBuffer = const_cast<PVOID>(request.input);
        break;
    }
    if (!NT_SUCCESS(status)) {
        drop_irp(irp);
        return nullptr;
    }
    return irp;
}

PIRP build_transfer_irp(PDEVICE_OBJECT device, UCHAR major, PVOID buffer, ULONG length, LONGLONG offset) {
    PIRP irp = allocate_counted_irp(device, length);
    if (irp == nullptr) {
        return nullptr;
    }
    IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
    location.MajorFunction = major;
    if (major != IRP_MJ_READ && major != IRP_MJ_WRITE) {
        return irp;
    }
    location.Parameters.Read.Length = length; // Write's lies in the same place
    location.Parameters.Read.ByteOffset.QuadPart = offset;
    irp->UserBuffer = buffer;
    if (length == 0) {
        return irp;
    }
    bool complete = true;
    if ((device->Flags & DO_BUFFERED_IO) != 0) {
        irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, length, tag("IoSB"));
        complete = irp->AssociatedIrp.SystemBuffer != nullptr;
        irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        if (major == IRP_MJ_READ) {
            irp->Flags |= IRP_INPUT_OPERATION;
        } else if (complete) {
            RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, buffer, length);
        }
    } else if ((device->Flags & DO_DIRECT_IO) != 0) {
        PMDL mdl = IoAllocateMdl(buffer, length, FALSE, FALSE, irp);
        complete = mdl != nullptr;
        if (complete) {
            MmProbeAndLockPages(mdl, KernelMode, major == IRP_MJ_READ ? IoWriteAccess : IoReadAccess);
        }
    }
    if (!complete) {
        drop_irp(irp);
        return nullptr;
    }
    return irp;
}

} // namespace nanont::io

using namespace nanont::io;

extern "C" {

PIRP NTAPI IoBuildDeviceIoControlRequest(ULONG IoControlCode, PDEVICE_OBJECT DeviceObject, PVOID InputBuffer,
                                         ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength,
                                         BOOLEAN InternalDeviceIoControl, PKEVENT Event,
                                         PIO_STATUS_BLOCK IoStatusBlock) {
    const ControlRequest request{IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength};
    PIRP irp = build_control_irp(DeviceObject, request,
                                 InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL);
    if (irp != nullptr) {
        irp->UserEvent = Event;
        irp->UserIosb = IoStatusBlock;
    }
    return irp;
}

PIRP NTAPI IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length,
                                        PLARGE_INTEGER StartingOffset, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock) {
    PIRP irp = build_transfer_irp(DeviceObject, static_cast<UCHAR>(MajorFunction), Buffer, Length,
                                  StartingOffset != nullptr ? StartingOffset->QuadPart : 0);
    if (irp != nullptr) {
        irp->UserEvent = Event;
        irp->UserIosb = IoStatusBlock;
    }
    return irp;
}

} // extern "C"
