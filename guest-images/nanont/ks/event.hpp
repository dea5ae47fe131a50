// SPDX-License-Identifier: MIT
// What ks.sys keeps of an enabled event beside the KSEVENT_ENTRY that its owner sees, and how an event list is locked
// (Microsoft Learn: KsEnableEvent, KSEVENTDATA, KSEVENTS_LOCKTYPE).
#pragma once

#include "module/ddk.hpp"

namespace ks {

/** The exclusion that an event list's owner chose. */
class EventLock {
  public:
    EventLock() = default;
    EventLock(KSEVENTS_LOCKTYPE type, PVOID lock) : type_(type), lock_(lock) {}

    /** False: KSEVENTS_ERESOURCE, which is not supported, or a type that is none. */
    bool is_known() const { return type_ >= KSEVENTS_NONE && type_ <= KSEVENTS_INTERRUPT; }
    /** IRQL as the lock's kind demands. */
    void acquire();
    void release();

  private:
    KSEVENTS_LOCKTYPE type_ = KSEVENTS_NONE;
    PVOID lock_ = nullptr;
    KIRQL irql_ = PASSIVE_LEVEL;
};

/** Lies before each KSEVENT_ENTRY; extra data lie behind it. */
struct EventRecord {
    ULONG magic;
    EventLock lock;         // of the list, as KsEnableEvent was told it
    KDPC dpc;               // signals for whoever is above DISPATCH_LEVEL
    WORK_QUEUE_ITEM ending; // takes a one-shot event that has happened off its list
    KSEVENT_ENTRY entry;
};

inline constexpr ULONG kEventMagic = 'eSKM';

/** The record of an entry; NULL: KsEnableEvent has not made it, or it is gone. */
EventRecord* record_of(PKSEVENT_ENTRY entry);

/** Notifies as the entry's NotificationType says. IRQL <= DISPATCH_LEVEL. */
void notify(KSEVENT_ENTRY& entry);

/** Ends an entry that is marked KSEVENT_ENTRY_DELETED: its owner's remove handler, or off the list; then it is freed.
 * No lock is held. PASSIVE_LEVEL. */
void end_event(EventRecord& record);

} // namespace ks
