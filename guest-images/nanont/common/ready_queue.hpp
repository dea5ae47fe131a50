// SPDX-License-Identifier: MIT
// Threads that could run, by priority 0..31; within a priority first come, first served. The caller holds a lock.
#ifndef NANONT_COMMON_READY_QUEUE_HPP
#define NANONT_COMMON_READY_QUEUE_HPP

#include <stdint.h>

#include "intrusive_list.hpp"

namespace nanont {

template <typename Entry> class ReadyQueue {
  public:
    static constexpr int kPriorities = 32;
    using L = Links<Entry>;

    void init() {
        summary_ = 0;
        for (Entry& head : heads_) {
            L::init(head);
        }
    }
    void push_back(Entry& entry, int priority) {
        L::push_back(heads_[priority], entry);
        summary_ |= 1u << priority;
    }
    /// A preempted thread goes back to the front: it has not had its turn.
    void push_front(Entry& entry, int priority) {
        L::push_front(heads_[priority], entry);
        summary_ |= 1u << priority;
    }
    void remove(Entry& entry, int priority) {
        L::remove(entry);
        if (L::empty(heads_[priority])) {
            summary_ &= ~(1u << priority);
        }
    }
    /// Highest priority with an entry; -1 = none.
    int highest() const { return summary_ == 0 ? -1 : 31 - __builtin_clz(summary_); }
    /// The first entry of the highest priority, taken out; nullptr = none.
    Entry* pop() {
        const int priority = highest();
        if (priority < 0) {
            return nullptr;
        }
        Entry* entry = heads_[priority].Flink;
        remove(*entry, priority);
        return entry;
    }
    /// As pop, but the first entry that `fits`, highest priority first.
    template <typename Fits> Entry* pop_if(Fits fits) {
        for (uint32_t left = summary_; left != 0;) {
            const int priority = 31 - __builtin_clz(left);
            left &= ~(1u << priority);
            for (Entry* entry = heads_[priority].Flink; entry != &heads_[priority]; entry = entry->Flink) {
                if (fits(*entry)) {
                    remove(*entry, priority);
                    return entry;
                }
            }
        }
        return nullptr;
    }

  private:
    uint32_t summary_;
    Entry heads_[kPriorities];
};

} // namespace nanont

#endif
