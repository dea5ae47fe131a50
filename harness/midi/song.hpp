// SPDX-License-Identifier: MIT
// A song as the wire shall carry it: events in order, each with its time and its bytes.
#pragma once

#include "common/bytes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mpulab {

struct SongEvent {
    uint64_t time_ns = 0; // from the start of the song
    uint64_t tick = 0;
    uint32_t track = 0;
    uint32_t offset = 0; // of its first byte in Song::wire
    uint32_t size = 0;   // at least 1
};

struct Song {
    unsigned format = 0;
    unsigned tracks = 0;
    Bytes wire;                     // all bytes in the order of `events`
    std::vector<SongEvent> events;  // ordered by tick, then track, then place in the file
    std::vector<std::string> notes; // what the reader let pass, and how it took it

    ByteView bytes_of(const SongEvent& event) const { return ByteView(wire).subspan(event.offset, event.size); }
    uint64_t last_event_ns() const { return events.empty() ? 0 : events.back().time_ns; }
};

} // namespace mpulab
