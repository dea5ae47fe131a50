// SPDX-License-Identifier: MIT
// Requests that a driver holds, and ZwCancelIoFileEx and ZwCancelIoFile on them.
#include "calls.hpp"

#include "../../support/irps.hpp"
#include "../../support/other_thread.hpp"

namespace {

constexpr ULONG kDeaf = 0x22; // a read at this offset has no cancel routine
PIRP g_deaf;
ULONG g_cancelled;

VOID NTAPI on_cancel(PDEVICE_OBJECT, PIRP irp) {
    ++g_cancelled;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    complete(irp, STATUS_CANCELLED);
}

NTSTATUS NTAPI hold(PDEVICE_OBJECT, PIRP irp) {
    IoMarkIrpPending(irp);
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.Read.ByteOffset.LowPart == kDeaf)
        g_deaf = irp;
    else
        IoSetCancelRoutine(irp, on_cancel);
    return STATUS_PENDING;
}

NTSTATUS NTAPI agree(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, STATUS_SUCCESS);
}

/// A read that is on its way.
struct Read {
    Read(HANDLE file, LONGLONG at) {
        CHECK_EQUAL(ZwCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
        LARGE_INTEGER offset;
        offset.QuadPart = at;
        CHECK_EQUAL(ZwReadFile(file, event, nullptr, nullptr, &io, &byte, 1, &offset, nullptr), STATUS_PENDING);
    }
    ~Read() { ZwClose(event); }
    bool is_over() {
        LARGE_INTEGER now = {};
        return ZwWaitForSingleObject(event, FALSE, &now) == STATUS_SUCCESS;
    }
    HANDLE event = nullptr;
    IO_STATUS_BLOCK io = {{STATUS_PENDING}, 9};
    UCHAR byte = 0;
};

NTSTATUS cancel_ex(HANDLE file, IO_STATUS_BLOCK* which, IO_STATUS_BLOCK* io) {
    return EXPORT(ZwCancelIoFileEx, NTSTATUS(*)(HANDLE, IO_STATUS_BLOCK*, IO_STATUS_BLOCK*))(file, which, io);
}

NTSTATUS cancel_mine(HANDLE file, IO_STATUS_BLOCK* io) {
    return EXPORT(ZwCancelIoFile, NTSTATUS(*)(HANDLE, IO_STATUS_BLOCK*))(file, io);
}

VOID NTAPI cancel_as_another(PVOID context) {
    IO_STATUS_BLOCK io = {};
    CHECK_EQUAL(cancel_mine(context, &io), STATUS_SUCCESS);
}

HANDLE open(const WCHAR* text, ACCESS_MASK more = 0, ULONG options = 0) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE file = nullptr;
    IO_STATUS_BLOCK io;
    CHECK_EQUAL(
        ZwCreateFile(&file, GENERIC_READ | more, &attributes, &io, nullptr, 0, 0, FILE_OPEN, options, nullptr, 0),
        STATUS_SUCCESS);
    return file;
}

void cancels(HANDLE file, HANDLE elsewhere) {
    IO_STATUS_BLOCK io = {}, nobodys = {};
    Read first(file, 0), second(file, 1), third(elsewhere, 2);
    CHECK_EQUAL(cancel_ex(file, &nobodys, &io), STATUS_NOT_FOUND); // no request has this block
    CHECK_EQUAL(io.Status, STATUS_NOT_FOUND);
    CHECK_EQUAL(cancel_ex(file, &third.io, &io), STATUS_NOT_FOUND); // it is another handle's
    CHECK_EQUAL(g_cancelled, 0);
    CHECK_EQUAL(cancel_ex(file, &second.io, &io), STATUS_SUCCESS);
    CHECK_EQUAL(io.Status, STATUS_SUCCESS);
    CHECK(second.is_over() && !first.is_over() && !third.is_over());
    CHECK_EQUAL(second.io.Status, STATUS_CANCELLED);
    CHECK_EQUAL(first.io.Status, STATUS_PENDING);
    CHECK_EQUAL(cancel_ex(file, &second.io, &io), STATUS_NOT_FOUND); // it is over
    {
        OtherThread other(cancel_as_another, file); // has sent nothing itself
    }
    CHECK(!first.is_over());
    CHECK_EQUAL(cancel_ex(file, nullptr, &io), STATUS_SUCCESS); // all of this handle's
    CHECK(first.is_over() && !third.is_over());
    CHECK_EQUAL(first.io.Status, STATUS_CANCELLED);
    CHECK_EQUAL(cancel_ex(file, nullptr, &io), STATUS_NOT_FOUND);
    CHECK_EQUAL(cancel_mine(elsewhere, &io), STATUS_SUCCESS);
    CHECK(third.is_over());
    CHECK_EQUAL(cancel_mine(elsewhere, &io), STATUS_SUCCESS); // nothing to cancel is no failure of this one
    CHECK_EQUAL(g_cancelled, 3);
}

/// Cancelling asks; a driver without a cancel routine goes on, and finishes when it likes.
void cancels_what_cannot_be(HANDLE file) {
    IO_STATUS_BLOCK io = {};
    Read deaf(file, kDeaf);
    CHECK_EQUAL(cancel_ex(file, &deaf.io, &io), STATUS_SUCCESS);
    CHECK(!deaf.is_over());
    CHECK(g_deaf && g_deaf->Cancel);
    complete(g_deaf, STATUS_SUCCESS);
    CHECK(deaf.is_over());
    CHECK_EQUAL(deaf.io.Status, STATUS_SUCCESS);
    CHECK_EQUAL(deaf.io.Information, 0);
}

/// A read of a handle for synchronous I/O; it is held as a deaf one.
struct Synchronous {
    HANDLE file, event;
    volatile LONG over;
    NTSTATUS status;
};

VOID NTAPI read_synchronously(PVOID context) {
    auto& self = *static_cast<Synchronous*>(context);
    IO_STATUS_BLOCK io = {};
    UCHAR byte = 0;
    LARGE_INTEGER offset;
    offset.QuadPart = kDeaf;
    self.status = ZwReadFile(self.file, self.event, nullptr, nullptr, &io, &byte, 1, &offset, nullptr);
    InterlockedIncrement(&self.over);
}

/// The call returns when the request is done, the caller's event is signalled then (an automatic one, too), and a
/// second thread's request waits until the first is through.
void one_after_the_other(const WCHAR* name) {
    HANDLE file = open(name, SYNCHRONIZE, FILE_SYNCHRONOUS_IO_NONALERT), event = nullptr;
    CHECK_EQUAL(ZwCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, SynchronizationEvent, FALSE), STATUS_SUCCESS);
    Synchronous first = {file, event, 0, STATUS_UNSUCCESSFUL}, second = {file, nullptr, 0, STATUS_UNSUCCESSFUL};
    g_deaf = nullptr;
    {
        OtherThread one(read_synchronously, &first);
        pause(2);
        PIRP held = g_deaf;
        CHECK(held != nullptr);
        OtherThread two(read_synchronously, &second);
        pause(2);
        CHECK(g_deaf == held); // the second is not sent yet
        CHECK(!first.over && !second.over);
        if (held) complete(held, STATUS_SUCCESS);
        pause(2);
        CHECK(first.over && !second.over);
        LARGE_INTEGER now = {};
        CHECK_EQUAL(ZwWaitForSingleObject(event, FALSE, &now), STATUS_SUCCESS);
        CHECK_EQUAL(ZwWaitForSingleObject(event, FALSE, &now), STATUS_TIMEOUT);
        CHECK(g_deaf != held);
        if (g_deaf != held) complete(g_deaf, STATUS_END_OF_FILE);
    }
    CHECK_EQUAL(first.status, STATUS_SUCCESS);
    CHECK_EQUAL(second.status, STATUS_END_OF_FILE);
    ZwClose(event);
    CHECK_EQUAL(ZwClose(file), STATUS_SUCCESS);
}

} // namespace

void requests_in_flight() {
    g_driver->MajorFunction[IRP_MJ_CREATE] = g_driver->MajorFunction[IRP_MJ_CLEANUP] =
        g_driver->MajorFunction[IRP_MJ_CLOSE] = agree;
    g_driver->MajorFunction[IRP_MJ_READ] = hold;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\CallsHolding");
    PDEVICE_OBJECT device = nullptr;
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device), STATUS_SUCCESS);
    device->Flags |= DO_BUFFERED_IO;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    HANDLE file = open(name.Buffer), elsewhere = open(name.Buffer);
    cancels(file, elsewhere);
    cancels_what_cannot_be(file);
    one_after_the_other(name.Buffer);
    CHECK_EQUAL(ZwClose(file), STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(elsewhere), STATUS_SUCCESS);
    IO_STATUS_BLOCK io = {};
    CHECK_REFUSES(ZwCancelIoFileEx, cancel_ex(file, nullptr, &io), STATUS_INVALID_HANDLE);
    CHECK_REFUSES(ZwCancelIoFile, cancel_mine(file, &io), STATUS_INVALID_HANDLE);
    IoDeleteDevice(device);
}
