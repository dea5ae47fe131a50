// SPDX-License-Identifier: MIT
// Captured bytes that no read IRP has taken yet: chunks, each with the time at which the miniport gave it. Bounded;
// what does not fit is counted, and lost at one end, so that what is kept has no hole. Pure; the pin's lock guards it.
#pragma once

#include "dmus_buffer.hpp"
#include "stream_time.hpp"

namespace portcls {

class CaptureBacklog {
  public:
    static constexpr uint32_t kCapacityBytes = 16384;
    static constexpr uint32_t kCapacityChunks = 4096; // Read may give a byte at a time

    /** Which bytes are lost when there is no room. */
    enum class Overflow { LosesNew, LosesOld };

    /** Bytes that came at stream time `time`; returns how many of them were kept. */
    uint32_t push(int64_t time, uint32_t channel_group, const uint8_t* bytes, uint32_t count,
                  Overflow overflow = Overflow::LosesNew) {
        if (overflow == Overflow::LosesOld && count <= kCapacityBytes)
            while (chunks_ && (chunks_ == kCapacityChunks || count > kCapacityBytes - used_))
                lost_ += drop_front(chunk_[first_chunk_].bytes);
        uint32_t kept = count;
        if (kept > kCapacityBytes - used_) kept = kCapacityBytes - used_;
        if (chunks_ == kCapacityChunks) kept = 0;
        if (kept) {
            for (uint32_t i = 0; i < kept; ++i)
                bytes_[(first_byte_ + used_ + i) % kCapacityBytes] = bytes[i];
            chunk_[(first_chunk_ + chunks_) % kCapacityChunks] = {time, kept, channel_group};
            used_ += kept;
            ++chunks_;
        }
        lost_ += count - kept;
        return kept;
    }

    /** The oldest chunk, or as much of it as fits, as one KSMUSICFORMAT record into `buffer`. Returns DataUsed; 0:
     * nothing to give, or no room for one byte. What is left of the chunk keeps its stamp. */
    uint32_t pop_record(uint8_t* buffer, uint32_t extent) {
        uint32_t room = record_room(extent);
        if (chunks_ == 0 || room == 0) return 0;
        const uint32_t count = chunk_[first_chunk_].bytes < room ? chunk_[first_chunk_].bytes : room;
        wire::MusicFormat head{capture_stamp_ms(chunk_[first_chunk_].time), count};
        __builtin_memcpy(buffer, &head, sizeof head);
        copy_front(buffer + kRecordHead, count);
        auto used = static_cast<uint32_t>(align4(kRecordHead + count));
        for (uint32_t i = kRecordHead + count; i < used; ++i)
            buffer[i] = 0;
        drop_front(count);
        return used;
    }

    /** The same as one DMUS_EVENTHEADER event, whose time is the buffer's own: `time`. */
    uint32_t pop_event(uint8_t* buffer, uint32_t extent, int64_t& time) {
        uint32_t room = dmus_room(extent);
        if (chunks_ == 0 || room == 0) return 0;
        const uint32_t count = chunk_[first_chunk_].bytes < room ? chunk_[first_chunk_].bytes : room;
        time = chunk_[first_chunk_].time;
        const uint32_t used = write_dmus_head(buffer, chunk_[first_chunk_].channel_group, count);
        copy_front(buffer + sizeof(DMusEventHeader), count);
        drop_front(count);
        return used;
    }

    bool fits(uint32_t count) const { return chunks_ < kCapacityChunks && count <= kCapacityBytes - used_; }
    bool empty() const { return chunks_ == 0; }
    uint32_t size() const { return used_; }
    uint64_t lost() const { return lost_; }
    /** The count, which begins anew. */
    uint64_t take_lost() {
        uint64_t lost = lost_;
        lost_ = 0;
        return lost;
    }

    /** Drops what is there (STOP); returns how many bytes that were. */
    uint32_t clear() {
        uint32_t dropped = used_;
        first_byte_ = used_ = first_chunk_ = chunks_ = 0;
        return dropped;
    }

  private:
    struct Chunk {
        int64_t time;
        uint32_t bytes, channel_group;
    };
    void copy_front(uint8_t* to, uint32_t count) const {
        for (uint32_t i = 0; i < count; ++i)
            to[i] = bytes_[(first_byte_ + i) % kCapacityBytes];
    }
    uint32_t drop_front(uint32_t count) {
        first_byte_ = (first_byte_ + count) % kCapacityBytes;
        used_ -= count;
        chunk_[first_chunk_].bytes -= count;
        if (chunk_[first_chunk_].bytes == 0) {
            first_chunk_ = (first_chunk_ + 1) % kCapacityChunks;
            --chunks_;
        }
        return count;
    }
    uint8_t bytes_[kCapacityBytes] = {};
    Chunk chunk_[kCapacityChunks] = {};
    uint32_t first_byte_ = 0, used_ = 0;
    uint32_t first_chunk_ = 0, chunks_ = 0;
    uint64_t lost_ = 0;
};

} // namespace portcls
