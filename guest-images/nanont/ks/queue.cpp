// SPDX-License-Identifier: MIT
// Cancelable IRP queues. An IRP on a queue has a cancel routine; taking the routine away (IoSetCancelRoutine) is what
// makes an IRP ours: whoever gets a non-NULL answer owns it. An IRP "acquired only" stays in the list without one.
#include "module/locks.hpp"

namespace {

/** Whoever wins the cancel routine back owns the IRP. */
bool win(PIRP irp) {
    return IoSetCancelRoutine(irp, nullptr) != nullptr;
}

PIRP irp_at(LIST_ENTRY* link) {
    return CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
}

/** Runs `routine` as IoCancelIrp would. The caller owns the IRP and holds no lock. */
void cancel_now(PIRP irp, PDRIVER_CANCEL routine) {
    KIRQL irql;
    IoAcquireCancelSpinLock(&irql);
    irp->CancelIrql = irql;
    routine(IoGetCurrentIrpStackLocation(irp)->DeviceObject, irp);
}

/** Under the queue's lock: arms the routine. True: the IRP had been cancelled meanwhile, and is the caller's again. */
bool arm(PIRP irp, PDRIVER_CANCEL routine) {
    IoSetCancelRoutine(irp, routine);
    return irp->Cancel && win(irp);
}

} // namespace

/** The cancel routine of every queued IRP: takes it off its queue and completes it with STATUS_CANCELLED. Called with
 * the cancel spin lock held. */
KSDDKAPI VOID NTAPI KsCancelRoutine(PDEVICE_OBJECT, PIRP irp) {
    PKSPIN_LOCK lock = KSQUEUE_SPINLOCK_IRP_STORAGE(irp);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    {
        SpinLockGuard guard(*lock);
        RemoveEntryList(&irp->Tail.Overlay.ListEntry);
    }
    irp->IoStatus.Status = STATUS_CANCELLED;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
}

/** Queues an IRP, marked pending by the caller. NULL `cancel` = KsCancelRoutine. IRQL <= DISPATCH_LEVEL. */
KSDDKAPI VOID NTAPI KsAddIrpToCancelableQueue(PLIST_ENTRY queue, PKSPIN_LOCK lock, PIRP irp,
                                              KSLIST_ENTRY_LOCATION where, PDRIVER_CANCEL cancel) {
    PDRIVER_CANCEL routine = cancel ? cancel : KsCancelRoutine;
    bool cancelled;
    {
        SpinLockGuard guard(*lock);
        KSQUEUE_SPINLOCK_IRP_STORAGE(irp) = lock;
        if (where == KsListEntryTail)
            InsertTailList(queue, &irp->Tail.Overlay.ListEntry);
        else
            InsertHeadList(queue, &irp->Tail.Overlay.ListEntry);
        cancelled = arm(irp, routine);
    }
    if (cancelled) cancel_now(irp, routine);
}

/** First IRP (from either end) that is not being cancelled or acquired already; NULL: there is none. */
KSDDKAPI PIRP NTAPI KsRemoveIrpFromCancelableQueue(PLIST_ENTRY queue, PKSPIN_LOCK lock, KSLIST_ENTRY_LOCATION from,
                                                   KSIRP_REMOVAL_OPERATION operation) {
    bool only_first = operation == KsAcquireOnlySingleItem || operation == KsAcquireAndRemoveOnlySingleItem;
    bool remove = operation == KsAcquireAndRemove || operation == KsAcquireAndRemoveOnlySingleItem;
    SpinLockGuard guard(*lock);
    for (LIST_ENTRY* at = from == KsListEntryHead ? queue->Flink : queue->Blink; at != queue;
         at = from == KsListEntryHead ? at->Flink : at->Blink) {
        PIRP irp = irp_at(at);
        if (win(irp)) {
            if (remove) RemoveEntryList(at);
            return irp;
        }
        if (only_first) return nullptr;
    }
    return nullptr;
}

/** Takes an acquired IRP off its queue. */
KSDDKAPI VOID NTAPI KsRemoveSpecificIrpFromCancelableQueue(PIRP irp) {
    SpinLockGuard guard(*KSQUEUE_SPINLOCK_IRP_STORAGE(irp));
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

/** Makes an acquired IRP cancelable again; one that was cancelled meanwhile is completed here and now. */
KSDDKAPI VOID NTAPI KsReleaseIrpOnCancelableQueue(PIRP irp, PDRIVER_CANCEL cancel) {
    PDRIVER_CANCEL routine = cancel ? cancel : KsCancelRoutine;
    bool cancelled;
    {
        SpinLockGuard guard(*KSQUEUE_SPINLOCK_IRP_STORAGE(irp));
        cancelled = arm(irp, routine);
    }
    if (cancelled) cancel_now(irp, routine);
}

/** Cancels every IRP of the queue that nobody has acquired. IRQL <= DISPATCH_LEVEL. */
KSDDKAPI VOID NTAPI KsCancelIo(PLIST_ENTRY queue, PKSPIN_LOCK lock) {
    for (;;) {
        PIRP found = nullptr;
        PDRIVER_CANCEL routine = nullptr;
        {
            SpinLockGuard guard(*lock);
            for (LIST_ENTRY* at = queue->Flink; at != queue && !found; at = at->Flink) {
                routine = IoSetCancelRoutine(irp_at(at), nullptr);
                if (routine) {
                    found = irp_at(at);
                    found->Cancel = TRUE;
                }
            }
        }
        if (!found) return;
        cancel_now(found, routine);
    }
}
