// SPDX-License-Identifier: MIT
// Cancel-safe IRP queues: the driver brings list and lock, this brings the race with cancellation under control
// (documented as the Cancel-Safe IRP Queue framework).
#include "nt.hpp"

namespace {

constexpr ULONG kQueue = 1;   // IO_TYPE_CSQ
constexpr ULONG kContext = 2; // IO_TYPE_CSQ_IRP_CONTEXT
constexpr ULONG kQueueEx = 3; // IO_TYPE_CSQ_EX

/// What DriverContext[3] holds while an IRP is queued: the queue, or the caller's context, which names the queue.
PVOID& owner_of(PIRP irp) {
    return irp->Tail.Overlay.DriverContext[3];
}

VOID NTAPI cancelled(PDEVICE_OBJECT, PIRP irp) {
    IoReleaseCancelSpinLock(irp->CancelIrql);
    auto* queue = static_cast<PIO_CSQ>(owner_of(irp));
    if (queue->Type == kContext) {
        auto* context = reinterpret_cast<PIO_CSQ_IRP_CONTEXT>(queue);
        queue = context->Csq;
        context->Irp = nullptr;
    }
    KIRQL irql;
    queue->CsqAcquireLock(queue, &irql);
    queue->CsqRemoveIrp(queue, irp);
    queue->CsqReleaseLock(queue, irql);
    queue->CsqCompleteCanceledIrp(queue, irp);
}

/// True when the IRP is ours again; false when its cancellation is under way and will take it out.
bool take_back(PIRP irp) {
    if (IoSetCancelRoutine(irp, nullptr) == nullptr) {
        return false;
    }
    if (auto* context = static_cast<PIO_CSQ_IRP_CONTEXT>(owner_of(irp)); context->Type == kContext) {
        context->Irp = nullptr;
    }
    owner_of(irp) = nullptr;
    return true;
}

} // namespace

extern "C" {

NTSTATUS NTAPI IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                               PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                               PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                               PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp) {
    *Csq = {kQueue,         CsqInsertIrp,   CsqRemoveIrp,           CsqPeekNextIrp,
            CsqAcquireLock, CsqReleaseLock, CsqCompleteCanceledIrp, nullptr};
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                                 PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                                 PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                                 PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp) {
    IoCsqInitialize(Csq, reinterpret_cast<PIO_CSQ_INSERT_IRP>(reinterpret_cast<PVOID>(CsqInsertIrp)), CsqRemoveIrp,
                    CsqPeekNextIrp, CsqAcquireLock, CsqReleaseLock, CsqCompleteCanceledIrp);
    Csq->Type = kQueueEx;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext) {
    KIRQL irql;
    Csq->CsqAcquireLock(Csq, &irql);
    if (Context != nullptr) {
        *Context = {kContext, Irp, Csq};
        owner_of(Irp) = Context;
    } else {
        owner_of(Irp) = Csq;
    }
    IoMarkIrpPending(Irp);
    NTSTATUS status = STATUS_SUCCESS;
    if (Csq->Type == kQueueEx) {
        status = reinterpret_cast<PIO_CSQ_INSERT_IRP_EX>(reinterpret_cast<PVOID>(Csq->CsqInsertIrp))(Csq, Irp,
                                                                                                     InsertContext);
    } else {
        Csq->CsqInsertIrp(Csq, Irp);
    }
    if (!NT_SUCCESS(status)) {
        owner_of(Irp) = nullptr;
        Csq->CsqReleaseLock(Csq, irql);
        return status;
    }
    IoSetCancelRoutine(Irp, cancelled);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, nullptr) != nullptr) {
        // Cancelled before anybody could be told: it is completed here, as the cancel routine would have.
        Csq->CsqRemoveIrp(Csq, Irp);
        owner_of(Irp) = nullptr;
        if (Context != nullptr) {
            Context->Irp = nullptr;
        }
        Csq->CsqReleaseLock(Csq, irql);
        Csq->CsqCompleteCanceledIrp(Csq, Irp);
        return STATUS_SUCCESS;
    }
    Csq->CsqReleaseLock(Csq, irql);
    return STATUS_SUCCESS;
}

VOID NTAPI IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context) {
    IoCsqInsertIrpEx(Csq, Irp, Context, nullptr);
}

PIRP NTAPI IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext) {
    KIRQL irql;
    Csq->CsqAcquireLock(Csq, &irql);
    PIRP irp = Csq->CsqPeekNextIrp(Csq, nullptr, PeekContext);
    while (irp != nullptr) {
        if (take_back(irp)) {
            Csq->CsqRemoveIrp(Csq, irp);
            break;
        }
        irp = Csq->CsqPeekNextIrp(Csq, irp, PeekContext);
    }
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}

PIRP NTAPI IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context) {
    KIRQL irql;
    Csq->CsqAcquireLock(Csq, &irql);
    PIRP irp = Context->Irp;
    if (irp != nullptr) {
        if (take_back(irp)) {
            Csq->CsqRemoveIrp(Csq, irp);
        } else {
            irp = nullptr;
        }
    }
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}

} // extern "C"
