// SPDX-License-Identifier: MIT
// Lists under a spin lock at any IRQL, and lists without one.
#include "arch/cpu.hpp"
#include "ke/ke.hpp"

using namespace nanont;
using namespace nanont::ke;

namespace {

/// These run at any IRQL: interrupts are off while the lock is held.
class ListLock {
  public:
    explicit ListLock(PKSPIN_LOCK lock) : lock_(*lock) { acquire_lock(lock_); }
    ~ListLock() { release_lock(lock_); }

  private:
    cpu::InterruptsOff off_;
    KSPIN_LOCK& lock_;
};

} // namespace

#undef ExInterlockedAddUlong
extern "C" {

PLIST_ENTRY FASTCALL ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    PLIST_ENTRY first = List::empty(*ListHead) ? nullptr : ListHead->Flink;
    List::push_front(*ListHead, *ListEntry);
    return first;
}

PLIST_ENTRY FASTCALL ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    PLIST_ENTRY last = List::empty(*ListHead) ? nullptr : ListHead->Blink;
    List::push_back(*ListHead, *ListEntry);
    return last;
}

PLIST_ENTRY FASTCALL ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    return List::pop_front(*ListHead);
}

PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY ListEntry,
                                                       PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    PSINGLE_LIST_ENTRY before = ListHead->Next;
    ListEntry->Next = before;
    ListHead->Next = ListEntry;
    return before;
}

PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    PSINGLE_LIST_ENTRY first = ListHead->Next;
    if (first != nullptr) {
        ListHead->Next = first->Next;
    }
    return first;
}

ULONG FASTCALL ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    const ULONG before = *Addend;
    *Addend = before + Increment;
    return before;
}

LARGE_INTEGER NTAPI ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock) {
    ListLock guard(Lock);
    const LARGE_INTEGER before = *Addend;
    Addend->QuadPart += Increment.QuadPart;
    return before;
}

} // extern "C"

// Sequenced lists. The header's two words are read and written as one by CMPXCHG16B, so that an entry that came back
// in between is noticed by the sequence number: depth in bits 0..15 of the first word, sequence in 16..63, the first
// entry's address in the second word (16-aligned).
namespace {

struct alignas(16) ListHeader {
    ULONGLONG state, first;
};

bool exchange(ListHeader* header, ListHeader expected, ListHeader wanted) {
    bool done;
    asm volatile("lock cmpxchg16b %1"
                 : "=@ccz"(done), "+m"(*header), "+a"(expected.state), "+d"(expected.first)
                 : "b"(wanted.state), "c"(wanted.first)
                 : "memory");
    return done;
}

constexpr ULONGLONG kSequence = 0x10000;

template <typename Change> ULONGLONG update(PVOID list, Change change) {
    auto* header = static_cast<ListHeader*>(list);
    for (;;) {
        const ListHeader before{*const_cast<volatile ULONGLONG*>(&header->state),
                                *const_cast<volatile ULONGLONG*>(&header->first)};
        ListHeader after = before;
        if (!change(after) || exchange(header, before, after)) {
            return before.first;
        }
    }
}

} // namespace

extern "C" {

void export_InitializeSListHead(PVOID list) __asm__("InitializeSListHead");
void export_InitializeSListHead(PVOID list) {
    *static_cast<ListHeader*>(list) = {};
}

PVOID export_ExpInterlockedPushEntrySList(PVOID list, PVOID entry) __asm__("ExpInterlockedPushEntrySList");
PVOID export_ExpInterlockedPushEntrySList(PVOID list, PVOID entry) {
    return reinterpret_cast<PVOID>(update(list, [entry](ListHeader& header) {
        *static_cast<ULONGLONG*>(entry) = header.first;
        header.first = reinterpret_cast<ULONGLONG>(entry);
        header.state += kSequence + 1;
        return true;
    }));
}

PVOID export_ExpInterlockedPopEntrySList(PVOID list) __asm__("ExpInterlockedPopEntrySList");
PVOID export_ExpInterlockedPopEntrySList(PVOID list) {
    return reinterpret_cast<PVOID>(update(list, [](ListHeader& header) {
        if (header.first == 0) {
            return false;
        }
        header.first = *reinterpret_cast<const ULONGLONG*>(header.first);
        header.state += kSequence - 1;
        return true;
    }));
}

PVOID export_ExpInterlockedFlushSList(PVOID list) __asm__("ExpInterlockedFlushSList");
PVOID export_ExpInterlockedFlushSList(PVOID list) {
    return reinterpret_cast<PVOID>(update(list, [](ListHeader& header) {
        if (header.first == 0) {
            return false;
        }
        header.first = 0;
        header.state = (header.state & ~ULONGLONG{0xffff}) + kSequence;
        return true;
    }));
}

USHORT export_ExQueryDepthSList(PVOID list) __asm__("ExQueryDepthSList");
USHORT export_ExQueryDepthSList(PVOID list) {
    return static_cast<USHORT>(static_cast<ListHeader*>(list)->state);
}

} // extern "C"
