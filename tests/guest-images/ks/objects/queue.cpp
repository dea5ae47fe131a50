// SPDX-License-Identifier: MIT
// Requests that wait in a cancelable queue, and KsCancelRoutine: KS' own, named outright, and called from a driver's.
#include "objects.hpp"

namespace {

struct Kept {
    LIST_ENTRY irps;
    KSPIN_LOCK lock;
    PDRIVER_CANCEL cancel;
    ULONG chained; // calls of the driver's own routine
} g_kept;

/// Called as every cancel routine, with the cancel spin lock held; KsCancelRoutine lets it go.
VOID NTAPI chained(PDEVICE_OBJECT device, PIRP irp) {
    ++g_kept.chained;
    KsCancelRoutine(device, irp);
}

/// One request of a second thread.
struct Client {
    Object* object;
    NTSTATUS status;
    volatile LONG done;
};

VOID NTAPI ask(PVOID context) {
    auto& client = *static_cast<Client*>(context);
    client.status = client.object->send(kQueueIoctl, nullptr, 0, nullptr, 0);
    InterlockedExchange(&client.done, 1);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

bool kept() {
    for (ULONG i = 0; i < 1000 && IsListEmpty(&g_kept.irps); ++i)
        pause(1);
    return !IsListEmpty(&g_kept.irps);
}

void set_up(PDRIVER_CANCEL cancel) {
    InitializeListHead(&g_kept.irps);
    KeInitializeSpinLock(&g_kept.lock);
    g_kept.cancel = cancel;
    g_kept.chained = 0;
}

/// One IRP of our own, put into the queue and cancelled there: it completes with STATUS_CANCELLED before IoCancelIrp
/// returns.
NTSTATUS NTAPI keep(PDEVICE_OBJECT, PIRP irp, PVOID context) {
    *static_cast<NTSTATUS*>(context) = irp->IoStatus.Status;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

PIRP queue_one(NTSTATUS& seen) {
    PIRP irp = IoAllocateIrp(2, FALSE);
    CHECK(irp != nullptr);
    if (!irp) return nullptr;
    seen = STATUS_PENDING;
    IoSetNextIrpStackLocation(irp);
    IoSetCompletionRoutine(irp, keep, &seen, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    IoMarkIrpPending(irp);
    KsAddIrpToCancelableQueue(&g_kept.irps, &g_kept.lock, irp, KsListEntryTail, g_kept.cancel);
    CHECK(!IsListEmpty(&g_kept.irps));
    return irp;
}

void cancel_one() {
    NTSTATUS seen;
    PIRP irp = queue_one(seen);
    if (!irp) return;
    CHECK(IoCancelIrp(irp));
    CHECK_EQUAL(seen, STATUS_CANCELLED);
    CHECK(IsListEmpty(&g_kept.irps));
    CHECK(!IoCancelIrp(irp)); // it has no cancel routine any more
    IoFreeIrp(irp);
}

} // namespace

NTSTATUS keep_request(PIRP irp) {
    IoMarkIrpPending(irp);
    KsAddIrpToCancelableQueue(&g_kept.irps, &g_kept.lock, irp, KsListEntryTail, g_kept.cancel);
    return STATUS_PENDING;
}

/// KsSynchronousIoControlDevice waits for a request that is pending, however it ends.
void queued_requests() {
    set_up(KsCancelRoutine);
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    Client client{&root, STATUS_PENDING, 0};
    {
        OtherThread thread(ask, &client);
        CHECK(kept());
        CHECK_EQUAL(client.done, 0);
        PIRP irp = KsRemoveIrpFromCancelableQueue(&g_kept.irps, &g_kept.lock, KsListEntryHead, KsAcquireAndRemove);
        CHECK(irp != nullptr);
        if (irp) {
            irp->IoStatus.Status = STATUS_NO_MORE_ENTRIES;
            IoCompleteRequest(irp, IO_NO_INCREMENT);
        }
        thread.join();
        CHECK_EQUAL(client.status, STATUS_NO_MORE_ENTRIES);
    }
    {
        OtherThread thread(ask, &client);
        CHECK(kept());
        KsCancelIo(&g_kept.irps, &g_kept.lock);
        thread.join();
        CHECK_EQUAL(client.status, STATUS_CANCELLED);
        CHECK(IsListEmpty(&g_kept.irps));
    }
    cancel_one();
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    cancel_one();
    KeLowerIrql(old);
}

void chained_cancel() {
    set_up(chained);
    cancel_one();
    CHECK_EQUAL(g_kept.chained, 1);
}

/// A request that is acquired stays where it is, and nobody can cancel it until it is released.
void acquired_requests() {
    set_up(nullptr);
    NTSTATUS seen;
    PIRP irp = queue_one(seen);
    if (!irp) return;
    const auto acquire = [] {
        return KsRemoveIrpFromCancelableQueue(&g_kept.irps, &g_kept.lock, KsListEntryHead, KsAcquireOnly);
    };
    CHECK(acquire() == irp);
    CHECK(!IsListEmpty(&g_kept.irps));
    CHECK(acquire() == nullptr); // it is somebody's
    CHECK(KsRemoveIrpFromCancelableQueue(&g_kept.irps, &g_kept.lock, KsListEntryTail, KsAcquireAndRemove) == nullptr);
    KsReleaseIrpOnCancelableQueue(irp, nullptr);
    CHECK(acquire() == irp);
    CHECK(!IoCancelIrp(irp));
    CHECK_EQUAL(seen, STATUS_PENDING);
    KsReleaseIrpOnCancelableQueue(irp, nullptr); // cancelled meanwhile: here and now
    CHECK_EQUAL(seen, STATUS_CANCELLED);
    CHECK(IsListEmpty(&g_kept.irps));
    IoFreeIrp(irp);

    irp = queue_one(seen);
    if (!irp) return;
    CHECK(acquire() == irp);
    KsRemoveSpecificIrpFromCancelableQueue(irp);
    CHECK(IsListEmpty(&g_kept.irps));
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    CHECK_EQUAL(seen, STATUS_SUCCESS);
    IoFreeIrp(irp);
}
