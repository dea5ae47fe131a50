// SPDX-License-Identifier: MIT
// The events of a port: what its miniport's automation tables offer, which clients wait for which of them, and
// IPortEvents, by which the miniport tells them (Microsoft Learn: PCEVENT_ITEM, PCEVENT_REQUEST, IPortEvents).
#pragma once

#include "module/locks.hpp"
#include "module/pool.hpp"

namespace portcls {

inline constexpr ULONG kNoTarget = ULONG(-1);

/** A table's PCEVENT_ITEMs as KS event sets, whose handlers build the PCEVENT_REQUEST and call the driver. All-zero is
 * the empty set. */
class EventSets {
  public:
    EventSets() = default;
    ~EventSets();
    EventSets(const EventSets&) = delete;
    EventSets& operator=(const EventSets&) = delete;

    /** STATUS_INVALID_PARAMETER: the item size is not a multiple of 8, or below PCEVENT_ITEM. PASSIVE_LEVEL. */
    NTSTATUS build(const PCAUTOMATION_TABLE& table);
    bool empty() const { return set_count_ == 0; }

  private:
    friend class EventList;
    struct Item {
        KSEVENT_ITEM ks; // first: ks.sys steps over sizeof(Item)
        const PCEVENT_ITEM* pc;
    };

    KSEVENT_SET* sets_ = nullptr;
    Item* items_ = nullptr;
    ULONG set_count_ = 0;
};

/** What an event is of, for GenerateEventList; kNoTarget: of no pin, of no node. */
struct EventTarget {
    ULONG pin, node;
};

class EventList {
  public:
    EventList();

    /** IOCTL_KS_ENABLE_EVENT to one of the tables. Does not complete `irp`. PASSIVE_LEVEL. */
    NTSTATUS enable(PIRP irp, const EventSets& sets, EventTarget target);
    /** IOCTL_KS_DISABLE_EVENT. Does not complete `irp`. PASSIVE_LEVEL. */
    NTSTATUS disable(PIRP irp) { return KsDisableEvent(irp, &entries_, KSEVENTS_SPINLOCK, &lock_); }
    /** The handle is closed: ends what was enabled through it. PASSIVE_LEVEL. */
    void free(PFILE_OBJECT file) { KsFreeEventList(file, &entries_, KSEVENTS_SPINLOCK, &lock_); }

    /** IPortEvents::AddEventToEventList. */
    void add(PKSEVENT_ENTRY entry);
    /** IPortEvents::GenerateEventList; above DISPATCH_LEVEL a DPC does it, with room for one call: others are lost
     * until it has run, as documented. Any IRQL. */
    void generate(const GUID* set, ULONG id, bool of_pin, ULONG pin, bool of_node, ULONG node);

  private:
    friend class EventSets;
    struct Call {
        GUID set;
        bool any_set, of_pin, of_node;
        ULONG id;
        EventTarget target;
    };

    void tell(const Call& call);
    static VOID NTAPI tell_later(PKDPC, PVOID context, PVOID, PVOID);
    static NTSTATUS NTAPI add_event(PIRP irp, PKSEVENTDATA data, PKSEVENT_ENTRY entry);
    static VOID NTAPI remove_event(PFILE_OBJECT file, PKSEVENT_ENTRY entry);
    static NTSTATUS NTAPI support_event(PIRP irp, PKSIDENTIFIER request, PVOID data);

    LIST_ENTRY entries_; // KSEVENT_ENTRY; lock_
    KSPIN_LOCK lock_;
    KDPC dpc_;
    LONG later_taken_ = 0; // `later_` waits for the DPC
    Call later_{};
};

} // namespace portcls
