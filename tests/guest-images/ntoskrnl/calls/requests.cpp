// SPDX-License-Identifier: MIT
// Io and Mm: IRPs of one's own, MDLs, locks for removal, work items, cancel-safe queues, paging.
#include "calls.hpp"

#include "../../support/other_thread.hpp"

#include <initializer_list>

namespace {

constexpr ULONG kTag = 'llaC';

NTSTATUS NTAPI keep(PDEVICE_OBJECT, PIRP, PVOID context) {
    ++*static_cast<ULONG*>(context);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

ULONG g_cancelled;

VOID NTAPI on_cancel(PDEVICE_OBJECT, PIRP irp) {
    ++g_cancelled;
    IoReleaseCancelSpinLock(irp->CancelIrql);
}

struct Queue {
    IO_CSQ csq;
    LIST_ENTRY irps;
    KSPIN_LOCK lock;
    ULONG cancelled;
} g_queue;

VOID NTAPI remove_irp(PIO_CSQ, PIRP irp) {
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

PIRP NTAPI peek_irp(PIO_CSQ, PIRP irp, PVOID) {
    LIST_ENTRY* next = irp ? irp->Tail.Overlay.ListEntry.Flink : g_queue.irps.Flink;
    return next == &g_queue.irps ? nullptr : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}

VOID NTAPI lock_queue(PIO_CSQ, PKIRQL old) {
    KeAcquireSpinLock(&g_queue.lock, old);
}

VOID NTAPI unlock_queue(PIO_CSQ, KIRQL old) {
    KeReleaseSpinLock(&g_queue.lock, old);
}

VOID NTAPI complete_cancelled(PIO_CSQ, PIRP) {
    ++g_queue.cancelled;
}

NTSTATUS NTAPI insert_irp(PIO_CSQ, PIRP irp, PVOID refuse) {
    if (refuse) return STATUS_QUOTA_EXCEEDED;
    InsertTailList(&g_queue.irps, &irp->Tail.Overlay.ListEntry);
    return STATUS_SUCCESS;
}

VOID NTAPI work(PVOID, PVOID context, PIO_WORKITEM) {
    KeSetEvent(static_cast<PKEVENT>(context), IO_NO_INCREMENT, FALSE);
}

PDEVICE_OBJECT new_device() {
    PDEVICE_OBJECT device = nullptr;
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device), STATUS_SUCCESS);
    return device;
}

} // namespace

void pool_forms() {
    void* block = EXPORT(ExAllocatePool, PVOID(*)(POOL_TYPE, SIZE_T))(NonPagedPoolNx, 40);
    CHECK(block != nullptr);
    EXPORT(ExFreePool, void (*)(PVOID))(block);
    using WithPriority = PVOID (*)(POOL_TYPE, SIZE_T, ULONG, EX_POOL_PRIORITY);
    block = EXPORT(ExAllocatePoolWithTagPriority, WithPriority)(NonPagedPoolNx, PAGE_SIZE, kTag, NormalPoolPriority);
    CHECK(block != nullptr);
    CHECK_EQUAL(reinterpret_cast<ULONG_PTR>(block) % PAGE_SIZE, 0);
    EXPORT(ExFreePool2, void (*)(PVOID, ULONG, PVOID, ULONG))(block, kTag, nullptr, 0);
    CHECK(EXPORT(ExAllocatePoolWithTagPriority, WithPriority)(NonPagedPoolNx, 1ull << 40, kTag, LowPoolPriority) ==
          nullptr);

    CHECK(EXPORT(ExAllocatePool, PVOID(*)(POOL_TYPE, SIZE_T))(NonPagedPoolNx, 1ull << 40) == nullptr);

    // Quota: no memory raises (exceptions.sys), unless the type says otherwise.
    constexpr auto kFailInsteadOfRaise = static_cast<POOL_TYPE>(NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
    using WithQuota = PVOID (*)(POOL_TYPE, SIZE_T);
    using WithQuotaTag = PVOID (*)(POOL_TYPE, SIZE_T, ULONG);
    for (POOL_TYPE type : {NonPagedPoolNx, PagedPool, kFailInsteadOfRaise}) {
        block = EXPORT(ExAllocatePoolWithQuotaTag, WithQuotaTag)(type, 40, kTag);
        CHECK(block != nullptr);
        ExFreePoolWithTag(block, kTag);
        block = EXPORT(ExAllocatePoolWithQuota, WithQuota)(type, 40);
        CHECK(block != nullptr);
        EXPORT(ExFreePool, void (*)(PVOID))(block);
    }
    CHECK(EXPORT(ExAllocatePoolWithQuotaTag, WithQuotaTag)(kFailInsteadOfRaise, 1ull << 40, kTag) == nullptr);
    CHECK(EXPORT(ExAllocatePoolWithQuota, WithQuota)(kFailInsteadOfRaise, 1ull << 40) == nullptr);
}

void remove_locks() {
    IO_REMOVE_LOCK lock;
    EXPORT(IoInitializeRemoveLockEx, void (*)(IO_REMOVE_LOCK*, ULONG, ULONG, ULONG, ULONG))
    (&lock, kTag, 0, 0, sizeof(lock));
    using Acquire = NTSTATUS (*)(IO_REMOVE_LOCK*, PVOID, const char*, ULONG, ULONG);
    using Release = void (*)(IO_REMOVE_LOCK*, PVOID, ULONG);
    const auto acquire = EXPORT(IoAcquireRemoveLockEx, Acquire);
    CHECK_EQUAL(acquire(&lock, &lock, __FILE__, __LINE__, sizeof(lock)), STATUS_SUCCESS);
    CHECK_EQUAL(acquire(&lock, &g_queue, __FILE__, __LINE__, sizeof(lock)), STATUS_SUCCESS);
    EXPORT(IoReleaseRemoveLockEx, Release)(&lock, &g_queue, sizeof(lock));
    EXPORT(IoReleaseRemoveLockAndWaitEx, Release)(&lock, &lock, sizeof(lock)); // the last one: it does not wait
    CHECK_EQUAL(acquire(&lock, &lock, __FILE__, __LINE__, sizeof(lock)), STATUS_DELETE_PENDING);
}

void irps() {
    constexpr CCHAR kLocations = 2;
    const USHORT size = IoSizeOfIrp(kLocations);
    auto* own = static_cast<PIRP>(ExAllocatePoolWithTag(NonPagedPoolNx, size, kTag));
    EXPORT(IoInitializeIrp, void (*)(PIRP, USHORT, CCHAR))(own, size, kLocations);
    CHECK_EQUAL(own->Type, IO_TYPE_IRP);
    CHECK_EQUAL(own->Size, size);
    CHECK(own->StackCount == kLocations && own->CurrentLocation == kLocations + 1);

    IoSetNextIrpStackLocation(own);
    CHECK(!EXPORT(IoCancelIrp, BOOLEAN(*)(PIRP))(own)); // it has no cancel routine
    CHECK(own->Cancel);
    EXPORT(IoReuseIrp, void (*)(PIRP, NTSTATUS))(own, STATUS_NOT_SUPPORTED);
    CHECK(!own->Cancel && own->IoStatus.Status == STATUS_NOT_SUPPORTED && own->CurrentLocation == kLocations + 1);
    IoSetNextIrpStackLocation(own);
    IoSetCancelRoutine(own, on_cancel);
    CHECK(EXPORT(IoCancelIrp, BOOLEAN(*)(PIRP))(own));
    CHECK_EQUAL(g_cancelled, 1);
    CHECK(own->CancelRoutine == nullptr);

    PDEVICE_OBJECT device = new_device();
    EXPORT(IoReuseIrp, void (*)(PIRP, NTSTATUS))(own, STATUS_SUCCESS);
    IoSetNextIrpStackLocation(own);
    ULONG completed = 0;
    using Completion = NTSTATUS (*)(PDEVICE_OBJECT, PIRP, PIO_COMPLETION_ROUTINE, PVOID, BOOLEAN, BOOLEAN, BOOLEAN);
    CHECK_EQUAL(EXPORT(IoSetCompletionRoutineEx, Completion)(device, own, keep, &completed, TRUE, TRUE, TRUE),
                STATUS_SUCCESS);
    IoSetNextIrpStackLocation(own);
    IoCompleteRequest(own, IO_NO_INCREMENT);
    CHECK_EQUAL(completed, 1);
    IoDeleteDevice(device);
    ExFreePoolWithTag(own, kTag);
}

void memory_lists() {
    const auto size_of = EXPORT(MmSizeOfMdl, SIZE_T(*)(PVOID, SIZE_T));
    const auto at = [](ULONG_PTR value) { return reinterpret_cast<PVOID>(value); };
    CHECK_EQUAL(size_of(at(0x1000), PAGE_SIZE), sizeof(MDL) + sizeof(PFN_NUMBER));
    CHECK_EQUAL(size_of(at(0x1fff), 2), sizeof(MDL) + 2 * sizeof(PFN_NUMBER));
    auto* bytes = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPoolNx, 2 * PAGE_SIZE, kTag));
    PMDL whole = IoAllocateMdl(bytes, 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
    PMDL part = IoAllocateMdl(bytes + 100, PAGE_SIZE, FALSE, FALSE, nullptr);
    CHECK(whole != nullptr && part != nullptr);
    EXPORT(MmBuildMdlForNonPagedPool, void (*)(PMDL))(whole);
    CHECK(MmGetSystemAddressForMdlSafe(whole, NormalPagePriority) == bytes);
    EXPORT(IoBuildPartialMdl, void (*)(PMDL, PMDL, PVOID, ULONG))(whole, part, bytes + 100, PAGE_SIZE);
    CHECK_EQUAL(MmGetMdlByteCount(part), PAGE_SIZE);
    CHECK_EQUAL(MmGetMdlByteOffset(part), 100);
    CHECK(same(MmGetMdlPfnArray(part), MmGetMdlPfnArray(whole), 2 * sizeof(PFN_NUMBER)));
    auto* view = static_cast<UCHAR*>(EXPORT(MmMapLockedPages, PVOID(*)(PMDL, KPROCESSOR_MODE))(part, KernelMode));
    CHECK(view != nullptr);
    bytes[100] = 0x5a;
    CHECK(view && view[0] == 0x5a);
    MmUnmapLockedPages(view, part);
    const auto partial = EXPORT(IoBuildPartialMdl, void (*)(PMDL, PMDL, PVOID, ULONG));
    partial(whole, part, bytes + PAGE_SIZE + 8, 0); // length 0: up to the source's end
    CHECK_EQUAL(MmGetMdlByteCount(part), PAGE_SIZE - 8);
    CHECK_EQUAL(MmGetMdlPfnArray(part)[0], MmGetMdlPfnArray(whole)[1]);
    partial(whole, part, bytes, 1); // and once more with the same target
    CHECK_EQUAL(MmGetMdlByteCount(part), 1);
    IoFreeMdl(part);
    IoFreeMdl(whole);
    ExFreePoolWithTag(bytes, kTag);

    // Of pages that have no address of their own.
    PHYSICAL_ADDRESS lowest = {}, highest, skip = {};
    highest.QuadPart = MAXLONGLONG;
    PMDL pages = MmAllocatePagesForMdl(lowest, highest, skip, 3 * PAGE_SIZE);
    CHECK(pages != nullptr);
    if (!pages) return;
    auto* all = static_cast<UCHAR*>(
        MmMapLockedPagesSpecifyCache(pages, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority));
    CHECK(all != nullptr);
    auto* address = static_cast<UCHAR*>(MmGetMdlVirtualAddress(pages));
    PMDL middle = IoAllocateMdl(address + PAGE_SIZE + 16, PAGE_SIZE, FALSE, FALSE, nullptr);
    MmUnmapLockedPages(all, pages); // now neither has an address
    partial(pages, middle, address + PAGE_SIZE + 16, PAGE_SIZE);
    CHECK(same(MmGetMdlPfnArray(middle), MmGetMdlPfnArray(pages) + 1, 2 * sizeof(PFN_NUMBER)));
    auto* seen = static_cast<UCHAR*>(EXPORT(MmMapLockedPages, PVOID(*)(PMDL, KPROCESSOR_MODE))(middle, KernelMode));
    CHECK(seen == all + PAGE_SIZE + 16); // the kernel's map of all memory is where both lead
    MmUnmapLockedPages(seen, middle);
    IoFreeMdl(middle);
    MmFreePagesFromMdl(pages);
    ExFreePool(pages);
}

void work_items() {
    PDEVICE_OBJECT device = new_device();
    const ULONG size = EXPORT(IoSizeofWorkItem, ULONG(*)())();
    CHECK(size != 0);
    auto* item = static_cast<PIO_WORKITEM>(ExAllocatePoolWithTag(NonPagedPoolNx, size, kTag));
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    EXPORT(IoInitializeWorkItem, void (*)(PVOID, PIO_WORKITEM))(device, item);
    using QueueItem = void (*)(PIO_WORKITEM, PIO_WORKITEM_ROUTINE_EX, WORK_QUEUE_TYPE, PVOID);
    EXPORT(IoQueueWorkItemEx, QueueItem)(item, work, DelayedWorkQueue, &done);
    CHECK_EQUAL(KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr), STATUS_SUCCESS);
    pause(1);
    KeClearEvent(&done);
    EXPORT(IoQueueWorkItemEx, QueueItem)(item, work, CriticalWorkQueue, &done); // again, once it has been taken
    CHECK_EQUAL(wait_for(&done), STATUS_SUCCESS);
    EXPORT(IoUninitializeWorkItem, void (*)(PIO_WORKITEM))(item);
    ExFreePoolWithTag(item, kTag);
    EXPORT(IoFreeWorkItem, void (*)(PIO_WORKITEM))(IoAllocateWorkItem(device)); // one that was never queued
    IoDeleteDevice(device);
}

void cancel_safe_queues() {
    InitializeListHead(&g_queue.irps);
    KeInitializeSpinLock(&g_queue.lock);
    using Initialize = NTSTATUS (*)(PIO_CSQ, PIO_CSQ_INSERT_IRP_EX, PIO_CSQ_REMOVE_IRP, PIO_CSQ_PEEK_NEXT_IRP,
                                    PIO_CSQ_ACQUIRE_LOCK, PIO_CSQ_RELEASE_LOCK, PIO_CSQ_COMPLETE_CANCELED_IRP);
    CHECK_EQUAL(EXPORT(IoCsqInitializeEx, Initialize)(&g_queue.csq, insert_irp, remove_irp, peek_irp, lock_queue,
                                                      unlock_queue, complete_cancelled),
                STATUS_SUCCESS);
    PIRP irps[3];
    for (PIRP& irp : irps) {
        irp = IoAllocateIrp(1, FALSE);
        IoSetNextIrpStackLocation(irp);
    }
    using Insert = NTSTATUS (*)(PIO_CSQ, PIRP, PIO_CSQ_IRP_CONTEXT, PVOID);
    const auto insert = EXPORT(IoCsqInsertIrpEx, Insert);
    IO_CSQ_IRP_CONTEXT first = {}, second = {};
    CHECK_EQUAL(insert(&g_queue.csq, irps[0], &first, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(insert(&g_queue.csq, irps[1], &second, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(insert(&g_queue.csq, irps[2], nullptr, &first), STATUS_QUOTA_EXCEEDED); // the routine's own answer
    const auto remove = EXPORT(IoCsqRemoveIrp, PIRP(*)(PIO_CSQ, PIO_CSQ_IRP_CONTEXT));
    CHECK(remove(&g_queue.csq, &first) == irps[0]);
    CHECK(remove(&g_queue.csq, &first) == nullptr); // it is no longer there
    IoCancelIrp(irps[1]);
    CHECK_EQUAL(g_queue.cancelled, 1);
    CHECK(remove(&g_queue.csq, &second) == nullptr);
    CHECK(IsListEmpty(&g_queue.irps));
    CHECK(EXPORT(IoCsqRemoveNextIrp, PIRP(*)(PIO_CSQ, PVOID))(&g_queue.csq, nullptr) == nullptr);
    for (PIRP irp : irps)
        IoFreeIrp(irp);
}

void paging() {
    CHECK(EXPORT(MmQuerySystemSize, ULONG(*)())() <= 2); // MmSmallSystem .. MmLargeSystem
    auto* const own = reinterpret_cast<PVOID>(&paging);
    PVOID handle = EXPORT(MmLockPagableDataSection, PVOID(*)(PVOID))(own);
    CHECK(handle != nullptr);
    EXPORT(MmUnlockPagableImageSection, void (*)(PVOID))(handle);
    PVOID base = EXPORT(MmPageEntireDriver, PVOID(*)(PVOID))(own);
    CHECK(base == g_driver->DriverStart);
    EXPORT(MmResetDriverPaging, void (*)(PVOID))(own);
}
