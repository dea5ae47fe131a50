// SPDX-License-Identifier: MIT
// Io, Ob, Zw: device stacks, references, and what is done by handle.
#include "calls.hpp"

#include "../../support/irps.hpp"

#include <initializer_list>

namespace {

NTSTATUS NTAPI open_or_close(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, STATUS_SUCCESS);
}

constexpr ULONG kBoasting = 0x44; // a read at this offset says that it gave a page more than it was asked for

/// Buffered: a read gives its offset's low byte over and over, a write says how much it was.
NTSTATUS NTAPI transfer(PDEVICE_OBJECT, PIRP irp) {
    const IO_STACK_LOCATION& here = *IoGetCurrentIrpStackLocation(irp);
    if (here.MajorFunction == IRP_MJ_WRITE) return complete(irp, STATUS_SUCCESS, here.Parameters.Write.Length);
    RtlFillMemory(irp->AssociatedIrp.SystemBuffer, here.Parameters.Read.Length,
                  static_cast<UCHAR>(here.Parameters.Read.ByteOffset.LowPart));
    const bool boasts = here.Parameters.Read.ByteOffset.LowPart == kBoasting;
    return complete(irp, STATUS_SUCCESS, here.Parameters.Read.Length + (boasts ? PAGE_SIZE : 0));
}

UNICODE_STRING name_of(const WCHAR* text) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    return string;
}

PDEVICE_OBJECT named_device(const WCHAR* name) {
    PDRIVER_DISPATCH* const dispatch = g_driver->MajorFunction;
    dispatch[IRP_MJ_CREATE] = dispatch[IRP_MJ_CLOSE] = dispatch[IRP_MJ_CLEANUP] = open_or_close;
    dispatch[IRP_MJ_READ] = dispatch[IRP_MJ_WRITE] = transfer;
    UNICODE_STRING string = name_of(name);
    PDEVICE_OBJECT device = nullptr;
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, &string, FILE_DEVICE_UNKNOWN, 0, FALSE, &device), STATUS_SUCCESS);
    device->Flags |= DO_BUFFERED_IO;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

NTSTATUS open(const WCHAR* name, HANDLE& handle, IO_STATUS_BLOCK& io) {
    UNICODE_STRING string = name_of(name);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &string, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    using Open = NTSTATUS (*)(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, IO_STATUS_BLOCK*, ULONG, ULONG);
    return EXPORT(ZwOpenFile, Open)(&handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &io, 0,
                                    FILE_SYNCHRONOUS_IO_NONALERT);
}

} // namespace

void device_stacks() {
    PDEVICE_OBJECT lower = named_device(L"\\Device\\CallsLower"), upper = nullptr, below = nullptr;
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &upper), STATUS_SUCCESS);
    using Attach = NTSTATUS (*)(PDEVICE_OBJECT, PDEVICE_OBJECT, PDEVICE_OBJECT*);
    CHECK_EQUAL(EXPORT(IoAttachDeviceToDeviceStackSafe, Attach)(upper, lower, &below), STATUS_SUCCESS);
    CHECK(below == lower && upper->StackSize == lower->StackSize + 1);
    CHECK(EXPORT(IoGetAttachedDevice, PDEVICE_OBJECT(*)(PDEVICE_OBJECT))(lower) == upper);
    PDEVICE_OBJECT top = EXPORT(IoGetAttachedDeviceReference, PDEVICE_OBJECT(*)(PDEVICE_OBJECT))(lower);
    CHECK(top == upper);
    ObDereferenceObject(top);
    const auto base_of = EXPORT(IoGetDeviceAttachmentBaseRef, PDEVICE_OBJECT(*)(PDEVICE_OBJECT));
    for (PDEVICE_OBJECT any : {upper, lower}) {
        PDEVICE_OBJECT base = base_of(any);
        CHECK(base == lower);
        ObDereferenceObject(base);
    }
    IoDetachDevice(lower);
    CHECK(EXPORT(IoGetAttachedDevice, PDEVICE_OBJECT(*)(PDEVICE_OBJECT))(lower) == lower);
    IoDeleteDevice(upper);

    PFILE_OBJECT file = nullptr;
    PDEVICE_OBJECT found = nullptr;
    UNICODE_STRING name = name_of(L"\\Device\\CallsLower"), nothing = name_of(L"\\Device\\NoSuchCalls");
    using Pointer = NTSTATUS (*)(UNICODE_STRING*, ACCESS_MASK, PFILE_OBJECT*, PDEVICE_OBJECT*);
    CHECK_EQUAL(EXPORT(IoGetDeviceObjectPointer, Pointer)(&name, FILE_READ_DATA, &file, &found), STATUS_SUCCESS);
    CHECK(found == lower && file && file->DeviceObject == lower);
    if (file) ObDereferenceObject(file);
    CHECK_EQUAL(EXPORT(IoGetDeviceObjectPointer, Pointer)(&nothing, FILE_READ_DATA, &file, &found),
                STATUS_OBJECT_NAME_NOT_FOUND);

    UNICODE_STRING link = name_of(L"\\DosDevices\\CallsLink");
    using Link = NTSTATUS (*)(UNICODE_STRING*, UNICODE_STRING*);
    CHECK_EQUAL(EXPORT(IoCreateUnprotectedSymbolicLink, Link)(&link, &name), STATUS_SUCCESS);
    CHECK_EQUAL(EXPORT(IoCreateUnprotectedSymbolicLink, Link)(&link, &name), STATUS_OBJECT_NAME_COLLISION);
    HANDLE handle = nullptr;
    IO_STATUS_BLOCK io;
    CHECK_EQUAL(open(L"\\??\\CallsLink", handle, io), STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
    IoDeleteDevice(lower);

    static int client;
    PVOID extension = nullptr;
    using Allocate = NTSTATUS (*)(PDRIVER_OBJECT, PVOID, ULONG, PVOID*);
    using Get = PVOID (*)(PDRIVER_OBJECT, PVOID);
    CHECK(EXPORT(IoGetDriverObjectExtension, Get)(g_driver, &client) == nullptr);
    CHECK_EQUAL(EXPORT(IoAllocateDriverObjectExtension, Allocate)(g_driver, &client, 24, &extension), STATUS_SUCCESS);
    CHECK(extension && EXPORT(IoGetDriverObjectExtension, Get)(g_driver, &client) == extension);
    CHECK_EQUAL(EXPORT(IoAllocateDriverObjectExtension, Allocate)(g_driver, &client, 24, &extension),
                STATUS_OBJECT_NAME_COLLISION);
}

void references() {
    HANDLE handle = nullptr;
    CHECK_EQUAL(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
    PVOID event = nullptr;
    CHECK_EQUAL(ObReferenceObjectByHandle(handle, 0, *ExEventObjectType, KernelMode, &event, nullptr), STATUS_SUCCESS);
    using ByPointer = NTSTATUS (*)(PVOID, ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE);
    CHECK_EQUAL(EXPORT(ObReferenceObjectByPointer, ByPointer)(event, 0, *ExEventObjectType, KernelMode),
                STATUS_SUCCESS);
    CHECK_EQUAL(EXPORT(ObReferenceObjectByPointer, ByPointer)(event, 0, *IoFileObjectType, KernelMode),
                STATUS_OBJECT_TYPE_MISMATCH);
    EXPORT(ObfReferenceObject, LONG_PTR(*)(PVOID))(event);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQUAL(KeSetEvent(static_cast<PKEVENT>(event), 0, FALSE), 0); // three references hold it
    ObDereferenceObject(event);
    EXPORT(ObDereferenceObjectDeferDelete, void (*)(PVOID))(event);
    ObDereferenceObject(event);
    CHECK_EQUAL(ZwClose(handle), STATUS_INVALID_HANDLE);
}

void handles() {
    PDEVICE_OBJECT device = named_device(L"\\Device\\Calls");
    HANDLE handle = nullptr;
    IO_STATUS_BLOCK io = {};
    CHECK_EQUAL(open(L"\\Device\\NoSuchCalls", handle, io), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(open(L"\\device\\CALLS", handle, io), STATUS_SUCCESS);
    using Transfer =
        NTSTATUS (*)(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IO_STATUS_BLOCK*, PVOID, ULONG, LARGE_INTEGER*, ULONG*);
    const auto read = EXPORT(ZwReadFile, Transfer), write = EXPORT(ZwWriteFile, Transfer);
    UCHAR bytes[4] = {};
    LARGE_INTEGER offset;
    offset.QuadPart = 0x42;
    CHECK_EQUAL(read(handle, nullptr, nullptr, nullptr, &io, bytes, 3, &offset, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(io.Information, 3);
    CHECK(same(bytes, "\x42\x42\x42\0", 4));
    LARGE_INTEGER boasting;
    boasting.QuadPart = kBoasting;
    CHECK_EQUAL(read(handle, nullptr, nullptr, nullptr, &io, bytes, 2, &boasting, nullptr), STATUS_SUCCESS);
    CHECK(same(bytes, "\x44\x44\x42\0", 4));
    CHECK_EQUAL(write(handle, nullptr, nullptr, nullptr, &io, bytes, 4, &offset, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(io.Information, 4);
    const auto apc = [](PVOID, IO_STATUS_BLOCK*, ULONG) {}; // there are none: refused, and said
    CHECK_EQUAL(read(handle, nullptr, apc, nullptr, &io, bytes, 3, &offset, nullptr), STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(write(handle, nullptr, apc, nullptr, &io, bytes, 3, &offset, nullptr), STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(ZwDeviceIoControlFile(handle, nullptr, apc, nullptr, &io, 0, nullptr, 0, nullptr, 0),
                STATUS_NOT_SUPPORTED);
    const auto cancel = EXPORT(ZwCancelIoFileEx, NTSTATUS(*)(HANDLE, IO_STATUS_BLOCK*, IO_STATUS_BLOCK*));
    CHECK_EQUAL(cancel(handle, nullptr, &io), STATUS_NOT_FOUND); // there is nothing in flight
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQUAL(read(handle, nullptr, nullptr, nullptr, &io, bytes, 1, &offset, nullptr), STATUS_INVALID_HANDLE);
    IoDeleteDevice(device);
}

void events_by_handle() {
    HANDLE handle = nullptr;
    CHECK_EQUAL(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
    const auto set = EXPORT(ZwSetEvent, NTSTATUS(*)(HANDLE, LONG*));
    const auto clear = EXPORT(ZwClearEvent, NTSTATUS(*)(HANDLE));
    LONG before = 9;
    CHECK_EQUAL(set(handle, &before), STATUS_SUCCESS);
    CHECK_EQUAL(before, 0);
    LARGE_INTEGER now = {};
    CHECK_EQUAL(ZwWaitForSingleObject(handle, FALSE, &now), STATUS_SUCCESS);
    CHECK_EQUAL(clear(handle), STATUS_SUCCESS);
    CHECK_EQUAL(ZwWaitForSingleObject(handle, FALSE, &now), STATUS_TIMEOUT);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    CHECK_EQUAL(set(handle, nullptr), STATUS_INVALID_HANDLE);
    CHECK_EQUAL(clear(handle), STATUS_INVALID_HANDLE);
}

void keys_by_handle() {
    const auto open_key = EXPORT(ZwOpenKeyEx, NTSTATUS(*)(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, ULONG));
    UNICODE_STRING there = name_of(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services");
    UNICODE_STRING missing = name_of(L"\\Registry\\Machine\\NoSuchKey");
    OBJECT_ATTRIBUTES attributes;
    HANDLE key = nullptr;
    InitializeObjectAttributes(&attributes, &there, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    CHECK_EQUAL(open_key(&key, KEY_READ, &attributes, 0), STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(key), STATUS_SUCCESS);
    InitializeObjectAttributes(&attributes, &missing, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    CHECK_EQUAL(open_key(&key, KEY_READ, &attributes, 0), STATUS_OBJECT_NAME_NOT_FOUND);
}

void identity() {
    PSECURITY_DESCRIPTOR captured = nullptr;
    SECURITY_DESCRIPTOR own;
    RtlCreateSecurityDescriptor(&own, SECURITY_DESCRIPTOR_REVISION);
    using Capture = NTSTATUS (*)(PSECURITY_DESCRIPTOR, KPROCESSOR_MODE, POOL_TYPE, BOOLEAN, PSECURITY_DESCRIPTOR*);
    using Release = void (*)(PSECURITY_DESCRIPTOR, KPROCESSOR_MODE, BOOLEAN);
    CHECK_EQUAL(EXPORT(SeCaptureSecurityDescriptor, Capture)(&own, KernelMode, PagedPool, TRUE, &captured),
                STATUS_SUCCESS);
    CHECK(captured != nullptr && captured != &own);
    EXPORT(SeReleaseSecurityDescriptor, Release)(captured, KernelMode, TRUE);
}
