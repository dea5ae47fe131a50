// SPDX-License-Identifier: MIT
// IRPs: made, sent down a stack of devices, completed up it again, cancelled.
//
// In front of every IRP the I/O manager allocates lies a prefix the drivers do not see: the number the event log knows
// it by, and what the final completion has to do. An IRP that a driver builds in memory of its own has none.
#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"
#include "vf/driver_call.hpp"
#include "vf/locks.hpp"
#include "vf/rules.hpp"

namespace nanont::io {
namespace {

struct alignas(16) Prefix {
    ULONGLONG number;      // 0 = not sent yet
    ULONGLONG correlation; // of the thread that made it
    ULONGLONG room;        // bytes of UserBuffer: what a buffered transfer may give back
    LONG holders;          // freed when nobody holds it
    UCHAR major, minor;    // as it was first sent
    bool done_reported;
    bool counted;         // finish_irp() ends it; else its maker does
    bool event_is_object; // UserEvent came as a handle and was referenced; else it lies in a caller's memory
};

constexpr UCHAR kHasPrefix = 0x80; // in IRP.AllocationFlags
constexpr ULONG kTag = tag("Irp ");

ULONGLONG g_last_number;
LIST_ENTRY g_irps = {&g_irps, &g_irps}; // the counted ones on their way, through ThreadListEntry
KSPIN_LOCK g_irps_lock;
KSPIN_LOCK g_cancel_lock;

Prefix* prefix_of(PIRP irp) {
    return (irp->AllocationFlags & kHasPrefix) != 0 ? reinterpret_cast<Prefix*>(irp) - 1 : nullptr;
}

void release(PIRP irp) {
    Prefix* prefix = prefix_of(irp);
    if (InterlockedDecrement(&prefix->holders) == 0) {
        irp->Type = 0;
        ExFreePoolWithTag(prefix, kTag);
    }
}

ULONGLONG correlation_of(PIRP irp) {
    const ULONGLONG number = irp_number(irp);
    return number != 0 ? MPULAB_CORR(MPULAB_CORR_IRP, number) : 0;
}

void report_made(PIRP irp) {
    Prefix* prefix = prefix_of(irp);
    if (prefix == nullptr || prefix->number != 0) {
        return;
    }
    const IO_STACK_LOCATION& top = *IoGetNextIrpStackLocation(irp);
    prefix->number = static_cast<ULONGLONG>(InterlockedIncrement64(reinterpret_cast<LONG64*>(&g_last_number)));
    prefix->major = top.MajorFunction;
    prefix->minor = top.MinorFunction;
    const bool control =
        top.MajorFunction == IRP_MJ_DEVICE_CONTROL || top.MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL;
    dbg::emit(MPULAB_KIND_IRP_MADE, correlation_of(irp), ULONGLONG{prefix->major} << 8 | prefix->minor,
              control ? top.Parameters.DeviceIoControl.IoControlCode : 0, prefix->correlation);
}

void report_done(PIRP irp) {
    Prefix* prefix = prefix_of(irp);
    if (prefix == nullptr || prefix->number == 0 || prefix->done_reported) {
        return;
    }
    prefix->done_reported = true;
    dbg::emit(MPULAB_KIND_IRP_DONE, correlation_of(irp), ULONGLONG{prefix->major} << 8 | prefix->minor,
              static_cast<ULONG>(irp->IoStatus.Status), irp->IoStatus.Information);
}

void require_irp(PIRP irp, const char* what) {
    if (irp->Type != IO_TYPE_IRP) {
        dbg::bugcheck({MULTIPLE_IRP_COMPLETE_REQUESTS, 71}, reinterpret_cast<ULONG_PTR>(irp), 0, 0, 0,
                      "%s: %p is no IRP any more: it was completed or freed before", what, irp);
    }
}

bool wants_call(const IO_STACK_LOCATION& location, const IRP& irp) {
    return (NT_SUCCESS(irp.IoStatus.Status) && (location.Control & SL_INVOKE_ON_SUCCESS) != 0) ||
           (!NT_SUCCESS(irp.IoStatus.Status) && (location.Control & SL_INVOKE_ON_ERROR) != 0) ||
           (irp.Cancel && (location.Control & SL_INVOKE_ON_CANCEL) != 0);
}

void free_mdls(PIRP irp) {
    while (PMDL mdl = irp->MdlAddress) {
        irp->MdlAddress = mdl->Next;
        if ((mdl->MdlFlags & MDL_PAGES_LOCKED) != 0) {
            MmUnlockPages(mdl);
        }
        IoFreeMdl(mdl);
    }
}

/// The driver's Information, or what the caller's buffer holds of it. Windows copies all that the driver says, beyond
/// both buffers (IO_STATUS_BLOCK: "the number of bytes transferred"; nobody looks); here the run goes on, and says so.
ULONG_PTR bytes_to_give_back(PIRP irp) {
    const Prefix* prefix = prefix_of(irp);
    if (prefix == nullptr || irp->IoStatus.Information <= prefix->room) {
        return irp->IoStatus.Information;
    }
    DbgPrint(
        "ntoskrnl.exe: IRP %p, function 0x%x: IoStatus.Information is 0x%llx, the caller's buffer has 0x%llx bytes; "
        "Windows would write beyond it\n",
        irp, prefix->major, static_cast<ULONGLONG>(irp->IoStatus.Information), prefix->room);
    return prefix->room;
}

/// What METHOD_BUFFERED promises: the system buffer's bytes arrive in the caller's.
void give_back_buffer(PIRP irp) {
    const ULONG flags = irp->Flags;
    if ((flags & IRP_BUFFERED_IO) != 0 && (flags & IRP_INPUT_OPERATION) != 0 && !NT_ERROR(irp->IoStatus.Status) &&
        irp->IoStatus.Information != 0 && irp->UserBuffer != nullptr) {
        RtlCopyMemory(irp->UserBuffer, irp->AssociatedIrp.SystemBuffer, bytes_to_give_back(irp));
    }
    if ((flags & IRP_DEALLOCATE_BUFFER) != 0 && irp->AssociatedIrp.SystemBuffer != nullptr) {
        ExFreePool(irp->AssociatedIrp.SystemBuffer);
        irp->AssociatedIrp.SystemBuffer = nullptr;
    }
}

} // namespace

ULONGLONG irp_number(PIRP irp) {
    const Prefix* prefix = prefix_of(irp);
    return prefix != nullptr ? prefix->number : 0;
}

PIRP allocate_counted_irp(PDEVICE_OBJECT device, ULONG room) {
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    if (irp == nullptr) {
        return nullptr;
    }
    prefix_of(irp)->counted = true;
    prefix_of(irp)->room = room;
    irp->Tail.Overlay.Thread = reinterpret_cast<PETHREAD>(ke::current_thread());
    ke::SpinLockGuard guard(g_irps_lock);
    List::push_back(g_irps, irp->ThreadListEntry);
    return irp;
}

void set_event_object(PIRP irp, PKEVENT event) {
    irp->UserEvent = event;
    prefix_of(irp)->event_is_object = event != nullptr;
}

void finish_irp(PIRP irp) {
    give_back_buffer(irp);
    free_mdls(irp);
    if (irp->Tail.Overlay.AuxiliaryBuffer != nullptr) { // a driver below hung it there for this to free
        ExFreePool(irp->Tail.Overlay.AuxiliaryBuffer);
        irp->Tail.Overlay.AuxiliaryBuffer = nullptr;
    }
    {
        ke::SpinLockGuard guard(g_irps_lock);
        List::remove(irp->ThreadListEntry);
    }
    // A request that failed at once told its caller by its status: IOSB and event are left alone then, as in Windows.
    // (IRP_SYNCHRONOUS_API: the caller sits in here and waits for them.)
    PFILE_OBJECT file = irp->Tail.Overlay.OriginalFileObject;
    const bool synchronous = (irp->Flags & IRP_SYNCHRONOUS_API) != 0;
    if (!NT_ERROR(irp->IoStatus.Status) || irp->PendingReturned || synchronous) {
        if (irp->UserIosb != nullptr) {
            irp->UserIosb->Information = irp->IoStatus.Information;
            irp->UserIosb->Status = irp->IoStatus.Status;
        }
        if (irp->UserEvent != nullptr) {
            KeSetEvent(irp->UserEvent, IO_NO_INCREMENT, FALSE);
        }
        if (file != nullptr && (irp->UserEvent == nullptr || (file->Flags & FO_SYNCHRONOUS_IO) != 0)) {
            KeSetEvent(&file->Event, IO_NO_INCREMENT, FALSE);
        }
    }
    PKEVENT event = prefix_of(irp)->event_is_object ? irp->UserEvent : nullptr;
    release(irp);
    if (event != nullptr) {
        ObfDereferenceObject(event);
    }
    if (file != nullptr) {
        ObfDereferenceObject(file);
    }
}

namespace {

bool send_and_wait(PDEVICE_OBJECT device, PIRP irp, PLARGE_INTEGER timeout, BoundedWait& wait) {
    wait.status = {};
    KeInitializeEvent(&wait.event, NotificationEvent, FALSE);
    irp->UserEvent = &wait.event;
    irp->UserIosb = &wait.status;
    irp->Flags |= IRP_SYNCHRONOUS_API;
    return IofCallDriver(device, irp) != STATUS_PENDING ||
           KeWaitForSingleObject(&wait.event, Executive, KernelMode, FALSE, timeout) != STATUS_TIMEOUT;
}

} // namespace

Outcome send_and_wait(PDEVICE_OBJECT device, PIRP irp) {
    BoundedWait wait;
    send_and_wait(device, irp, nullptr, wait);
    return {wait.status.Status, wait.status.Information};
}

bool send_and_wait(PDEVICE_OBJECT device, PIRP irp, LONGLONG limit, BoundedWait& wait) {
    LARGE_INTEGER timeout;
    timeout.QuadPart = -limit;
    return send_and_wait(device, irp, &timeout, wait);
}

ULONG cancel_irps(bool (*matches)(PIRP irp, void* context), void* context) {
    ULONG cancelled = 0;
    for (;;) {
        PIRP found = nullptr;
        {
            ke::SpinLockGuard guard(g_irps_lock);
            for (LIST_ENTRY* entry = g_irps.Flink; entry != &g_irps && found == nullptr; entry = entry->Flink) {
                PIRP irp = CONTAINING_RECORD(entry, IRP, ThreadListEntry);
                if (!irp->Cancel && matches(irp, context)) {
                    InterlockedIncrement(&prefix_of(irp)->holders);
                    found = irp;
                }
            }
        }
        if (found == nullptr) {
            return cancelled;
        }
        IoCancelIrp(found);
        release(found);
        ++cancelled;
    }
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

#undef IoCallDriver
#undef IoCompleteRequest
extern "C" {

ULONGLONG NTAPI NanontIrpNumber(PIRP Irp) {
    return irp_number(Irp);
}

PIRP NTAPI IoAllocateIrp(CCHAR StackSize, BOOLEAN) {
    const auto size = static_cast<USHORT>(sizeof(IRP) + static_cast<size_t>(StackSize) * sizeof(IO_STACK_LOCATION));
    auto* prefix = static_cast<Prefix*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Prefix) + size, kTag));
    if (prefix == nullptr) {
        return nullptr;
    }
    *prefix = {};
    prefix->holders = 1;
    prefix->room = ~0ull; // its maker knows
    prefix->correlation = ke::current_thread()->correlation;
    auto* irp = reinterpret_cast<PIRP>(prefix + 1);
    IoInitializeIrp(irp, size, StackSize);
    irp->AllocationFlags = kHasPrefix;
    return irp;
}

VOID NTAPI IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize) {
    RtlZeroMemory(Irp, PacketSize);
    Irp->Type = IO_TYPE_IRP;
    Irp->Size = PacketSize;
    Irp->StackCount = StackSize;
    Irp->CurrentLocation = static_cast<CHAR>(StackSize + 1);
    List::init(Irp->ThreadListEntry);
    Irp->Tail.Overlay.CurrentStackLocation = reinterpret_cast<PIO_STACK_LOCATION>(Irp + 1) + StackSize;
}

/// For an IRP of IoAllocateIrp (or a driver's own memory) that no driver has any more. IRQL any.
VOID NTAPI IoReuseIrp(PIRP Irp, NTSTATUS Status) {
    require_irp(Irp, "IoReuseIrp");
    if (const Prefix* prefix = prefix_of(Irp); prefix != nullptr && prefix->counted) {
        dbg::bugcheck(INCONSISTENT_IRP, reinterpret_cast<ULONG_PTR>(Irp), 0, 0, 0,
                      "IoReuseIrp: the I/O manager finishes IRP %p; only one of IoAllocateIrp may be used again", Irp);
    }
    if (Irp->CancelRoutine != nullptr) {
        dbg::bugcheck(INCONSISTENT_IRP, reinterpret_cast<ULONG_PTR>(Irp),
                      reinterpret_cast<ULONG_PTR>(Irp->CancelRoutine), 0, 0,
                      "IoReuseIrp: IRP %p has a cancel routine: a driver holds it still", Irp);
    }
    const UCHAR flags = Irp->AllocationFlags;
    IoInitializeIrp(Irp, Irp->Size, Irp->StackCount);
    Irp->AllocationFlags = flags;
    Irp->IoStatus.Status = Status;
    if (Prefix* prefix = prefix_of(Irp)) {
        prefix->number = 0; // it is another request from here on
        prefix->done_reported = false;
        prefix->correlation = ke::current_thread()->correlation;
    }
}

VOID NTAPI IoFreeIrp(PIRP Irp) {
    require_irp(Irp, "IoFreeIrp");
    if (prefix_of(Irp) == nullptr) {
        dbg::bugcheck(BAD_POOL_CALLER, 0x46, reinterpret_cast<ULONG_PTR>(Irp), 0, 0,
                      "IoFreeIrp: %p did not come from IoAllocateIrp", Irp);
    }
    {
        ke::SpinLockGuard guard(g_irps_lock);
        List::remove(Irp->ThreadListEntry);
    }
    release(Irp);
}

NTSTATUS FASTCALL IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
    require_irp(Irp, "IofCallDriver");
    if (Irp->CurrentLocation <= 1) {
        dbg::bugcheck(NO_MORE_IRP_STACK_LOCATIONS, reinterpret_cast<ULONG_PTR>(Irp), Irp->StackCount,
                      DeviceObject->StackSize, 0, "IRP %p has %d stack locations, the device stack wants %d", Irp,
                      Irp->StackCount, DeviceObject->StackSize);
    }
    report_made(Irp);
    --Irp->CurrentLocation;
    IO_STACK_LOCATION* location = --Irp->Tail.Overlay.CurrentStackLocation;
    location->DeviceObject = DeviceObject;
    const KIRQL before = ke::current_irql();
    const ULONG locks = before >= DISPATCH_LEVEL ? vf::locks_held() : 0;
    PDRIVER_DISPATCH dispatch = DeviceObject->DriverObject->MajorFunction[location->MajorFunction];
    const NTSTATUS status = vf::call(dispatch, DeviceObject, Irp);
    vf::judged(3);
    if (ke::current_irql() != before) {
        dbg::bugcheck({IRQL_UNEXPECTED_VALUE, 3}, dbg::unexpected_irql(ke::current_irql(), before),
                      reinterpret_cast<ULONG_PTR>(dispatch), 0, 0,
                      "dispatch routine %s was called at IRQL %u and returned at %u",
                      dbg::Place(reinterpret_cast<void*>(dispatch)).text, before, ke::current_irql());
    }
    vf::check_locks_after(reinterpret_cast<void*>(dispatch), locks);
    return status;
}

NTSTATUS NTAPI PoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
    return IofCallDriver(DeviceObject, Irp);
}

VOID FASTCALL IofCompleteRequest(PIRP Irp, CCHAR) {
    vf::judged(71);
    require_irp(Irp, "IofCompleteRequest");
    if (Irp->CurrentLocation > Irp->StackCount + 1) {
        dbg::bugcheck({MULTIPLE_IRP_COMPLETE_REQUESTS, 71}, reinterpret_cast<ULONG_PTR>(Irp), 0, 0, 0,
                      "IRP %p is completed a second time", Irp);
    }
    if (Irp->CancelRoutine != nullptr) {
        dbg::bugcheck(CANCEL_STATE_IN_COMPLETED_IRP, reinterpret_cast<ULONG_PTR>(Irp),
                      reinterpret_cast<ULONG_PTR>(Irp->CancelRoutine), 0, 0,
                      "IRP %p is completed while its cancel routine is still set", Irp);
    }
    if (Irp->IoStatus.Status == STATUS_PENDING) {
        constexpr ULONG kCompletedAsPending = 6;
        dbg::bugcheck(DRIVER_VERIFIER_IOMANAGER_VIOLATION, kCompletedAsPending, static_cast<ULONG>(STATUS_PENDING),
                      reinterpret_cast<ULONG_PTR>(Irp), 0, "IRP %p is completed with STATUS_PENDING", Irp);
    }
    while (Irp->CurrentLocation <= Irp->StackCount) {
        IO_STACK_LOCATION* location = Irp->Tail.Overlay.CurrentStackLocation;
        Irp->PendingReturned = (location->Control & SL_PENDING_RETURNED) != 0;
        ++Irp->CurrentLocation;
        ++Irp->Tail.Overlay.CurrentStackLocation;
        const bool last = Irp->CurrentLocation > Irp->StackCount;
        if (last) {
            report_done(Irp);
        }
        if (wants_call(*location, *Irp)) {
            PDEVICE_OBJECT device = last ? nullptr : IoGetCurrentIrpStackLocation(Irp)->DeviceObject;
            PIO_COMPLETION_ROUTINE routine = location->CompletionRoutine;
            PVOID context = location->Context;
            if (vf::call(routine, device, Irp, context) == STATUS_MORE_PROCESSING_REQUIRED) {
                return;
            }
        } else if (Irp->PendingReturned && !last) {
            IoMarkIrpPending(Irp);
        }
    }
    report_done(Irp);
    Prefix* prefix = prefix_of(Irp);
    if (prefix == nullptr || !prefix->counted) {
        dbg::bugcheck(
            INCONSISTENT_IRP, reinterpret_cast<ULONG_PTR>(Irp), 0, 0, 0,
            "IRP %p came back to the I/O manager, which did not make it for anybody: the completion routine of "
            "whoever allocated it must return STATUS_MORE_PROCESSING_REQUIRED",
            Irp);
    }
    finish_irp(Irp);
}

VOID NTAPI IoAcquireCancelSpinLock(PKIRQL Irql) {
    *Irql = KeAcquireSpinLockRaiseToDpc(&g_cancel_lock);
}

VOID NTAPI IoReleaseCancelSpinLock(KIRQL Irql) {
    KeReleaseSpinLock(&g_cancel_lock, Irql);
}

BOOLEAN NTAPI IoCancelIrp(PIRP Irp) {
    require_irp(Irp, "IoCancelIrp");
    KIRQL irql;
    IoAcquireCancelSpinLock(&irql);
    Irp->Cancel = TRUE;
    PDRIVER_CANCEL routine = IoSetCancelRoutine(Irp, nullptr);
    if (routine == nullptr) {
        IoReleaseCancelSpinLock(irql);
        return FALSE;
    }
    Irp->CancelIrql = irql;
    vf::call(routine, IoGetCurrentIrpStackLocation(Irp)->DeviceObject, Irp); // releases the cancel lock
    return TRUE;
}

NTSTATUS NTAPI IoSetCompletionRoutineEx(PDEVICE_OBJECT, PIRP Irp, PIO_COMPLETION_ROUTINE CompletionRoutine,
                                        PVOID Context, BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError,
                                        BOOLEAN InvokeOnCancel) {
    IoSetCompletionRoutine(Irp, CompletionRoutine, Context, InvokeOnSuccess, InvokeOnError, InvokeOnCancel);
    return STATUS_SUCCESS;
}

} // extern "C"

namespace {

NTSTATUS NTAPI signal_and_keep(PDEVICE_OBJECT, PIRP, PVOID context) {
    KeSetEvent(static_cast<PKEVENT>(context), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

} // namespace

extern "C" {

BOOLEAN NTAPI IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
    if (Irp->CurrentLocation <= 1) {
        return FALSE;
    }
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, signal_and_keep, &event, TRUE, TRUE, TRUE);
    if (IofCallDriver(DeviceObject, Irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
    }
    return TRUE;
}

} // extern "C"
