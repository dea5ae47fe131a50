// SPDX-License-Identifier: MIT
// Ticks to nanoseconds: the division of an MThd chunk and the tempo changes of all tracks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mpulab {

struct TempoChange {
    uint64_t tick = 0;
    uint32_t us_per_quarter = 0;
};

/// How long a tick is: ticks per quarter note, or (SMPTE) ticks per frame at `frame_rate` / `frame_scale` frames a
/// second.
struct Division {
    uint32_t ticks_per_quarter = 0; // 0: SMPTE
    uint32_t frame_rate = 0;
    uint32_t frame_scale = 1;
    uint32_t ticks_per_frame = 0;
};

class TempoMap {
  public:
    static constexpr uint32_t kDefaultUsPerQuarter = 500'000; // 120 quarters a minute, until the file says otherwise

    /// `changes` in order of tick; of several at one tick the last counts. SMPTE time knows no tempo.
    TempoMap(Division division, std::vector<TempoChange> changes) : division_(division), changes_(std::move(changes)) {}

    /// Time of a tick. Ticks must be asked for in ascending order. Rounded down once, from an exact sum: no drift.
    /// UINT64_MAX: later than 64 bits of nanoseconds.
    uint64_t time_ns(uint64_t tick);

  private:
    __extension__ using Wide = unsigned __int128;

    Division division_;
    std::vector<TempoChange> changes_;
    size_t next_ = 0;   // first change not yet passed
    uint64_t tick_ = 0; // where `elapsed_` stands
    Wide elapsed_ = 0;  // us * ticks_per_quarter
    uint32_t us_per_quarter_ = kDefaultUsPerQuarter;
};

} // namespace mpulab
