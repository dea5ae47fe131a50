// SPDX-License-Identifier: MIT
// Bytes of guest text -> TEXT records: one ends at each newline (which stays in it) and at 24 bytes. A record that
// ends without its line being over carries MPULAB_RECORD_MORE, so that lines can be put together again exactly.
#pragma once

#include "mpulab_link.h"

#include <array>
#include <cstdint>

namespace mpulab {

class TextChunker {
  public:
    // true: a record is complete; take() it before the next add().
    bool add(uint8_t byte) {
        bytes_[used_++] = byte;
        return byte == '\n' || used_ == bytes_.size();
    }
    bool empty() const { return used_ == 0; }

    // Fills kind, count, flags and payload of `record`. `last`: no more of this line will come (the run ends).
    void take(mpulab_record& record, bool last);

    const std::array<uint8_t, MPULAB_RECORD_PAYLOAD>& bytes() const { return bytes_; }
    uint8_t used() const { return used_; }
    bool restore(const uint8_t* bytes, uint8_t used); // false: more than can be pending

  private:
    std::array<uint8_t, MPULAB_RECORD_PAYLOAD> bytes_ = {};
    uint8_t used_ = 0;
};

} // namespace mpulab
