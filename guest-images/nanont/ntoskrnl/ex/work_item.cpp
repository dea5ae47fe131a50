// SPDX-License-Identifier: MIT
// Work items: calls that wait for a system worker thread, at PASSIVE_LEVEL.
#include "work_item.hpp"

#include "dbg/report.hpp"
#include "io/io.hpp"
#include "ke/ke.hpp"
#include "vf/driver_call.hpp"

/// What drivers hold as PIO_WORKITEM.
struct _IO_WORKITEM {
    WORK_QUEUE_ITEM item;
    PVOID object; // device or driver; referenced while queued
    PIO_WORKITEM_ROUTINE routine;
    PIO_WORKITEM_ROUTINE_EX routine_ex; // one of the two
    PVOID context;
};

namespace nanont::io {
namespace {

struct Queue {
    KSEMAPHORE items_waiting;
    LIST_ENTRY items;
    KSPIN_LOCK lock;
};

// Windows' priorities; the delayed queue has two threads, so that an item which waits for another does not wait for
// ever.
constexpr SCHAR kDelayedPriority = 12;
constexpr SCHAR kCriticalPriority = 13;
Queue g_delayed;
Queue g_critical;
Queue g_devices; // queue_device_item()
Queue g_power;   // queue_power_item()

[[noreturn]] VOID NTAPI work(PVOID context) {
    auto& queue = *static_cast<Queue*>(context);
    for (;;) {
        KeWaitForSingleObject(&queue.items_waiting, Executive, KernelMode, FALSE, nullptr);
        LIST_ENTRY* entry = ExInterlockedRemoveHeadList(&queue.items, &queue.lock);
        auto* item = CONTAINING_RECORD(entry, WORK_QUEUE_ITEM, List);
        PWORKER_THREAD_ROUTINE routine = item->WorkerRoutine;
        PVOID parameter = item->Parameter;
        item->List.Flink = nullptr; // from here on it may be queued again
        vf::call(routine, parameter);
        if (ke::current_irql() != PASSIVE_LEVEL) {
            dbg::bugcheck({WORKER_THREAD_RETURNED_AT_BAD_IRQL, 3}, reinterpret_cast<ULONG_PTR>(routine),
                          ke::current_irql(), reinterpret_cast<ULONG_PTR>(parameter), 0,
                          "work routine %p returned at IRQL %u", reinterpret_cast<void*>(routine), ke::current_irql());
        }
    }
}

void start(Queue& queue, int threads, SCHAR priority) {
    List::init(queue.items);
    KeInitializeSemaphore(&queue.items_waiting, 0, MAXLONG);
    for (int i = 0; i < threads; ++i) {
        ke::Thread* thread = nullptr;
        if (!NT_SUCCESS(ke::create_thread(work, &queue, priority, &thread))) {
            dbg::say("no memory for a system worker thread");
            dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INSUFFICIENT_RESOURCES));
        }
    }
}

VOID NTAPI run_io_item(PVOID context) {
    auto* item = static_cast<PIO_WORKITEM>(context);
    PVOID object = item->object;
    if (item->routine_ex != nullptr) {
        vf::call(item->routine_ex, object, item->context, item);
    } else {
        vf::call(item->routine, static_cast<PDEVICE_OBJECT>(object), item->context);
    }
    ObfDereferenceObject(object); // the routine may have freed the item
}

void require_idle(const WORK_QUEUE_ITEM& item) {
    if (item.List.Flink != nullptr) {
        dbg::bugcheck(INVALID_WORK_QUEUE_ITEM, reinterpret_cast<ULONG_PTR>(&item), 0, 0,
                      reinterpret_cast<ULONG_PTR>(item.WorkerRoutine), "work item %p is queued while it is queued",
                      static_cast<const void*>(&item));
    }
}

void put(Queue& queue, WORK_QUEUE_ITEM& item) {
    ExInterlockedInsertTailList(&queue.items, &item.List, &queue.lock);
    KeReleaseSemaphore(&queue.items_waiting, 0, 1, FALSE);
}

void queue_io_item(PIO_WORKITEM item, WORK_QUEUE_TYPE type) {
    ObfReferenceObject(item->object);
    ExInitializeWorkItem(&item->item, run_io_item, item);
    ExQueueWorkItem(&item->item, type);
}

} // namespace

void init_workers() {
    start(g_delayed, 2, kDelayedPriority);
    start(g_critical, 1, kCriticalPriority);
    start(g_devices, 1, kDelayedPriority);
    start(g_power, 1, kDelayedPriority);
}

void queue_device_item(WORK_QUEUE_ITEM& item) {
    put(g_devices, item);
}

void queue_power_item(WORK_QUEUE_ITEM& item) {
    put(g_power, item);
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

VOID NTAPI ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType) {
    require_idle(*WorkItem);
    put(QueueType == DelayedWorkQueue ? g_delayed : g_critical, *WorkItem);
}

ULONG NTAPI IoSizeofWorkItem(VOID) {
    return sizeof(_IO_WORKITEM);
}

VOID NTAPI IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem) {
    *IoWorkItem = {};
    IoWorkItem->object = IoObject;
}

VOID NTAPI IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem) {
    if (IoWorkItem->item.List.Flink != nullptr) {
        constexpr ULONG kQueuedItemFreed = 2;
        dbg::bugcheck(WORKER_INVALID, kQueuedItemFreed, reinterpret_cast<ULONG_PTR>(IoWorkItem),
                      IoWorkItem->routine_ex != nullptr ? reinterpret_cast<ULONG_PTR>(IoWorkItem->routine_ex)
                                                        : reinterpret_cast<ULONG_PTR>(IoWorkItem->routine),
                      0, "work item %p is freed while it is queued", IoWorkItem);
    }
}

PIO_WORKITEM NTAPI IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject) {
    auto* item = static_cast<PIO_WORKITEM>(ExAllocatePoolWithTag(NonPagedPool, sizeof(_IO_WORKITEM), tag("IoWI")));
    if (item != nullptr) {
        IoInitializeWorkItem(DeviceObject, item);
    }
    return item;
}

VOID NTAPI IoFreeWorkItem(PIO_WORKITEM IoWorkItem) {
    IoUninitializeWorkItem(IoWorkItem);
    ExFreePoolWithTag(IoWorkItem, tag("IoWI"));
}

VOID NTAPI IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType,
                           PVOID Context) {
    require_idle(IoWorkItem->item);
    IoWorkItem->routine = WorkerRoutine;
    IoWorkItem->routine_ex = nullptr;
    IoWorkItem->context = Context;
    queue_io_item(IoWorkItem, QueueType);
}

VOID NTAPI IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine, WORK_QUEUE_TYPE QueueType,
                             PVOID Context) {
    require_idle(IoWorkItem->item);
    IoWorkItem->routine = nullptr;
    IoWorkItem->routine_ex = WorkerRoutine;
    IoWorkItem->context = Context;
    queue_io_item(IoWorkItem, QueueType);
}

} // extern "C"
