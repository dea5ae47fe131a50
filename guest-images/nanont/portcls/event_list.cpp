// SPDX-License-Identifier: MIT
#include "event_list.hpp"

#include "file.hpp"
#include "filter.hpp"
#include "pin.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxItems = 1024;

const PCEVENT_ITEM* item_at(const PCAUTOMATION_TABLE& table, ULONG index) {
    return reinterpret_cast<const PCEVENT_ITEM*>(reinterpret_cast<const UCHAR*>(table.Events) +
                                                 static_cast<SIZE_T>(index) * table.EventItemSize);
}

/** Lies behind the KSEVENT_ENTRY. */
EventTarget& target_of(PKSEVENT_ENTRY entry) {
    return *reinterpret_cast<EventTarget*>(entry + 1);
}

/** What enable() tells add_event(), while ks.sys has the IRP. */
EventTarget*& target_storage(PIRP irp) {
    return *reinterpret_cast<EventTarget**>(&irp->Tail.Overlay.DriverContext[1]);
}

NTSTATUS call_driver(const PCEVENT_ITEM& item, PFILE_OBJECT file, PKSEVENT_ENTRY entry, ULONG node, ULONG verb,
                     PIRP irp) {
    auto& context = *static_cast<FileContext*>(file->FsContext);
    PCEVENT_REQUEST request{};
    request.MajorTarget = context.pin ? context.pin->miniport() : context.filter->miniport();
    request.MinorTarget = context.pin ? context.pin->stream() : nullptr;
    request.Node = node;
    request.EventItem = &item;
    request.EventEntry = entry;
    request.Verb = verb;
    request.Irp = irp;
    trace::Call call(MPULAB_CALLBACK_EventHandler, item.Id, verb);
    return call.run(item.Handler, &request);
}

} // namespace

EventSets::~EventSets() {
    if (sets_) ExFreePoolWithTag(sets_, kObjectTag.value);
    if (items_) ExFreePoolWithTag(items_, kObjectTag.value);
}

NTSTATUS EventSets::build(const PCAUTOMATION_TABLE& table) {
    const ULONG count = table.EventCount;
    if (count == 0) return STATUS_SUCCESS;
    if (!table.Events || count > kMaxItems || table.EventItemSize % 8 != 0 ||
        table.EventItemSize < sizeof(PCEVENT_ITEM))
        return STATUS_INVALID_PARAMETER;
    sets_ = static_cast<KSEVENT_SET*>(allocate_zeroed(count * sizeof(KSEVENT_SET), kObjectTag.value));
    items_ = static_cast<Item*>(allocate_zeroed(count * sizeof(Item), kObjectTag.value));
    if (!sets_ || !items_) return STATUS_INSUFFICIENT_RESOURCES;

    Item* next = items_;
    for (ULONG i = 0; i < count; ++i) {
        const GUID* set = item_at(table, i)->Set;
        bool seen = false;
        for (ULONG s = 0; s < set_count_; ++s)
            seen |= IsEqualGUIDAligned(*sets_[s].Set, *set) != 0;
        if (seen) continue;
        KSEVENT_SET& made = sets_[set_count_++];
        made.Set = set;
        made.EventItem = &next->ks;
        for (ULONG n = i; n < count; ++n) {
            const PCEVENT_ITEM* pc = item_at(table, n);
            if (!IsEqualGUIDAligned(*pc->Set, *set)) continue;
            next->pc = pc;
            next->ks.EventId = pc->Id;
            next->ks.DataInput = sizeof(KSEVENTDATA);
            next->ks.ExtraEntryData = sizeof(EventTarget);
            next->ks.AddHandler = EventList::add_event;
            next->ks.RemoveHandler = EventList::remove_event;
            if (pc->Flags & PCEVENT_ITEM_FLAG_BASICSUPPORT) next->ks.SupportHandler = EventList::support_event;
            ++next;
            ++made.EventsCount;
        }
    }
    return STATUS_SUCCESS;
}

EventList::EventList() {
    InitializeListHead(&entries_);
    KeInitializeSpinLock(&lock_);
    KeInitializeDpc(&dpc_, tell_later, this);
}

NTSTATUS EventList::enable(PIRP irp, const EventSets& sets, EventTarget target) {
    target_storage(irp) = &target;
    return KsEnableEventWithAllocator(irp, sets.set_count_, sets.sets_, &entries_, KSEVENTS_SPINLOCK, &lock_, nullptr,
                                      sizeof(EventSets::Item));
}

/** A driver that does not put the entry on the port's list tells the client by itself, and takes it back by itself. */
NTSTATUS NTAPI EventList::add_event(PIRP irp, PKSEVENTDATA, PKSEVENT_ENTRY entry) {
    const auto& item = *reinterpret_cast<const EventSets::Item*>(entry->EventItem)->pc;
    const ULONG verb = entry->Flags & KSEVENT_ENTRY_ONESHOT ? PCEVENT_ITEM_FLAG_ONESHOT : PCEVENT_ITEM_FLAG_ENABLE;
    if (!(item.Flags & verb)) return STATUS_NOT_FOUND;
    target_of(entry) = *target_storage(irp);
    return call_driver(item, entry->FileObject, entry, target_of(entry).node, PCEVENT_VERB_ADD, irp);
}

VOID NTAPI EventList::remove_event(PFILE_OBJECT file, PKSEVENT_ENTRY entry) {
    auto& context = *static_cast<FileContext*>(file->FsContext);
    Port& port = context.pin ? context.pin->port() : context.filter->port();
    {
        SpinLockGuard guard(port.events().lock_);
        RemoveEntryList(&entry->ListEntry);
        InitializeListHead(&entry->ListEntry);
    }
    call_driver(*reinterpret_cast<const EventSets::Item*>(entry->EventItem)->pc, file, entry, target_of(entry).node,
                PCEVENT_VERB_REMOVE, nullptr);
}

NTSTATUS NTAPI EventList::support_event(PIRP irp, PKSIDENTIFIER, PVOID) {
    const auto* item = reinterpret_cast<const EventSets::Item*>(KSEVENT_ITEM_IRP_STORAGE(irp));
    return call_driver(*item->pc, IoGetCurrentIrpStackLocation(irp)->FileObject, nullptr, target_storage(irp)->node,
                       PCEVENT_VERB_SUPPORT, irp);
}

void EventList::add(PKSEVENT_ENTRY entry) {
    SpinLockGuard guard(lock_);
    InsertTailList(&entries_, &entry->ListEntry);
}

void EventList::tell(const Call& call) {
    SpinLockGuard guard(lock_);
    for (LIST_ENTRY *at = entries_.Flink, *next; at != &entries_; at = next) {
        next = at->Flink; // a one-shot event's entry is not ours when KsGenerateEvent returns
        auto* entry = CONTAINING_RECORD(at, KSEVENT_ENTRY, ListEntry);
        if (entry->EventItem->EventId != call.id) continue;
        if (!call.any_set && !IsEqualGUIDAligned(*entry->EventSet->Set, call.set)) continue;
        const EventTarget& target = target_of(entry);
        if (call.of_pin && target.pin != call.target.pin) continue;
        if (call.of_node && target.node != call.target.node) continue;
        KsGenerateEvent(entry);
    }
}

void EventList::generate(const GUID* set, ULONG id, bool of_pin, ULONG pin, bool of_node, ULONG node) {
    const Call call{set ? *set : GUID{}, set == nullptr, of_pin, of_node, id, {pin, node}};
    if (KeGetCurrentIrql() <= DISPATCH_LEVEL) {
        tell(call);
        return;
    }
    if (InterlockedExchange(&later_taken_, 1)) return;
    later_ = call;
    KeInsertQueueDpc(&dpc_, nullptr, nullptr);
}

VOID NTAPI EventList::tell_later(PKDPC, PVOID context, PVOID, PVOID) {
    auto& list = *static_cast<EventList*>(context);
    const Call call = list.later_;
    InterlockedExchange(&list.later_taken_, 0);
    list.tell(call);
}

} // namespace portcls
