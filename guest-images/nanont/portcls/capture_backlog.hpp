// SPDX-License-Identifier: MIT
// Captured bytes that no read IRP has taken yet: chunks, each with the stamp of the moment the miniport gave it.
// Bounded; what does not fit is counted, newest first lost, so that what is kept has no hole. Pure; the pin's lock
// guards it.
#pragma once

#include "music_format.hpp"

namespace portcls {

class CaptureBacklog {
  public:
    static constexpr uint32_t kCapacityBytes = 16384;
    static constexpr uint32_t kCapacityChunks = 4096; // Read may give a byte at a time

    /** Bytes of one Read with their stamp; returns how many were kept. */
    uint32_t push(uint32_t stamp_ms, const uint8_t* bytes, uint32_t count) {
        uint32_t kept = count;
        if (kept > kCapacityBytes - used_) kept = kCapacityBytes - used_;
        if (chunks_ == kCapacityChunks) kept = 0;
        if (kept) {
            for (uint32_t i = 0; i < kept; ++i)
                bytes_[(first_byte_ + used_ + i) % kCapacityBytes] = bytes[i];
            chunk_[(first_chunk_ + chunks_) % kCapacityChunks] = {stamp_ms, kept};
            used_ += kept;
            ++chunks_;
        }
        lost_ += count - kept;
        return kept;
    }

    /** The oldest chunk, or as much of it as fits, as one record into `buffer`. Returns DataUsed; 0: nothing to give,
     * or no room for one byte. What is left of the chunk keeps its stamp. */
    uint32_t pop_record(uint8_t* buffer, uint32_t extent) {
        uint32_t room = record_room(extent);
        if (chunks_ == 0 || room == 0) return 0;
        Chunk& chunk = chunk_[first_chunk_];
        uint32_t count = chunk.bytes < room ? chunk.bytes : room;
        wire::MusicFormat head{chunk.stamp_ms, count};
        __builtin_memcpy(buffer, &head, sizeof head);
        for (uint32_t i = 0; i < count; ++i)
            buffer[kRecordHead + i] = bytes_[(first_byte_ + i) % kCapacityBytes];
        auto used = static_cast<uint32_t>(align4(kRecordHead + count));
        for (uint32_t i = kRecordHead + count; i < used; ++i)
            buffer[i] = 0;
        first_byte_ = (first_byte_ + count) % kCapacityBytes;
        used_ -= count;
        chunk.bytes -= count;
        if (chunk.bytes == 0) {
            first_chunk_ = (first_chunk_ + 1) % kCapacityChunks;
            --chunks_;
        }
        return used;
    }

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
        uint32_t stamp_ms;
        uint32_t bytes;
    };
    uint8_t bytes_[kCapacityBytes] = {};
    Chunk chunk_[kCapacityChunks] = {};
    uint32_t first_byte_ = 0, used_ = 0;
    uint32_t first_chunk_ = 0, chunks_ = 0;
    uint64_t lost_ = 0;
};

} // namespace portcls
