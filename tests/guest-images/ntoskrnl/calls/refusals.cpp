// SPDX-License-Identifier: MIT
// Io, Ob, Zw: names, handles and requests that are refused, each with its documented status, and nothing left behind.
#include "calls.hpp"

#include "../../support/irps.hpp"

#include <initializer_list>

namespace {

NTSTATUS g_answer; // to IRP_MJ_CREATE

NTSTATUS NTAPI answer(PDEVICE_OBJECT, PIRP irp) {
    const bool is_create = IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_CREATE;
    return complete(irp, is_create ? g_answer : STATUS_SUCCESS);
}

NTSTATUS NTAPI control(PDEVICE_OBJECT, PIRP irp) {
    const auto& asked = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
    return complete(irp, asked.InputBufferLength == 4 ? STATUS_SUCCESS : STATUS_INVALID_BUFFER_SIZE);
}

struct Name : UNICODE_STRING {
    explicit Name(const WCHAR* text) { RtlInitUnicodeString(this, text); }
};

struct Attributes : OBJECT_ATTRIBUTES {
    explicit Attributes(PUNICODE_STRING name, HANDLE root = nullptr, ULONG more = 0) {
        OBJECT_ATTRIBUTES& self = *this;
        InitializeObjectAttributes(&self, name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE | more, root, nullptr);
    }
};

/// A device of its own name, gone with the scope.
struct Device {
    explicit Device(const WCHAR* text, bool is_ready = true) : name(text) {
        for (ULONG major : {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE})
            g_driver->MajorFunction[major] = answer;
        g_driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
        g_answer = STATUS_SUCCESS;
        CHECK_EQUAL(IoCreateDevice(g_driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &object), STATUS_SUCCESS);
        if (is_ready) object->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    ~Device() { IoDeleteDevice(object); }
    Name name;
    PDEVICE_OBJECT object = nullptr;
};

NTSTATUS create_file(const WCHAR* text, HANDLE root = nullptr) {
    Name name(text);
    Attributes attributes(&name, root);
    IO_STATUS_BLOCK io = {};
    HANDLE handle = nullptr;
    const NTSTATUS status = ZwCreateFile(&handle, GENERIC_READ, &attributes, &io, nullptr, FILE_ATTRIBUTE_NORMAL, 0,
                                         FILE_OPEN, 0, nullptr, 0);
    CHECK_EQUAL(io.Status, status);
    CHECK_EQUAL(handle != nullptr, NT_SUCCESS(status));
    if (NT_SUCCESS(status)) ZwClose(handle);
    return status;
}

NTSTATUS open_file(const WCHAR* text) {
    Name name(text);
    Attributes attributes(&name);
    IO_STATUS_BLOCK io = {};
    HANDLE handle = nullptr;
    using Open = NTSTATUS (*)(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, IO_STATUS_BLOCK*, ULONG, ULONG);
    return EXPORT(ZwOpenFile, Open)(&handle, GENERIC_READ, &attributes, &io, 0, 0);
}

NTSTATUS pointer_to(const WCHAR* text) {
    Name name(text);
    PFILE_OBJECT file = nullptr;
    PDEVICE_OBJECT device = nullptr;
    using Pointer = NTSTATUS (*)(UNICODE_STRING*, ACCESS_MASK, PFILE_OBJECT*, PDEVICE_OBJECT*);
    const NTSTATUS status = EXPORT(IoGetDeviceObjectPointer, Pointer)(&name, FILE_READ_DATA, &file, &device);
    CHECK_EQUAL(file != nullptr, NT_SUCCESS(status));
    if (file) ObDereferenceObject(file);
    return status;
}

NTSTATUS create_event(const WCHAR* text, HANDLE& handle, ULONG more = 0) {
    Name name(text);
    Attributes attributes(&name, nullptr, more);
    return ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
}

} // namespace

void names_refused() {
    Device device(L"\\Device\\CallsRefused");
    PDEVICE_OBJECT second = device.object;
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, &device.name, FILE_DEVICE_UNKNOWN, 0, FALSE, &second),
                STATUS_OBJECT_NAME_COLLISION);
    CHECK(second == nullptr);
    Name link(L"\\DosDevices\\CallsRefusedLink"), same(L"\\??\\callsrefusedlink"), no_link(L"\\??\\NoSuchCalls");
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &device.name), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateSymbolicLink(&same, &device.name), STATUS_OBJECT_NAME_COLLISION); // another way to write it
    CHECK_EQUAL(IoDeleteSymbolicLink(&device.name), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQUAL(IoDeleteSymbolicLink(&no_link), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(IoDeleteSymbolicLink(&same), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_OBJECT_NAME_NOT_FOUND); // it is gone

    // A device that is being deleted, and still there because a file is open: nobody is attached to it any more.
    PDEVICE_OBJECT lower = nullptr, upper = nullptr, below = device.object;
    Name name(L"\\Device\\CallsLeaving");
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &lower), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &upper), STATUS_SUCCESS);
    ObReferenceObject(lower);
    IoDeleteDevice(lower);
    CHECK(IoAttachDeviceToDeviceStack(upper, lower) == nullptr);
    using Attach = NTSTATUS (*)(PDEVICE_OBJECT, PDEVICE_OBJECT, PDEVICE_OBJECT*);
    CHECK_EQUAL(EXPORT(IoAttachDeviceToDeviceStackSafe, Attach)(upper, lower, &below), STATUS_NO_SUCH_DEVICE);
    CHECK(below == nullptr);
    ObDereferenceObject(lower);
    IoDeleteDevice(upper);
}

void opens_refused() {
    Device device(L"\\Device\\CallsRefused");
    CHECK_EQUAL(create_file(L"\\Device\\CallsRefused"), STATUS_SUCCESS);
    CHECK_REFUSES(ZwCreateFile, create_file(L"\\Device\\NoSuchCalls"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_REFUSES(ZwCreateFile, create_file(L"\\Driver\\calls"), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_REFUSES(ZwCreateFile, create_file(L"Device\\CallsRefused"), STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK_REFUSES(ZwCreateFile, create_file(L""), STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK_REFUSES(ZwCreateFile, create_file(L"x", reinterpret_cast<HANDLE>(ULONG_PTR{0x7777})), STATUS_INVALID_HANDLE);
    CHECK_REFUSES(ZwOpenFile, open_file(L"\\Device\\NoSuchCalls"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_REFUSES(ZwOpenFile, open_file(L"Device\\CallsRefused"), STATUS_OBJECT_PATH_SYNTAX_BAD);
    {
        Device early(L"\\Device\\CallsEarly", false); // DO_DEVICE_INITIALIZING
        CHECK_REFUSES(ZwCreateFile, create_file(L"\\Device\\CallsEarly"), STATUS_NO_SUCH_DEVICE);
    }
    CHECK_EQUAL(pointer_to(L"\\Device\\CallsRefused"), STATUS_SUCCESS);
    CHECK_REFUSES(IoGetDeviceObjectPointer, pointer_to(L"\\Driver\\calls"), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_REFUSES(IoGetDeviceObjectPointer, pointer_to(L"\\"), STATUS_OBJECT_NAME_INVALID);
    g_answer = STATUS_INVALID_PARAMETER; // what the device's driver says of the open is handed on
    CHECK_REFUSES(IoGetDeviceObjectPointer, pointer_to(L"\\Device\\CallsRefused"), STATUS_INVALID_PARAMETER);
    g_answer = STATUS_PRIVILEGE_NOT_HELD;
    CHECK_REFUSES(IoGetDeviceObjectPointer, pointer_to(L"\\Device\\CallsRefused"), STATUS_PRIVILEGE_NOT_HELD);
    g_answer = STATUS_INSUFFICIENT_RESOURCES;
    CHECK_REFUSES(IoGetDeviceObjectPointer, pointer_to(L"\\Device\\CallsRefused"), STATUS_INSUFFICIENT_RESOURCES);
}

void named_events() {
    HANDLE first = nullptr, second = nullptr;
    CHECK_EQUAL(create_event(L"\\BaseNamedObjects\\Calls", first), STATUS_SUCCESS);
    CHECK_REFUSES(ZwCreateEvent, create_event(L"\\BaseNamedObjects\\CALLS", second), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(create_event(L"\\BaseNamedObjects\\Calls", second, OBJ_OPENIF), STATUS_OBJECT_NAME_EXISTS);
    LONG before = 9;
    CHECK_EQUAL(EXPORT(ZwSetEvent, NTSTATUS(*)(HANDLE, LONG*))(first, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(EXPORT(ZwSetEvent, NTSTATUS(*)(HANDLE, LONG*))(second, &before), STATUS_SUCCESS);
    CHECK(before != 0); // one event behind both
    CHECK_EQUAL(ZwClose(first), STATUS_SUCCESS);
    CHECK_REFUSES(ZwCreateEvent, create_event(L"\\BaseNamedObjects\\Calls", first), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(ZwClose(second), STATUS_SUCCESS); // the last handle, and the name goes with it
    CHECK_EQUAL(create_event(L"\\BaseNamedObjects\\Calls", first), STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(first), STATUS_SUCCESS);

    Device device(L"\\Device\\CallsRefused");
    CHECK_REFUSES(ZwCreateEvent, create_event(L"\\Device\\CallsRefused", first, OBJ_OPENIF),
                  STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_REFUSES(ZwCreateEvent, create_event(L"\\", first), STATUS_OBJECT_NAME_INVALID);
    CHECK_REFUSES(ZwCreateEvent, create_event(L"", first), STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK_REFUSES(ZwCreateEvent, create_event(L"Calls", first), STATUS_OBJECT_PATH_SYNTAX_BAD);
    Attributes attributes(nullptr);
    attributes.Length = 3;
    CHECK_EQUAL(ZwCreateEvent(&first, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(ZwCreateEvent(&first, EVENT_ALL_ACCESS, nullptr, static_cast<EVENT_TYPE>(2), FALSE),
                STATUS_INVALID_PARAMETER_4);
}

void handles_refused() {
    HANDLE event = nullptr, key = nullptr;
    CHECK_EQUAL(ZwCreateEvent(&event, EVENT_MODIFY_STATE, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
    PVOID object = &event;
    CHECK_EQUAL(ObReferenceObjectByHandle(event, 0, *IoFileObjectType, KernelMode, &object, nullptr),
                STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(object == nullptr);
    CHECK_EQUAL(ObReferenceObjectByHandle(event, SYNCHRONIZE, *ExEventObjectType, UserMode, &object, nullptr),
                STATUS_ACCESS_DENIED);
    CHECK_EQUAL(ObReferenceObjectByHandle(event, EVENT_MODIFY_STATE, *ExEventObjectType, UserMode, &object, nullptr),
                STATUS_SUCCESS);
    ObDereferenceObject(object);
    CHECK_EQUAL(ZwClose(event), STATUS_SUCCESS);
    CHECK_EQUAL(ObReferenceObjectByHandle(event, 0, nullptr, KernelMode, &object, nullptr), STATUS_INVALID_HANDLE);
    LARGE_INTEGER now = {};
    CHECK_EQUAL(ZwWaitForSingleObject(event, FALSE, &now), STATUS_INVALID_HANDLE);

    Name there(L"\\Registry\\Machine\\System"), wrong(L"Registry\\Machine");
    Attributes attributes(&there), bad(&wrong);
    const auto open_key = EXPORT(ZwOpenKeyEx, NTSTATUS(*)(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, ULONG));
    CHECK_EQUAL(open_key(&key, KEY_READ, &attributes, 0x40), STATUS_INVALID_PARAMETER_4);
    CHECK_EQUAL(open_key(&key, KEY_READ, &bad, 0), STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK(key == nullptr);
    CHECK_EQUAL(open_key(&key, KEY_READ, &attributes, 0), STATUS_SUCCESS);
    CHECK_EQUAL(ZwWaitForSingleObject(key, FALSE, &now), STATUS_OBJECT_TYPE_MISMATCH); // nobody can wait for a key
    CHECK_EQUAL(ZwClose(key), STATUS_SUCCESS);
}

void requests_refused() {
    Device device(L"\\Device\\CallsRefused");
    PFILE_OBJECT file = nullptr;
    PDEVICE_OBJECT found = nullptr;
    CHECK_EQUAL(IoGetDeviceObjectPointer(&device.name, FILE_READ_DATA, &file, &found), STATUS_SUCCESS);
    CHECK(EXPORT(IoGetRelatedDeviceObject, PDEVICE_OBJECT(*)(PFILE_OBJECT))(file) == device.object);
    ULONG value = 0;
    for (ULONG size : {ULONG{4}, ULONG{2}}) {
        KEVENT done;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        IO_STATUS_BLOCK io = {};
        PIRP irp = IoBuildDeviceIoControlRequest(CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS),
                                                 found, &value, size, nullptr, 0, FALSE, &done, &io);
        CHECK(irp != nullptr);
        CHECK_EQUAL(IofCallDriver(found, irp), size == 4 ? STATUS_SUCCESS : STATUS_INVALID_BUFFER_SIZE);
        CHECK_EQUAL(KeReadStateEvent(&done), size == 4); // what fails at once is told by its status alone
    }
    ObDereferenceObject(file);

    PIRP irp = IoAllocateIrp(1, FALSE);
    IoSetNextIrpStackLocation(irp); // its only one
    CHECK(!EXPORT(IoForwardIrpSynchronously, BOOLEAN(*)(PDEVICE_OBJECT, PIRP))(device.object, irp));
    KIRQL old;
    EXPORT(IoAcquireCancelSpinLock, void (*)(KIRQL*))(&old);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    irp->Cancel = TRUE;
    IoReleaseCancelSpinLock(old);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    IoFreeIrp(irp);

    PHYSICAL_ADDRESS somewhere = {};
    somewhere.QuadPart = 0xfebf0000;
    CHECK(MmMapIoSpace(somewhere, 0, MmNonCached) == nullptr);
    PVOID base = nullptr;
    CHECK(EXPORT(RtlPcToFileHeader, PVOID(*)(PVOID, PVOID*))(&value, &base) == nullptr); // on the stack
    CHECK(base == nullptr);
    CHECK(EXPORT(RtlPcToFileHeader, PVOID(*)(PVOID, PVOID*))(reinterpret_cast<PVOID>(&requests_refused), &base) ==
          g_driver->DriverStart);
    PVOID frames[2];
    using Capture = USHORT (*)(ULONG, ULONG, PVOID*, ULONG*);
    CHECK_EQUAL(EXPORT(RtlCaptureStackBackTrace, Capture)(200, 2, frames, nullptr), 0);
    CHECK_EQUAL(EXPORT(RtlCaptureStackBackTrace, Capture)(0, 1, frames, nullptr), 1);
}

/// With few handles left, more refusals than that: none of them keeps one.
void no_handle_kept() {
    constexpr ULONG kSpare = 4;
    static HANDLE handles[2000];
    Device device(L"\\Device\\CallsRefused");
    HANDLE handle = nullptr;
    CHECK_EQUAL(create_event(L"\\BaseNamedObjects\\Calls", handle), STATUS_SUCCESS);
    ULONG count = 0;
    NTSTATUS status = STATUS_SUCCESS;
    while (count < RTL_NUMBER_OF(handles)) {
        status = ZwCreateEvent(&handles[count], EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE);
        if (!NT_SUCCESS(status)) break;
        ++count;
    }
    CHECK_REFUSES(ZwCreateEvent, status, STATUS_INSUFFICIENT_RESOURCES); // the table is full
    CHECK(count > kSpare);
    for (ULONG i = 0; i < kSpare; ++i)
        CHECK_EQUAL(ZwClose(handles[--count]), STATUS_SUCCESS);
    Name there(L"\\Registry\\Machine\\System"), missing(L"\\Registry\\Machine\\NoSuchKey");
    Attributes attributes(&there), nothing(&missing);
    HANDLE none = nullptr;
    for (ULONG i = 0; i < 2 * kSpare; ++i) {
        g_answer = STATUS_DEVICE_BUSY;
        CHECK_EQUAL(create_event(L"\\BaseNamedObjects\\Calls", none), STATUS_OBJECT_NAME_COLLISION);
        CHECK_EQUAL(create_event(L"\\Device\\CallsRefused", none, OBJ_OPENIF), STATUS_OBJECT_TYPE_MISMATCH);
        CHECK_EQUAL(create_file(L"\\Device\\CallsRefused"), STATUS_DEVICE_BUSY);
        CHECK_EQUAL(pointer_to(L"\\Device\\CallsRefused"), STATUS_DEVICE_BUSY);
        CHECK_EQUAL(ZwOpenKey(&none, KEY_READ, &nothing), STATUS_OBJECT_NAME_NOT_FOUND);
        g_answer = STATUS_SUCCESS;
        CHECK_EQUAL(pointer_to(L"\\Device\\CallsRefused"), STATUS_SUCCESS); // its own handle is closed again
    }
    for (ULONG i = 0; i < kSpare; ++i)
        CHECK_EQUAL(ZwOpenKey(&handles[count++], KEY_READ, &attributes), STATUS_SUCCESS);
    CHECK_EQUAL(ZwOpenKey(&none, KEY_READ, &attributes), STATUS_INSUFFICIENT_RESOURCES);
    while (count != 0)
        CHECK_EQUAL(ZwClose(handles[--count]), STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
}
