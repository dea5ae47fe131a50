// SPDX-License-Identifier: MIT
// IOCTL_KS_ENABLE_EVENT and IOCTL_KS_DISABLE_EVENT: a client's wish to be told becomes a KSEVENT_ENTRY on its owner's
// list, and is taken off it again. Facts: Microsoft Learn (KsEnableEvent, KsDisableEvent, KsFreeEventList,
// KSEVENT_ITEM).
#include "event.hpp"
#include "set_query.hpp"

#include "module/pool.hpp"

namespace ks {
namespace {

constexpr ULONG kTag = 'esKM';
constexpr ULONG kMaxExtra = 65536;

/** References what the client wants signalled. STATUS_INVALID_PARAMETER: a notification type that is none, or that is
 * not this client's. */
NTSTATUS reference_target(PIRP irp, const KSEVENTDATA& data, KSEVENT_ENTRY& entry) {
    const bool from_kernel = irp->RequestorMode == KernelMode;
    entry.NotificationType = data.NotificationType;
    switch (data.NotificationType) {
    case KSEVENTF_EVENT_HANDLE:
        return ObReferenceObjectByHandle(data.EventHandle.Event, EVENT_MODIFY_STATE, *ExEventObjectType,
                                         irp->RequestorMode, &entry.Object, nullptr);
    case KSEVENTF_SEMAPHORE_HANDLE:
        DbgPrint("ks.sys: KSEVENTF_SEMAPHORE_HANDLE is not supported: this kernel has no handles of semaphores\n");
        return STATUS_NOT_SUPPORTED;
    case KSEVENTF_KSWORKITEM:
        DbgPrint("ks.sys: KSEVENTF_KSWORKITEM is not supported\n");
        return STATUS_NOT_SUPPORTED;
    case KSEVENTF_SEMAPHORE_OBJECT:
        if (data.SemaphoreObject.Adjustment <= 0) return STATUS_INVALID_PARAMETER;
        entry.SemaphoreAdjustment = static_cast<ULONG>(data.SemaphoreObject.Adjustment);
        [[fallthrough]];
    case KSEVENTF_EVENT_OBJECT:
    case KSEVENTF_DPC:
    case KSEVENTF_WORKITEM:
        entry.Object = data.EventObject.Event; // of each of these the pointer comes first
        return from_kernel && entry.Object ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

VOID NTAPI notify_later(PKDPC, PVOID context, PVOID, PVOID) {
    notify(static_cast<EventRecord*>(context)->entry);
}

NTSTATUS new_record(const KSEVENT_ITEM& item, EventRecord*& out) {
    if (item.ExtraEntryData > kMaxExtra) return STATUS_INVALID_PARAMETER;
    out = static_cast<EventRecord*>(allocate_zeroed(sizeof(EventRecord) + item.ExtraEntryData, kTag));
    if (!out) return STATUS_INSUFFICIENT_RESOURCES;
    out->magic = kEventMagic;
    KeInitializeDpc(&out->dpc, notify_later, out);
    InitializeListHead(&out->entry.ListEntry);
    return STATUS_SUCCESS;
}

/** An event's entry is made; its owner's handler, or the list, gets it. */
NTSTATUS enable(PIRP irp, const Request& request, const KSEVENT_SET& set, const KSEVENT_ITEM& item, PLIST_ENTRY list,
                EventLock lock) {
    ULONG least = item.DataInput;
    if (least < sizeof(KSEVENTDATA)) least = sizeof(KSEVENTDATA);
    if (request.value_bytes < least) return STATUS_BUFFER_TOO_SMALL;
    if (!item.AddHandler && !list) return STATUS_INVALID_PARAMETER;
    if (!lock.is_known()) {
        DbgPrint("ks.sys: KsEnableEvent: KSEVENTS_ERESOURCE is not supported\n");
        return STATUS_NOT_SUPPORTED;
    }
    auto* data = static_cast<KSEVENTDATA*>(request.value);
    copy_value_in(irp, request);
    EventRecord* record;
    NTSTATUS status = new_record(item, record);
    if (!NT_SUCCESS(status)) return status;
    KSEVENT_ENTRY& entry = record->entry;
    record->lock = lock;
    entry.EventData = static_cast<PKSEVENTDATA>(irp->UserBuffer); // the client's own: by it it is found again
    entry.EventSet = &set;
    entry.EventItem = &item;
    entry.FileObject = IoGetCurrentIrpStackLocation(irp)->FileObject;
    if (request.identifier->Flags & KSEVENT_TYPE_ONESHOT) entry.Flags = KSEVENT_ENTRY_ONESHOT;
    status = reference_target(irp, *data, entry);
    if (!NT_SUCCESS(status)) {
        entry.Object = nullptr;
        entry.NotificationType = 0;
    } else if (item.AddHandler) {
        KSEVENT_ENTRY_IRP_STORAGE(irp) = &entry;
        status = item.AddHandler(irp, data, &entry);
        if (status == STATUS_PENDING) {
            DbgPrint("ks.sys: an event's add handler returned STATUS_PENDING: it must finish its work\n");
            status = STATUS_INVALID_DEVICE_STATE;
        }
    } else {
        lock.acquire();
        InsertTailList(list, &entry.ListEntry);
        lock.release();
    }
    if (!NT_SUCCESS(status)) KsDiscardEvent(&entry);
    return status;
}

NTSTATUS handle_item(PIRP irp, const Request& request, const KSEVENT_SET& set, const KSEVENT_ITEM& item,
                     PLIST_ENTRY list, EventLock lock) {
    const ULONG verb = request.identifier->Flags & ~KSEVENT_TYPE_TOPOLOGY;
    switch (verb) {
    case KSEVENT_TYPE_ENABLE:
    case KSEVENT_TYPE_ONESHOT:
        return enable(irp, request, set, item, list, lock);
    case KSEVENT_TYPE_BASICSUPPORT:
        return item.SupportHandler ? item.SupportHandler(irp, request.identifier, request.value) : STATUS_SUCCESS;
    case KSEVENT_TYPE_ENABLEBUFFERED:
    case KSEVENT_TYPE_QUERYBUFFER:
        DbgPrint("ks.sys: buffered events (KSEVENT_TYPE_ENABLEBUFFERED, QUERYBUFFER) are not supported\n");
        return STATUS_NOT_SUPPORTED;
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/** Marks the first entry that `wanted` takes, so that nobody else ends it or signals it; NULL: there is none. */
template <class Wanted> EventRecord* take(PLIST_ENTRY list, EventLock& lock, Wanted wanted) {
    EventRecord* found = nullptr;
    lock.acquire();
    for (LIST_ENTRY* at = list->Flink; at != list && !found; at = at->Flink) {
        auto* entry = CONTAINING_RECORD(at, KSEVENT_ENTRY, ListEntry);
        if (!(entry->Flags & KSEVENT_ENTRY_DELETED) && wanted(*entry)) {
            entry->Flags |= KSEVENT_ENTRY_DELETED;
            found = record_of(entry);
        }
    }
    lock.release();
    return found;
}

} // namespace

void EventLock::acquire() {
    switch (type_) {
    case KSEVENTS_SPINLOCK:
        KeAcquireSpinLock(static_cast<PKSPIN_LOCK>(lock_), &irql_);
        break;
    case KSEVENTS_MUTEX:
        KeWaitForSingleObject(lock_, Executive, KernelMode, FALSE, nullptr);
        break;
    case KSEVENTS_FMUTEX:
        ExAcquireFastMutex(static_cast<PFAST_MUTEX>(lock_));
        break;
    case KSEVENTS_FMUTEXUNSAFE:
        ExAcquireFastMutexUnsafe(static_cast<PFAST_MUTEX>(lock_));
        break;
    case KSEVENTS_INTERRUPT:
        irql_ = KeAcquireInterruptSpinLock(static_cast<PKINTERRUPT>(lock_));
        break;
    default:
        break;
    }
}

void EventLock::release() {
    switch (type_) {
    case KSEVENTS_SPINLOCK:
        KeReleaseSpinLock(static_cast<PKSPIN_LOCK>(lock_), irql_);
        break;
    case KSEVENTS_MUTEX:
        KeReleaseMutex(static_cast<PRKMUTEX>(lock_), FALSE);
        break;
    case KSEVENTS_FMUTEX:
        ExReleaseFastMutex(static_cast<PFAST_MUTEX>(lock_));
        break;
    case KSEVENTS_FMUTEXUNSAFE:
        ExReleaseFastMutexUnsafe(static_cast<PFAST_MUTEX>(lock_));
        break;
    case KSEVENTS_INTERRUPT:
        KeReleaseInterruptSpinLock(static_cast<PKINTERRUPT>(lock_), irql_);
        break;
    default:
        break;
    }
}

EventRecord* record_of(PKSEVENT_ENTRY entry) {
    auto* record = CONTAINING_RECORD(entry, EventRecord, entry);
    return record->magic == kEventMagic ? record : nullptr;
}

void end_event(EventRecord& record) {
    KSEVENT_ENTRY& entry = record.entry;
    if (entry.EventItem->RemoveHandler) {
        entry.EventItem->RemoveHandler(entry.FileObject, &entry);
    } else {
        record.lock.acquire();
        RemoveEntryList(&entry.ListEntry);
        record.lock.release();
    }
    KsDiscardEvent(&entry);
}

} // namespace ks

using namespace ks;

/** As KsEnableEvent; items are `item_size` bytes apart (0 = KSEVENT_ITEM). An allocator of the client's is not
 * supported. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsEnableEventWithAllocator(PIRP irp, ULONG count, const KSEVENT_SET* sets, PLIST_ENTRY list,
                                                   KSEVENTS_LOCKTYPE type, PVOID lock, PFNKSALLOCATOR allocator,
                                                   ULONG item_size) {
    if (allocator) {
        DbgPrint("ks.sys: KsEnableEventWithAllocator: a caller's allocator is not supported\n");
        return STATUS_NOT_SUPPORTED;
    }
    irp->IoStatus.Information = 0;
    Request request;
    NTSTATUS status = capture_request(irp, request);
    if (!NT_SUCCESS(status)) return status;
    if (asks_for_sets(request, KSEVENT_TYPE_SETSUPPORT)) return answer_sets(irp, request, count, sets);
    const SIZE_T stride = item_size ? item_size : sizeof(KSEVENT_ITEM);
    for (ULONG i = 0; i < count; ++i) {
        if (!IsEqualGUIDAligned(*sets[i].Set, request.identifier->Set)) continue;
        if (request.identifier->Flags & KSEVENT_TYPE_SETSUPPORT) return STATUS_SUCCESS;
        KSEVENT_SET_IRP_STORAGE(irp) = &sets[i];
        for (ULONG n = 0; n < sets[i].EventsCount; ++n) {
            auto* item =
                reinterpret_cast<const KSEVENT_ITEM*>(reinterpret_cast<const UCHAR*>(sets[i].EventItem) + n * stride);
            if (item->EventId != request.identifier->Id) continue;
            KSEVENT_ITEM_IRP_STORAGE(irp) = item;
            return handle_item(irp, request, sets[i], *item, list, {type, lock});
        }
        return STATUS_NOT_FOUND;
    }
    return STATUS_PROPSET_NOT_FOUND;
}

/** Enables the event that the client asks for, or answers what is supported. IoStatus.Information is 0, but for the
 * list of sets; the IRP is not completed. STATUS_PROPSET_NOT_FOUND, STATUS_NOT_FOUND; STATUS_BUFFER_TOO_SMALL: no room
 * for KSEVENTDATA, or the event's own data; STATUS_INVALID_PARAMETER: no such notification. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsEnableEvent(PIRP irp, ULONG count, const KSEVENT_SET* sets, PLIST_ENTRY list,
                                      KSEVENTS_LOCKTYPE type, PVOID lock) {
    return KsEnableEventWithAllocator(irp, count, sets, list, type, lock, nullptr, 0);
}

/** Ends the event that the client enabled with this KSEVENTDATA, or, without any input, all that it enabled.
 * STATUS_UNSUCCESSFUL: it is not on the list; STATUS_INVALID_BUFFER_SIZE. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsDisableEvent(PIRP irp, PLIST_ENTRY list, KSEVENTS_LOCKTYPE type, PVOID lock) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    PFILE_OBJECT file = stack->FileObject;
    irp->IoStatus.Information = 0;
    if (in == 0) {
        KsFreeEventList(file, list, type, lock);
        return STATUS_SUCCESS;
    }
    if (in < sizeof(KSEVENTDATA)) return STATUS_INVALID_BUFFER_SIZE;
    const PVOID data = stack->Parameters.DeviceIoControl.Type3InputBuffer;
    EventLock guard(type, lock);
    EventRecord* found = take(list, guard, [file, data](const KSEVENT_ENTRY& entry) {
        return entry.FileObject == file && entry.EventData == data;
    });
    if (!found) return STATUS_UNSUCCESSFUL;
    end_event(*found);
    return STATUS_SUCCESS;
}

/** Ends all events that were enabled through `file`. Those that somebody else is ending are passed over.
 * PASSIVE_LEVEL. */
KSDDKAPI VOID NTAPI KsFreeEventList(PFILE_OBJECT file, PLIST_ENTRY list, KSEVENTS_LOCKTYPE type, PVOID lock) {
    EventLock guard(type, lock);
    while (EventRecord* found = take(list, guard, [file](const KSEVENT_ENTRY& it) { return it.FileObject == file; }))
        end_event(*found);
}

/** Gives back what an entry holds, and the entry. It is on no list. PASSIVE_LEVEL. */
KSDDKAPI VOID NTAPI KsDiscardEvent(PKSEVENT_ENTRY entry) {
    EventRecord* record = record_of(entry);
    if (!record) return;
    if (!KeRemoveQueueDpc(&record->dpc)) KeFlushQueuedDpcs(); // it may be running
    if (entry->NotificationType == KSEVENTF_EVENT_HANDLE) ObDereferenceObject(entry->Object);
    record->magic = 0;
    ExFreePoolWithTag(record, kTag);
}
