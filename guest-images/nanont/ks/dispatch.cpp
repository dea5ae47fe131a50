// SPDX-License-Identifier: MIT
// KsDispatchIrp and its helpers: a create goes to the create item its name asks for, everything else to the dispatch
// table of the object behind the file. Also the client's side: KsCreatePin, KsSynchronousIoControlDevice.
#include "header.hpp"
#include "pin_name.hpp"

namespace {

NTSTATUS complete(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS dispatch_create(PDEVICE_OBJECT device, PIRP irp) {
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    ks::Header* header = file->RelatedFileObject ? ks::of_file(file->RelatedFileObject) : ks::of_device(device);
    if (!header) return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    ks::CreateEntry* entry = ks::acquire_entry(*header, file->FileName);
    if (!entry) return complete(irp, STATUS_OBJECT_NAME_NOT_FOUND);
    KSCREATE_ITEM_IRP_STORAGE(irp) = entry->item;
    NTSTATUS status = entry->item->Create(device, irp);
    ks::release_entry(*header, *entry);
    return status;
}

PDRIVER_DISPATCH handler_of(const KSDISPATCH_TABLE& table, UCHAR major) {
    switch (major) {
    case IRP_MJ_CLOSE:
        return table.Close;
    case IRP_MJ_DEVICE_CONTROL:
        return table.DeviceIoControl;
    case IRP_MJ_READ:
        return table.Read;
    case IRP_MJ_WRITE:
        return table.Write;
    case IRP_MJ_FLUSH_BUFFERS:
        return table.Flush;
    case IRP_MJ_QUERY_SECURITY:
        return table.QuerySecurity;
    case IRP_MJ_SET_SECURITY:
        return table.SetSecurity;
    default:
        return nullptr;
    }
}

} // namespace

/** Routes an IRP by create item or object dispatch table; the IRP is completed or pending afterwards. */
KSDDKAPI NTSTATUS NTAPI KsDispatchIrp(PDEVICE_OBJECT device, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MajorFunction == IRP_MJ_CREATE) return dispatch_create(device, irp);
    ks::Header* header = ks::of_file(stack->FileObject);
    PDRIVER_DISPATCH handler = header && header->table ? handler_of(*header->table, stack->MajorFunction) : nullptr;
    return handler ? handler(device, irp) : complete(irp, STATUS_INVALID_DEVICE_REQUEST);
}

KSDDKAPI NTSTATUS NTAPI KsSetMajorFunctionHandler(PDRIVER_OBJECT driver, ULONG major) {
    switch (major) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLOSE:
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_QUERY_SECURITY:
    case IRP_MJ_SET_SECURITY:
        driver->MajorFunction[major] = KsDispatchIrp;
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

KSDDKAPI NTSTATUS NTAPI KsDispatchInvalidDeviceRequest(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
}

/** What KS answers to an IOCTL an object does not know: the unknown-set statuses of reference §5.2. */
KSDDKAPI NTSTATUS NTAPI KsDefaultDeviceIoCompletion(PDEVICE_OBJECT, PIRP irp) {
    switch (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_KS_PROPERTY:
    case IOCTL_KS_METHOD:
    case IOCTL_KS_ENABLE_EVENT:
        return complete(irp, STATUS_PROPSET_NOT_FOUND);
    case IOCTL_KS_RESET_STATE:
        return complete(irp, STATUS_SUCCESS);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

KSDDKAPI VOID NTAPI KsNullDriverUnload(PDRIVER_OBJECT) {}

/** Completes an IRP whose handler had returned STATUS_PENDING; does nothing while its status still is that. */
KSDDKAPI void NTAPI KsCompletePendingRequest(PIRP irp) {
    if (irp->IoStatus.Status != STATUS_PENDING) IoCompleteRequest(irp, IO_NO_INCREMENT);
}

/** Opens a pin relative to `filter`: the pin class and the raw bytes of `connect` and the format behind it are the
 * name (reference §5.3). PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsCreatePin(HANDLE filter, PKSPIN_CONNECT connect, ACCESS_MASK access, PHANDLE pin) {
    auto* format = reinterpret_cast<PKSDATAFORMAT>(connect + 1);
    constexpr ULONG kPrefix = (ks::kPinClassChars + 1) * sizeof(WCHAR);
    constexpr ULONG kRoom = 0xfffe - kPrefix - sizeof(KSPIN_CONNECT);
    if (format->FormatSize < sizeof(KSDATAFORMAT) || format->FormatSize > kRoom) return STATUS_INVALID_PARAMETER;
    ULONG bytes = kPrefix + sizeof(KSPIN_CONNECT) + ((format->FormatSize + 1) & ~1u);
    PoolBuffer<UCHAR> name(bytes);
    if (!name) return STATUS_INSUFFICIENT_RESOURCES;
    auto* text = reinterpret_cast<PWCH>(name.get());
    for (ULONG i = 0; i < ks::kPinClassChars; ++i)
        text[i] = static_cast<WCHAR>(ks::kPinClass[i]);
    text[ks::kPinClassChars] = L'\\';
    RtlCopyMemory(name.get() + kPrefix, connect, sizeof(KSPIN_CONNECT) + format->FormatSize);

    UNICODE_STRING string{static_cast<USHORT>(bytes), static_cast<USHORT>(bytes), text};
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, filter, nullptr);
    IO_STATUS_BLOCK io{};
    return ZwCreateFile(pin, access, &attributes, &io, nullptr, FILE_ATTRIBUTE_NORMAL, 0, FILE_OPEN, 0, nullptr, 0);
}

/** One IOCTL to a file object, waited for. `io_control` has METHOD_NEITHER or METHOD_BUFFERED. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsSynchronousIoControlDevice(PFILE_OBJECT file, KPROCESSOR_MODE mode, ULONG io_control,
                                                     PVOID in, ULONG in_size, PVOID out, ULONG out_size,
                                                     PULONG returned) {
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IO_STATUS_BLOCK io{};
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(file);
    PIRP irp = IoBuildDeviceIoControlRequest(io_control, device, in, in_size, out, out_size, FALSE, &done, &io);
    if (!irp) return STATUS_INSUFFICIENT_RESOURCES;
    irp->RequestorMode = mode;
    IoGetNextIrpStackLocation(irp)->FileObject = file;
    NTSTATUS status = IoCallDriver(device, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
        status = io.Status;
    }
    *returned = static_cast<ULONG>(io.Information);
    return status;
}
