// SPDX-License-Identifier: MIT
// KSMULTIPLE_ITEM lists of data ranges: how much room one needs, and a careful walk over one that a client sent.
// Facts: reference portcls-midi.md §5.2 (each range begins at a multiple of 8). Pure.
#pragma once

#include "module/wire.hpp"

namespace ks {

inline constexpr uint32_t kMultipleItemBytes = 8; /* KSMULTIPLE_ITEM {Size, Count} */

constexpr uint32_t align8(uint32_t bytes) {
    return (bytes + 7) & ~7u;
}

/** Walks a client's list; next() gives the offset of each range, and stops at the first thing that does not fit. */
class RangeWalk {
  public:
    /** `list` is the KSMULTIPLE_ITEM, with `bytes` bytes there and behind it. */
    RangeWalk(const uint8_t* list, uint32_t bytes) : list_(list), end_(bytes) {
        if (bytes < kMultipleItemBytes) {
            broken_ = true;
            return;
        }
        uint32_t size = wire::load<uint32_t>(list);
        left_ = wire::load<uint32_t>(list + 4);
        if (size < kMultipleItemBytes || size > bytes)
            broken_ = true;
        else
            end_ = size;
    }

    /** False: no further range. `offset` counts from the KSMULTIPLE_ITEM. */
    bool next(uint32_t& offset) {
        if (broken_ || left_ == 0) return false;
        if (at_ > end_ || end_ - at_ < sizeof(wire::DataFormat)) {
            broken_ = true;
            return false;
        }
        uint32_t size = wire::load<uint32_t>(list_ + at_);
        if (size < sizeof(wire::DataFormat) || size > end_ - at_) {
            broken_ = true;
            return false;
        }
        offset = at_;
        at_ += align8(size); // size <= end_ - at_, and end_ came from a 32-bit buffer length: no wrap below 4 GiB - 8
        if (at_ < offset) at_ = end_;
        --left_;
        return true;
    }

    /** A count or size in the list was a lie. */
    bool broken() const { return broken_; }

  private:
    const uint8_t* list_;
    uint32_t end_;
    uint32_t at_ = kMultipleItemBytes;
    uint32_t left_ = 0;
    bool broken_ = false;
};

} // namespace ks
