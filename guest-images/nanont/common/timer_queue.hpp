// SPDX-License-Identifier: MIT
// Timers in the order they expire; equal times in the order they were set. The caller holds a lock.
#ifndef NANONT_COMMON_TIMER_QUEUE_HPP
#define NANONT_COMMON_TIMER_QUEUE_HPP

#include <stdint.h>

#include "intrusive_list.hpp"

namespace nanont {

/// `Access::due(entry)` is the time an entry expires, in 100 ns of interrupt time.
template <typename Entry, typename Access> class TimerQueue {
  public:
    using L = Links<Entry>;

    void init() {
        L::init(head_);
        next_due_ = UINT64_MAX;
    }
    bool empty() const { return L::empty(head_); }

    /// Searched from the end, where a new timer usually belongs.
    void insert(Entry& entry) {
        Entry* place = &head_;
        while (place->Blink != &head_ && Access::due(*place->Blink) > Access::due(entry)) {
            place = place->Blink;
        }
        L::insert_before(*place, entry);
        next_due_ = Access::due(*head_.Flink);
    }
    void remove(Entry& entry) {
        L::remove(entry);
        next_due_ = empty() ? UINT64_MAX : Access::due(*head_.Flink);
    }
    /// The first entry whose time has come, taken out; nullptr when none has.
    Entry* pop_due(uint64_t now) {
        if (next_due_ > now) {
            return nullptr;
        }
        Entry* entry = head_.Flink;
        remove(*entry);
        return entry;
    }
    /// The first entry that `fits`; nullptr when none does.
    template <typename Fits> const Entry* find(Fits fits) const {
        for (const Entry* at = head_.Flink; at != &head_; at = at->Flink) {
            if (fits(*at)) {
                return at;
            }
        }
        return nullptr;
    }
    /// Earliest time of all; UINT64_MAX when there is no timer. Safe to look at without the lock.
    uint64_t next_due() const { return next_due_; }

  private:
    Entry head_;
    volatile uint64_t next_due_;
};

} // namespace nanont

#endif
