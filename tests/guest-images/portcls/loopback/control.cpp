// SPDX-License-Identifier: MIT
// The control device: a name for applications, IOCTLs of each transfer method, and requests that wait in a cancel-safe
// queue until a port comes or goes, or until their file is cleaned up.
#include "loopback.hpp"

#include "../../support/irps.hpp"

namespace loopback {
namespace {

WCHAR g_device_name[] = L"\\Device\\MpulabLoopback";
WCHAR g_link_name[] = L"\\DosDevices\\MpulabLoopback";
PDEVICE_OBJECT g_device;
IO_CSQ g_queue;
LIST_ENTRY g_waiting;
KSPIN_LOCK g_lock;

VOID NTAPI insert(PIO_CSQ, PIRP irp) {
    InsertTailList(&g_waiting, &irp->Tail.Overlay.ListEntry);
}
VOID NTAPI take_out(PIO_CSQ, PIRP irp) {
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}
/// `context` is the file whose requests are wanted; nullptr: anybody's.
PIRP NTAPI peek_next(PIO_CSQ, PIRP irp, PVOID context) {
    LIST_ENTRY* at = irp ? irp->Tail.Overlay.ListEntry.Flink : g_waiting.Flink;
    for (; at != &g_waiting; at = at->Flink) {
        PIRP next = CONTAINING_RECORD(at, IRP, Tail.Overlay.ListEntry);
        if (!context || IoGetCurrentIrpStackLocation(next)->FileObject == context) return next;
    }
    return nullptr;
}
VOID NTAPI acquire(PIO_CSQ, PKIRQL irql) {
    KeAcquireSpinLock(&g_lock, irql);
}
VOID NTAPI release(PIO_CSQ, KIRQL irql) {
    KeReleaseSpinLock(&g_lock, irql);
}

VOID NTAPI complete_cancelled(PIO_CSQ, PIRP irp) {
    complete(irp, STATUS_CANCELLED);
}

NTSTATUS with_number(PIRP irp, ULONG input, NTSTATUS (*action)(ULONG number)) {
    ULONG number;
    if (input != sizeof number) return complete(irp, STATUS_INFO_LENGTH_MISMATCH);
    RtlCopyMemory(&number, irp->AssociatedIrp.SystemBuffer, sizeof number);
    return complete(irp, action(number));
}

NTSTATUS list(PIRP irp, ULONG output) {
    ULONG numbers[kMostPorts];
    const ULONG bytes = list_ports(numbers) * sizeof(ULONG);
    if (output < bytes) return complete(irp, STATUS_BUFFER_TOO_SMALL);
    void* buffer = bytes ? MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority) : nullptr;
    if (bytes && !buffer) return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    if (bytes) RtlCopyMemory(buffer, numbers, bytes);
    return complete(irp, STATUS_SUCCESS, bytes);
}

NTSTATUS wait_for_change(PIRP irp, ULONG output) {
    if (output < sizeof(ULONG)) return complete(irp, STATUS_BUFFER_TOO_SMALL);
    IoCsqInsertIrp(&g_queue, irp, nullptr); // marks it pending
    return STATUS_PENDING;
}

NTSTATUS sum(PIRP irp, ULONG input, ULONG output) {
    ULONG total = 0;
    const auto* bytes = static_cast<const UCHAR*>(irp->AssociatedIrp.SystemBuffer);
    for (ULONG i = 0; i < input; ++i)
        total += bytes[i];
    if (output) bytes = static_cast<const UCHAR*>(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority));
    for (ULONG i = 0; i < output; ++i)
        total += bytes[i];
    return complete(irp, STATUS_SUCCESS, total);
}

/// The client's own addresses, in its own context.
NTSTATUS reverse(PIRP irp, const IO_STACK_LOCATION& stack) {
    const auto& request = stack.Parameters.DeviceIoControl;
    const ULONG count = request.InputBufferLength;
    if (request.OutputBufferLength < count) return complete(irp, STATUS_BUFFER_TOO_SMALL);
    const auto* from = static_cast<const UCHAR*>(request.Type3InputBuffer);
    auto* to = static_cast<UCHAR*>(irp->UserBuffer);
    for (ULONG i = 0; i < count; ++i)
        to[i] = from[count - 1 - i];
    return complete(irp, STATUS_SUCCESS, count);
}

NTSTATUS control(PIRP irp, const IO_STACK_LOCATION& stack) {
    const ULONG input = stack.Parameters.DeviceIoControl.InputBufferLength;
    const ULONG output = stack.Parameters.DeviceIoControl.OutputBufferLength;
    switch (stack.Parameters.DeviceIoControl.IoControlCode) {
    case kAddPort:
        return with_number(irp, input, [](ULONG number) { return add_port(number, nullptr, nullptr); });
    case kRemovePort:
        return with_number(irp, input, remove_port);
    case kListPorts:
        return list(irp, output);
    case kWaitForChange:
        return wait_for_change(irp, output);
    case kSum:
        return sum(irp, input, output);
    case kReverse:
        return reverse(irp, stack);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

} // namespace

NTSTATUS create_control_device(PDRIVER_OBJECT driver) {
    KeInitializeSpinLock(&g_lock);
    InitializeListHead(&g_waiting);
    NTSTATUS status = IoCsqInitialize(&g_queue, insert, take_out, peek_next, acquire, release, complete_cancelled);
    if (!NT_SUCCESS(status)) return status;
    UNICODE_STRING name, link;
    RtlInitUnicodeString(&name, g_device_name);
    RtlInitUnicodeString(&link, g_link_name);
    status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &g_device);
    if (!NT_SUCCESS(status)) return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(g_device);
        g_device = nullptr;
        return status;
    }
    g_device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

void delete_control_device() {
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, g_link_name);
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(g_device);
    g_device = nullptr;
}

bool is_control_device(PDEVICE_OBJECT device) {
    return device->DeviceType == FILE_DEVICE_UNKNOWN; // the FDO is a FILE_DEVICE_KS; a deleted one may be asked, too
}

void tell_change() {
    ULONG numbers[kMostPorts];
    const ULONG count = list_ports(numbers);
    while (PIRP irp = IoCsqRemoveNextIrp(&g_queue, nullptr)) {
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &count, sizeof count);
        complete(irp, STATUS_SUCCESS, sizeof count);
    }
}

NTSTATUS dispatch_control(PIRP irp) {
    const IO_STACK_LOCATION& stack = *IoGetCurrentIrpStackLocation(irp);
    switch (stack.MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLOSE:
        return complete(irp, STATUS_SUCCESS);
    case IRP_MJ_CLEANUP: // its client may have died with requests under way
        while (PIRP waiting = IoCsqRemoveNextIrp(&g_queue, stack.FileObject))
            complete(waiting, STATUS_CANCELLED);
        return complete(irp, STATUS_SUCCESS);
    case IRP_MJ_DEVICE_CONTROL:
        return control(irp, stack);
    case IRP_MJ_POWER:
        PoStartNextPowerIrp(irp);
        return complete(irp, STATUS_NOT_SUPPORTED);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

} // namespace loopback
