// SPDX-License-Identifier: MIT
// The data of a DirectMusic pin (KSDATAFORMAT_SUBTYPE_DIRECTMUSIC): events behind each other, each a DMUS_EVENTHEADER
// and its bytes, at multiples of 8. Facts: Microsoft Learn, "Allocator" (IRPs hold DMUS_EVENTHEADER structures) and
// DMUS_EVENTHEADER of dmusbuff.h (20 bytes, 4-byte packing; rtDelta counts from the buffer's start time; the macro
// DMUS_EVENT_SIZE aligns to 8). The buffer belongs to a client and may change while it is read. Pure; any IRQL.
#pragma once

#include "music_format.hpp"

namespace portcls {

/** DMUS_EVENTHEADER. */
struct __attribute__((packed)) DMusEventHeader {
    uint32_t bytes; /* of the event, without padding */
    uint32_t channel_group;
    int64_t delta_100ns; /* from the buffer's start */
    uint32_t flags;      /* 1: structured: a MIDI message, not just data */
};
static_assert(sizeof(DMusEventHeader) == 20);

inline constexpr uint32_t kDMusStructured = 1;

constexpr uint64_t align8(uint64_t bytes) {
    return (bytes + 7) & ~uint64_t{7};
}

class DMusReader {
  public:
    DMusReader() = default;
    DMusReader(const uint8_t* data, uint32_t bytes) : data_(data), end_(bytes) {}

    MusicStatus next(MusicRecord& record) {
        if (end_ - at_ < sizeof(DMusEventHeader) + 1) return MusicStatus::End;
        auto head = wire::load<DMusEventHeader>(data_ + at_);
        if (head.bytes > end_ - at_ - sizeof head) return MusicStatus::Malformed;
        record = {data_ + at_ + sizeof head, head.bytes, head.delta_100ns, head.channel_group};
        uint64_t next_at = at_ + align8(sizeof head + uint64_t{head.bytes});
        at_ = next_at < end_ ? static_cast<uint32_t>(next_at) : end_;
        return MusicStatus::Record;
    }

  private:
    const uint8_t* data_ = nullptr;
    uint32_t end_ = 0;
    uint32_t at_ = 0;
};

/** One event into a buffer with room for dmus_room(); returns DataUsed. Its time is the buffer's own. */
inline uint32_t write_dmus_head(uint8_t* buffer, uint32_t channel_group, uint32_t count) {
    DMusEventHeader head{count, channel_group, 0, kDMusStructured};
    __builtin_memcpy(buffer, &head, sizeof head);
    auto used = static_cast<uint32_t>(align8(sizeof head + count));
    for (auto i = static_cast<uint32_t>(sizeof head) + count; i < used; ++i)
        buffer[i] = 0;
    return used;
}

/** Payload bytes one event can carry in a buffer of `extent` bytes; 0: none. */
constexpr uint32_t dmus_room(uint32_t extent) {
    uint32_t whole = extent & ~7u;
    return whole > sizeof(DMusEventHeader) ? whole - static_cast<uint32_t>(sizeof(DMusEventHeader)) : 0;
}

} // namespace portcls
