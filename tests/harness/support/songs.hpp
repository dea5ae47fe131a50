// SPDX-License-Identifier: MIT
// Songs as tests write them: events of hex bytes at their times.
#pragma once

#include "harness/support/text.hpp"
#include "midi/song.hpp"

#include <utility>
#include <vector>

namespace mpulab::test {

inline void add_event(Song& song, uint64_t time_ns, const Bytes& bytes) {
    song.events.push_back({time_ns, time_ns / 1'000'000, 0, static_cast<uint32_t>(song.wire.size()),
                           static_cast<uint32_t>(bytes.size())});
    append(song.wire, bytes);
}

inline Song song_of(const std::vector<std::pair<uint64_t, const char*>>& events) {
    Song song;
    song.tracks = 1;
    for (const auto& [time_ns, text] : events)
        add_event(song, time_ns, hex(text));
    return song;
}

} // namespace mpulab::test
