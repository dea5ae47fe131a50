// SPDX-License-Identifier: MIT
// Files: a name or another file's handle in, IRP_MJ_CREATE down the stack, a handle out; and what is done with it.
#include "build_irp.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

struct OpenRequest {
    ACCESS_MASK access;
    ULONG attributes, share, disposition, options;
    PVOID extended_attributes;
    ULONG extended_attributes_size;
};

NTSTATUS copy_name(FILE_OBJECT& file, const UNICODE_STRING& name) {
    if (name.Length == 0) {
        return STATUS_SUCCESS;
    }
    // One unit more than is counted, zero: drivers that forget the length find an end.
    auto* buffer =
        static_cast<PWSTR>(ExAllocatePoolWithTag(NonPagedPool, name.Length + 2 * sizeof(WCHAR), tag("IoNm")));
    if (buffer == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(buffer, name.Length + 2 * sizeof(WCHAR));
    RtlCopyMemory(buffer, name.Buffer, name.Length);
    file.FileName = {name.Length, static_cast<USHORT>(name.Length + sizeof(WCHAR)), buffer};
    return STATUS_SUCCESS;
}

NTSTATUS send_create(File& file, const OpenRequest& request, ULONG_PTR& information) {
    PDEVICE_OBJECT top = IoGetRelatedDeviceObject(&file.object);
    PIRP irp = allocate_counted_irp(top, 0);
    if (irp == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    SECURITY_QUALITY_OF_SERVICE quality{};
    ACCESS_STATE state{};
    state.RemainingDesiredAccess = request.access;
    state.OriginalDesiredAccess = request.access;
    state.PreviouslyGrantedAccess = request.access;
    IO_SECURITY_CONTEXT security{&quality, &state, request.access, request.options};
    IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
    location.MajorFunction = IRP_MJ_CREATE;
    location.FileObject = &file.object;
    location.Parameters.Create.SecurityContext = &security;
    location.Parameters.Create.Options = request.disposition << 24 | (request.options & 0xffffff);
    location.Parameters.Create.FileAttributes = static_cast<USHORT>(request.attributes);
    location.Parameters.Create.ShareAccess = static_cast<USHORT>(request.share);
    location.Parameters.Create.EaLength = request.extended_attributes_size;
    irp->AssociatedIrp.SystemBuffer = request.extended_attributes;
    irp->Flags |= IRP_CREATE_OPERATION;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    const Outcome outcome = send_and_wait(top, irp);
    information = outcome.information;
    return outcome.status;
}

/// The device a name means, and what is left of the name; with a root handle, that file's device.
NTSTATUS find_target(const OBJECT_ATTRIBUTES& attributes, PFILE_OBJECT& related, PDEVICE_OBJECT& device,
                     UNICODE_STRING& rest, PWSTR& buffer) {
    const UNICODE_STRING empty{};
    const UNICODE_STRING& name = attributes.ObjectName != nullptr ? *attributes.ObjectName : empty;
    related = nullptr;
    buffer = nullptr;
    if (attributes.RootDirectory == nullptr) {
        return ob::find_device(name, device, rest, buffer);
    }
    PVOID body = nullptr;
    const NTSTATUS status = ObReferenceObjectByHandle(
        attributes.RootDirectory, 0, ob::g_types[static_cast<int>(ob::Type::File)], KernelMode, &body, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    related = static_cast<PFILE_OBJECT>(body);
    device = related->DeviceObject;
    ObfReferenceObject(device);
    rest = name;
    return STATUS_SUCCESS;
}

NTSTATUS open(const OBJECT_ATTRIBUTES& attributes, const OpenRequest& request, HANDLE& handle, ULONG_PTR& information) {
    PFILE_OBJECT related = nullptr;
    PDEVICE_OBJECT device = nullptr;
    UNICODE_STRING rest{};
    PWSTR buffer = nullptr;
    NTSTATUS status = find_target(attributes, related, device, rest, buffer);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    auto* file = static_cast<File*>(ob::create(ob::Type::File, sizeof(File)));
    if (file == nullptr || (device->Flags & DO_DEVICE_INITIALIZING) != 0 || extension_of(device).deleted) {
        status = file == nullptr ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NO_SUCH_DEVICE;
    } else {
        status = copy_name(file->object, rest);
    }
    if (buffer != nullptr) {
        ExFreePool(buffer);
    }
    if (file == nullptr) {
        ObfDereferenceObject(device);
        if (related != nullptr) {
            ObfDereferenceObject(related);
        }
        return status;
    }
    file->object.Type = IO_TYPE_FILE;
    file->object.Size = sizeof(FILE_OBJECT);
    file->object.DeviceObject = device;
    file->object.RelatedFileObject = related;
    KeInitializeEvent(&file->object.Event, NotificationEvent, FALSE);
    KeInitializeEvent(&file->object.Lock, SynchronizationEvent, TRUE);
    if ((request.options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) != 0) {
        file->object.Flags |= FO_SYNCHRONOUS_IO;
    }
    file->object.ReadAccess = (request.access & (GENERIC_READ | GENERIC_ALL | FILE_READ_DATA)) != 0;
    file->object.WriteAccess = (request.access & (GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA)) != 0;
    InterlockedIncrement(&device->ReferenceCount);
    if (NT_SUCCESS(status)) {
        status = send_create(*file, request, information);
    }
    if (NT_SUCCESS(status)) {
        file->opened = true;
        file->object.Flags |= FO_HANDLE_CREATED;
        status = ob::open_handle(file, request.access, handle);
        if (!NT_SUCCESS(status)) {
            clean_up_file(&file->object);
        }
    }
    ObfDereferenceObject(file); // the handle has its own; without one the file is gone now
    return status;
}

void send_plain(PFILE_OBJECT file, UCHAR major) {
    PDEVICE_OBJECT top = IoGetRelatedDeviceObject(file);
    PIRP irp = allocate_counted_irp(top, 0);
    if (irp == nullptr) {
        dbg::say("no memory for the IRP that %s a file; its device will not hear of it",
                 major == IRP_MJ_CLEANUP ? "cleans up" : "closes");
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INSUFFICIENT_RESOURCES));
    }
    IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
    location.MajorFunction = major;
    location.FileObject = file;
    irp->Flags |= IRP_CLOSE_OPERATION;
    send_and_wait(top, irp);
}

} // namespace

void clean_up_file(PFILE_OBJECT file) {
    if (CONTAINING_RECORD(file, File, object)->opened) {
        send_plain(file, IRP_MJ_CLEANUP);
        file->Flags |= FO_CLEANUP_COMPLETE;
    }
}

void close_file(PFILE_OBJECT file) {
    PDEVICE_OBJECT device = file->DeviceObject;
    if (CONTAINING_RECORD(file, File, object)->opened) {
        send_plain(file, IRP_MJ_CLOSE);
    }
    if (file->FileName.Buffer != nullptr) {
        ExFreePool(file->FileName.Buffer);
    }
    if (device != nullptr) {
        InterlockedDecrement(&device->ReferenceCount);
        file_was_closed(device);
        ObfDereferenceObject(device);
    }
    if (file->RelatedFileObject != nullptr) {
        ObfDereferenceObject(file->RelatedFileObject);
    }
}

namespace {

/// The file and event of a Zw call, referenced; the event is reset.
NTSTATUS reference_for_call(HANDLE file_handle, HANDLE event_handle, PFILE_OBJECT& file, PKEVENT& event) {
    PVOID body = nullptr;
    NTSTATUS status = ObReferenceObjectByHandle(file_handle, 0, ob::g_types[static_cast<int>(ob::Type::File)],
                                                KernelMode, &body, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    file = static_cast<PFILE_OBJECT>(body);
    event = nullptr;
    if (event_handle != nullptr) {
        status = ObReferenceObjectByHandle(event_handle, 0, ob::g_types[static_cast<int>(ob::Type::Event)], KernelMode,
                                           &body, nullptr);
        if (!NT_SUCCESS(status)) {
            ObfDereferenceObject(file);
            return status;
        }
        event = static_cast<PKEVENT>(body);
        KeClearEvent(event);
    }
    return STATUS_SUCCESS;
}

/// Sends it; a file opened for synchronous I/O waits, and takes one request after the other. The references taken for
/// the call go with the IRP.
NTSTATUS send(PFILE_OBJECT file, PKEVENT event, PIRP irp, PIO_STATUS_BLOCK io_status) {
    irp->UserIosb = io_status;
    set_event_object(irp, event);
    irp->Tail.Overlay.OriginalFileObject = file;
    IoGetNextIrpStackLocation(irp)->FileObject = file;
    const bool synchronous = (file->Flags & FO_SYNCHRONOUS_IO) != 0;
    if (synchronous) {
        ObfReferenceObject(file);
        KeWaitForSingleObject(&file->Lock, Executive, KernelMode, FALSE, nullptr);
    }
    KeClearEvent(&file->Event);
    NTSTATUS status = IofCallDriver(IoGetRelatedDeviceObject(file), irp);
    if (synchronous) {
        if (status == STATUS_PENDING) {
            // Not for the caller's event: that one is to be signalled when the call returns.
            KeWaitForSingleObject(&file->Event, Executive, KernelMode, FALSE, nullptr);
            status = io_status->Status;
        }
        KeSetEvent(&file->Lock, IO_NO_INCREMENT, FALSE);
        ObfDereferenceObject(file);
    }
    return status;
}

void drop_references(PFILE_OBJECT file, PKEVENT event) {
    if (event != nullptr) {
        ObfDereferenceObject(event);
    }
    ObfDereferenceObject(file);
}

NTSTATUS transfer(HANDLE file_handle, HANDLE event_handle, PIO_STATUS_BLOCK io_status, UCHAR major, PVOID buffer,
                  ULONG length, PLARGE_INTEGER offset) {
    PFILE_OBJECT file = nullptr;
    PKEVENT event = nullptr;
    const NTSTATUS status = reference_for_call(file_handle, event_handle, file, event);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    PIRP irp = build_transfer_irp(IoGetRelatedDeviceObject(file), major, buffer, length,
                                  offset != nullptr ? offset->QuadPart : file->CurrentByteOffset.QuadPart);
    if (irp == nullptr) {
        drop_references(file, event);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return send(file, event, irp, io_status);
}

/// There are no APCs here: a caller that waits for one would wait for ever, so it is told.
bool refuse_apc(const char* function, PIO_APC_ROUTINE routine) {
    if (routine != nullptr) {
        dbg::say("%s: an APC routine was given; there are no APCs here, so it is refused: give an event", function);
    }
    return routine != nullptr;
}

struct CancelMatch {
    PFILE_OBJECT file;
    PVOID thread;               // null = any
    PIO_STATUS_BLOCK io_status; // null = any
};

bool should_cancel(PIRP irp, void* context) {
    const auto& match = *static_cast<CancelMatch*>(context);
    return irp->Tail.Overlay.OriginalFileObject == match.file &&
           (match.thread == nullptr || irp->Tail.Overlay.Thread == match.thread) &&
           (match.io_status == nullptr || irp->UserIosb == match.io_status);
}

NTSTATUS cancel(HANDLE handle, PVOID thread, PIO_STATUS_BLOCK which, PIO_STATUS_BLOCK io_status, NTSTATUS when_none) {
    PVOID body = nullptr;
    NTSTATUS status =
        ObReferenceObjectByHandle(handle, 0, ob::g_types[static_cast<int>(ob::Type::File)], KernelMode, &body, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    CancelMatch match{static_cast<PFILE_OBJECT>(body), thread, which};
    status = cancel_irps(should_cancel, &match) != 0 ? STATUS_SUCCESS : when_none;
    ObfDereferenceObject(body);
    io_status->Status = status;
    io_status->Information = 0;
    return status;
}

NTSTATUS open_existing_event(const UNICODE_STRING& name, ACCESS_MASK access, HANDLE& handle) {
    void* body = ob::find_name(name);
    if (body == nullptr) {
        return STATUS_OBJECT_NAME_NOT_FOUND; // it went in between
    }
    NTSTATUS status = STATUS_OBJECT_TYPE_MISMATCH;
    if (ob::is_type(body, ob::Type::Event)) {
        status = ob::open_handle(body, access, handle);
        status = NT_SUCCESS(status) ? STATUS_OBJECT_NAME_EXISTS : status;
    }
    ObfDereferenceObject(body);
    return status;
}

} // namespace
} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

NTSTATUS NTAPI ZwCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER, ULONG FileAttributes, ULONG ShareAccess,
                            ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength) {
    *FileHandle = nullptr;
    ULONG_PTR information = 0;
    const NTSTATUS status =
        io::open(*ObjectAttributes,
                 {DesiredAccess, FileAttributes, ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength},
                 *FileHandle, information);
    IoStatusBlock->Status = status;
    IoStatusBlock->Information = information;
    return status;
}

NTSTATUS NTAPI ZwOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                          PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions) {
    return ZwCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, nullptr, 0, ShareAccess, FILE_OPEN,
                        OpenOptions, nullptr, 0);
}

NTSTATUS NTAPI ZwDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID,
                                     PIO_STATUS_BLOCK IoStatusBlock, ULONG IoControlCode, PVOID InputBuffer,
                                     ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength) {
    if (refuse_apc("ZwDeviceIoControlFile", ApcRoutine)) {
        return STATUS_NOT_SUPPORTED;
    }
    PFILE_OBJECT file = nullptr;
    PKEVENT event = nullptr;
    const NTSTATUS status = reference_for_call(FileHandle, Event, file, event);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const ControlRequest request{IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength};
    PIRP irp = build_control_irp(IoGetRelatedDeviceObject(file), request, IRP_MJ_DEVICE_CONTROL);
    if (irp == nullptr) {
        drop_references(file, event);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return io::send(file, event, irp, IoStatusBlock);
}

NTSTATUS NTAPI ZwReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID,
                          PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
                          PULONG) {
    if (refuse_apc("ZwReadFile", ApcRoutine)) {
        return STATUS_NOT_SUPPORTED;
    }
    return transfer(FileHandle, Event, IoStatusBlock, IRP_MJ_READ, Buffer, Length, ByteOffset);
}

NTSTATUS NTAPI ZwWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID,
                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
                           PULONG) {
    if (refuse_apc("ZwWriteFile", ApcRoutine)) {
        return STATUS_NOT_SUPPORTED;
    }
    return transfer(FileHandle, Event, IoStatusBlock, IRP_MJ_WRITE, Buffer, Length, ByteOffset);
}

/// Cancels what the calling thread has sent to the file; does not wait for it.
NTSTATUS export_ZwCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock) __asm__("ZwCancelIoFile");
NTSTATUS export_ZwCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock) {
    return cancel(FileHandle, ke::current_thread(), nullptr, IoStatusBlock, STATUS_SUCCESS);
}

/// Cancels one request (by its IO_STATUS_BLOCK) or all of the file's, of any thread; does not wait for them.
NTSTATUS export_ZwCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                                 PIO_STATUS_BLOCK IoStatusBlock) __asm__("ZwCancelIoFileEx");
NTSTATUS export_ZwCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                                 PIO_STATUS_BLOCK IoStatusBlock) {
    return cancel(FileHandle, nullptr, IoRequestToCancel, IoStatusBlock, STATUS_NOT_FOUND);
}

/// STATUS_INVALID_PARAMETER: attributes of another length; STATUS_INVALID_PARAMETER_4: no kind of event. A name that is
/// taken: with OBJ_OPENIF and an event behind it STATUS_OBJECT_NAME_EXISTS and a handle to that one, else
/// STATUS_OBJECT_NAME_COLLISION. PASSIVE_LEVEL.
NTSTATUS NTAPI ZwCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState) {
    if (ObjectAttributes != nullptr && ObjectAttributes->Length != sizeof(OBJECT_ATTRIBUTES)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (EventType != NotificationEvent && EventType != SynchronizationEvent) {
        return STATUS_INVALID_PARAMETER_4;
    }
    auto* event = static_cast<PKEVENT>(ob::create(ob::Type::Event, sizeof(KEVENT)));
    if (event == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KeInitializeEvent(event, EventType, InitialState);
    NTSTATUS status = STATUS_SUCCESS;
    if (ObjectAttributes != nullptr && ObjectAttributes->ObjectName != nullptr) {
        status = ob::insert_name(event, *ObjectAttributes->ObjectName);
        if (status == STATUS_OBJECT_NAME_COLLISION && (ObjectAttributes->Attributes & OBJ_OPENIF) != 0) {
            ObfDereferenceObject(event);
            return open_existing_event(*ObjectAttributes->ObjectName, DesiredAccess, *EventHandle);
        }
    }
    if (NT_SUCCESS(status)) {
        status = ob::open_handle(event, DesiredAccess, *EventHandle);
        if (!NT_SUCCESS(status)) {
            ob::remove_name(event);
        }
    }
    ObfDereferenceObject(event);
    return status;
}

} // extern "C"

namespace {

NTSTATUS with_event(HANDLE handle, LONG (*action)(PKEVENT event), PLONG previous) {
    PVOID body = nullptr;
    const NTSTATUS status = ObReferenceObjectByHandle(handle, 0, ob::g_types[static_cast<int>(ob::Type::Event)],
                                                      KernelMode, &body, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const LONG before = action(static_cast<PKEVENT>(body));
    if (previous != nullptr) {
        *previous = before;
    }
    ObfDereferenceObject(body);
    return STATUS_SUCCESS;
}

} // namespace

extern "C" {

NTSTATUS NTAPI ZwSetEvent(HANDLE EventHandle, PLONG PreviousState) {
    return with_event(
        EventHandle, [](PKEVENT event) { return KeSetEvent(event, IO_NO_INCREMENT, FALSE); }, PreviousState);
}

NTSTATUS export_ZwClearEvent(HANDLE EventHandle) __asm__("ZwClearEvent");
NTSTATUS export_ZwClearEvent(HANDLE EventHandle) {
    return with_event(
        EventHandle, [](PKEVENT event) { return KeResetEvent(event); }, nullptr);
}

NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
    PVOID body = nullptr;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, 0, nullptr, KernelMode, &body, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    switch (ob::type_of(body)) {
    case ob::Type::Event:
    case ob::Type::Thread:
        status = KeWaitForSingleObject(body, UserRequest, KernelMode, Alertable, Timeout);
        break;
    case ob::Type::File:
        status =
            KeWaitForSingleObject(&static_cast<PFILE_OBJECT>(body)->Event, UserRequest, KernelMode, Alertable, Timeout);
        break;
    default:
        status = STATUS_OBJECT_TYPE_MISMATCH;
        break;
    }
    ObfDereferenceObject(body);
    return status;
}

} // extern "C"
