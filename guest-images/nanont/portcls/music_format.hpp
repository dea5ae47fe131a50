// SPDX-License-Identifier: MIT
// Reading and writing KSMUSICFORMAT records in a stream buffer (reference portcls-midi.md §2.8). The buffer belongs to
// a client and may change while it is read: every length is checked at the moment it is used. Pure; any IRQL.
#pragma once

#include "module/wire.hpp"

namespace portcls {

inline constexpr uint32_t kRecordHead = sizeof(wire::MusicFormat);

constexpr uint64_t align4(uint64_t bytes) {
    return (bytes + 3) & ~uint64_t{3};
}

/** One record: where its bytes are, and when it is due: so many 100 ns after the record before it (KSMUSICFORMAT) or
 * after the buffer's own time (DMUS_EVENTHEADER). */
struct MusicRecord {
    const uint8_t* bytes;
    uint32_t count;
    int64_t delta_100ns;
    uint32_t channel_group;
};

inline constexpr uint32_t kPlainChannelGroup = 1; /* of a MIDI pin, whose data name none */

enum class MusicStatus {
    Record,    /* one was read */
    End,       /* fewer than 9 bytes are left: padding */
    Malformed, /* ByteCount reaches past the end of the data */
};

/** Walks the records of one buffer. */
class MusicReader {
  public:
    MusicReader() = default;
    MusicReader(const uint8_t* data, uint32_t bytes) : data_(data), end_(bytes) {}

    MusicStatus next(MusicRecord& record) {
        if (end_ - at_ < kRecordHead + 1) return MusicStatus::End;
        auto head = wire::load<wire::MusicFormat>(data_ + at_);
        if (head.byte_count > end_ - at_ - kRecordHead) return MusicStatus::Malformed;
        record = {data_ + at_ + kRecordHead, head.byte_count, int64_t{head.time_delta_ms} * 10'000, kPlainChannelGroup};
        uint64_t next_at = at_ + align4(uint64_t{kRecordHead} + head.byte_count);
        at_ = next_at < end_ ? static_cast<uint32_t>(next_at) : end_;
        return MusicStatus::Record;
    }

    /** Offset of the next record's head. */
    uint32_t offset() const { return at_; }

  private:
    const uint8_t* data_ = nullptr;
    uint32_t end_ = 0;
    uint32_t at_ = 0;
};

/** Writes one record of `count` bytes into a buffer with room for record_room(); returns DataUsed, padding included. */
inline uint32_t write_music_record(uint8_t* buffer, uint32_t time_delta_ms, const uint8_t* bytes, uint32_t count) {
    wire::MusicFormat head{time_delta_ms, count};
    __builtin_memcpy(buffer, &head, sizeof head);
    __builtin_memcpy(buffer + kRecordHead, bytes, count);
    auto used = static_cast<uint32_t>(align4(kRecordHead + count));
    for (uint32_t i = kRecordHead + count; i < used; ++i)
        buffer[i] = 0;
    return used;
}

/** Payload bytes one record can carry in a buffer of `extent` bytes, its padding counted; 0: none. */
constexpr uint32_t record_room(uint32_t extent) {
    uint32_t whole = extent & ~3u;
    return whole > kRecordHead ? whole - kRecordHead : 0;
}

} // namespace portcls
