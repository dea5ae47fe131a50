// SPDX-License-Identifier: MIT
// Events of MIDI as a client writes them: KSMUSICFORMAT records, packed into IRPs (scenario/song_run.hpp has the
// bounds).
#pragma once

#include "scenario/score_builder.hpp"

namespace mpulab {

class WritePacker {
  public:
    /// Writes to the pin in `slot`; each write may take `timeout_ms` (virtual).
    WritePacker(ScoreBuilder& score, uint16_t slot, uint32_t timeout_ms)
        : score_(score), slot_(slot), timeout_ms_(timeout_ms) {}

    /// An event at a time of the stream clock, no earlier than the one before.
    void event(uint64_t stream_ns, ByteView bytes);
    /// Ends the IRP being packed.
    void flush();

  private:
    void record(uint64_t stream_ns, ByteView piece);
    bool joins(uint64_t stream_ns, size_t size) const;
    uint64_t from_start(uint64_t stream_ns) const;

    ScoreBuilder& score_;
    uint16_t slot_;
    uint32_t timeout_ms_;
    Bytes records_;
    uint64_t presentation_time_ = 0; // of the IRP being packed, 100 ns
    uint64_t stamped_ms_ = 0;        // of its last record, from presentation_time_
};

} // namespace mpulab
