// SPDX-License-Identifier: MIT
// Doubly linked lists through NT's LIST_ENTRY, which drivers and their headers' inline code share with the kernel.
// A template over the entry type, so that host tests bring their own.
#ifndef NANONT_COMMON_INTRUSIVE_LIST_HPP
#define NANONT_COMMON_INTRUSIVE_LIST_HPP

namespace nanont {

template <typename Entry> struct Links {
    static void init(Entry& head) { head.Flink = head.Blink = &head; }
    static bool empty(const Entry& head) { return head.Flink == &head; }

    /// A corrupted list is found out here, before it spreads.
    static bool sound(const Entry& entry) { return entry.Flink->Blink == &entry && entry.Blink->Flink == &entry; }

    static void insert_before(Entry& place, Entry& entry) {
        entry.Flink = &place;
        entry.Blink = place.Blink;
        place.Blink->Flink = &entry;
        place.Blink = &entry;
    }
    static void push_back(Entry& head, Entry& entry) { insert_before(head, entry); }
    static void push_front(Entry& head, Entry& entry) { insert_before(*head.Flink, entry); }

    /// Takes the entry out and makes it a list of itself, so that taking it out twice is harmless.
    static void remove(Entry& entry) {
        entry.Blink->Flink = entry.Flink;
        entry.Flink->Blink = entry.Blink;
        init(entry);
    }
    /// The first entry, taken out; nullptr when the list is empty.
    static Entry* pop_front(Entry& head) {
        if (empty(head)) {
            return nullptr;
        }
        Entry* entry = head.Flink;
        remove(*entry);
        return entry;
    }
};

} // namespace nanont

#endif
