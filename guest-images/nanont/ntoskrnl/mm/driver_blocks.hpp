// SPDX-License-Identifier: MIT
// Which pool blocks the driver under test holds: what is left when it is unloaded was never freed (rule V20).
#ifndef NANONT_MM_DRIVER_BLOCKS_HPP
#define NANONT_MM_DRIVER_BLOCKS_HPP

#include "nt.hpp"

namespace nanont::mm {

struct DriverBlock {
    DriverBlock* next;
    const void* block;
    const void* from; // code that allocated it
    SIZE_T bytes;
    ULONG tag;
};

/// Live blocks by address. Pure; the pool's lock guards it.
class DriverBlocks {
  public:
    /// `entry` stays in the list until taken out.
    void add(DriverBlock& entry) {
        DriverBlock*& head = bucket(entry.block);
        entry.next = head;
        head = &entry;
    }

    const DriverBlock* find(const void* block) {
        const DriverBlock* at = bucket(block);
        while (at != nullptr && at->block != block) {
            at = at->next;
        }
        return at;
    }

    /// The entry of a block that is freed, out of the list; nullptr = none of the driver's.
    DriverBlock* take(const void* block) {
        for (DriverBlock** at = &bucket(block); *at != nullptr; at = &(*at)->next) {
            if ((*at)->block == block) {
                DriverBlock* found = *at;
                *at = found->next;
                return found;
            }
        }
        return nullptr;
    }

    /// Any one of them, out of the list, by bucket; nullptr = there is none left.
    DriverBlock* take_any() {
        for (DriverBlock*& head : buckets_) {
            if (DriverBlock* found = head) {
                head = found->next;
                return found;
            }
        }
        return nullptr;
    }

  private:
    static constexpr size_t kBuckets = 128;
    DriverBlock*& bucket(const void* block) { return buckets_[(reinterpret_cast<ULONG_PTR>(block) >> 4) % kBuckets]; }
    DriverBlock* buckets_[kBuckets] = {};
};

/// A FINDING for each of the first kMostUnfreedTold blocks that the driver allocated and nobody freed, and a line with
/// the number of all. They are forgotten, not freed. PASSIVE_LEVEL, before the driver's image goes.
void tell_unfreed_blocks();
inline constexpr ULONG kMostUnfreedTold = 16;

} // namespace nanont::mm

#endif
