// SPDX-License-Identifier: MIT
// An event happens: its clients are told, each in the way it asked for (Microsoft Learn: KsGenerateEvent, KSEVENTDATA).
#include "event.hpp"

namespace ks {
namespace {

VOID NTAPI end_one_shot(PVOID context) {
    auto& record = *static_cast<EventRecord*>(context);
    PFILE_OBJECT file = record.entry.FileObject;
    end_event(record);
    ObDereferenceObject(file);
}

} // namespace

void notify(KSEVENT_ENTRY& entry) {
    switch (entry.NotificationType) {
    case KSEVENTF_EVENT_HANDLE:
    case KSEVENTF_EVENT_OBJECT:
        KeSetEvent(static_cast<PKEVENT>(entry.Object), IO_NO_INCREMENT, FALSE);
        break;
    case KSEVENTF_SEMAPHORE_OBJECT:
        KeReleaseSemaphore(static_cast<PRKSEMAPHORE>(entry.Object), IO_NO_INCREMENT,
                           static_cast<LONG>(entry.SemaphoreAdjustment), FALSE);
        break;
    case KSEVENTF_DPC:
        KeInsertQueueDpc(static_cast<PKDPC>(entry.Object), entry.EventData, nullptr);
        break;
    case KSEVENTF_WORKITEM: {
        const auto* data = entry.EventData; // a kernel-mode client's, and it keeps it while the event is enabled
        ExQueueWorkItem(static_cast<PWORK_QUEUE_ITEM>(entry.Object), data->WorkItem.WorkQueueType);
        break;
    }
    default:
        break;
    }
    if (!(entry.Flags & KSEVENT_ENTRY_ONESHOT)) return;
    // Ended at PASSIVE_LEVEL, where remove handlers run; the file stays open until then.
    EventRecord& record = *record_of(&entry);
    ObReferenceObject(entry.FileObject);
    ExInitializeWorkItem(&record.ending, end_one_shot, &record);
    ExQueueWorkItem(&record.ending, DelayedWorkQueue);
}

} // namespace ks

using namespace ks;

/** Tells the client of one entry; above DISPATCH_LEVEL a DPC does. An entry of KSEVENT_TYPE_ONESHOT is its owner's no
 * more when this returns. The caller holds the list's lock. STATUS_INVALID_PARAMETER: no entry that KsEnableEvent made;
 * STATUS_UNSUCCESSFUL: it is being ended. Any IRQL. */
KSDDKAPI NTSTATUS NTAPI KsGenerateEvent(PKSEVENT_ENTRY entry) {
    EventRecord* record = record_of(entry);
    if (!record) return STATUS_INVALID_PARAMETER;
    if (entry->Flags & KSEVENT_ENTRY_DELETED) return STATUS_UNSUCCESSFUL;
    if (entry->Flags & KSEVENT_ENTRY_ONESHOT) entry->Flags |= KSEVENT_ENTRY_DELETED; // once, and nobody else ends it
    if (KeGetCurrentIrql() > DISPATCH_LEVEL)
        KeInsertQueueDpc(&record->dpc, nullptr, nullptr);
    else
        notify(*entry);
    return STATUS_SUCCESS;
}

/** Tells the clients of each entry of the list that has this id, and this set unless it is NULL. IRQL as the lock's
 * kind demands. */
KSDDKAPI VOID NTAPI KsGenerateEventList(GUID* set, ULONG id, PLIST_ENTRY list, KSEVENTS_LOCKTYPE type, PVOID lock) {
    EventLock guard(type, lock);
    guard.acquire();
    for (LIST_ENTRY *at = list->Flink, *next; at != list; at = next) {
        next = at->Flink;
        auto* entry = CONTAINING_RECORD(at, KSEVENT_ENTRY, ListEntry);
        if (entry->EventItem->EventId == id && (!set || IsEqualGUIDAligned(*entry->EventSet->Set, *set)))
            KsGenerateEvent(entry);
    }
    guard.release();
}
