// SPDX-License-Identifier: MIT
// Bytes the port has taken over from write requests that it completed before the miniport had accepted everything: one
// of the answers to what the documentation leaves open (choice write-completes). Chunks keep what they came with, and
// are never merged. Bounded. Pure; the pin's service pass guards it.
#pragma once

#include "render_engine.hpp"

namespace portcls {

class LookAhead {
  public:
    static constexpr uint32_t kBytes = 256;
    static constexpr uint32_t kChunks = 32;

    /** Takes as much of the offer as fits; how much that is. */
    uint32_t push(const RenderOffer& offer, uint64_t irp) {
        uint32_t taken = offer.count < kBytes - used_ ? offer.count : kBytes - used_;
        if (chunks_ == kChunks || taken == 0) return 0;
        __builtin_memcpy(bytes_ + used_, offer.bytes, taken);
        chunk_[chunks_++] = {taken, offer.channel_group, offer.due, irp};
        used_ += taken;
        return taken;
    }

    bool empty() const { return chunks_ == 0; }

    /** The oldest chunk, or what is left of it; not when empty. */
    RenderOffer front(uint64_t& irp) const {
        irp = chunk_[0].irp;
        return {bytes_, chunk_[0].bytes, chunk_[0].due, chunk_[0].channel_group};
    }

    /** `count` bytes of front() are gone. */
    void pop(uint32_t count) {
        used_ -= count;
        __builtin_memmove(bytes_, bytes_ + count, used_);
        chunk_[0].bytes -= count;
        if (chunk_[0].bytes) return;
        --chunks_;
        for (uint32_t i = 0; i < chunks_; ++i)
            chunk_[i] = chunk_[i + 1];
    }

    void clear() { used_ = chunks_ = 0; }

  private:
    struct Chunk {
        uint32_t bytes, channel_group;
        int64_t due;
        uint64_t irp;
    };
    uint8_t bytes_[kBytes] = {};
    Chunk chunk_[kChunks] = {};
    uint32_t used_ = 0, chunks_ = 0;
};

} // namespace portcls
