// SPDX-License-Identifier: MIT
// Plays a cue sheet: waits for triggers and delays, then sends the bytes down one MIDI IN cable, 320 us a byte. It owns
// no time: the card asks for the next moment and calls back when it has come. Allocates only when a sheet is given.
#pragma once

#include "../../common/bytes.hpp"
#include "cue_sheet.hpp"
#include "time.hpp"

#include <vector>

namespace mpulab {

class CuePlayer {
  public:
    // Takes a sheet and arms its time cues; one whose time is past by `now` is due at once.
    void set_sheet(CueSheet sheet, Nanoseconds now);
    // As after set_sheet() with the same sheet; what was on the cable is gone.
    void rearm(Nanoseconds now);
    // The score reached a marker: each cue that waits for it is armed. A cue fires once.
    void marker(uint32_t number, Nanoseconds now);

    const CueSheet& sheet() const { return sheet_; }

    // Next cue whose delay is over.
    Nanoseconds next_fire() const;
    // Takes that cue out and queues its bytes; its number comes back. Only when next_fire() <= now.
    uint32_t fire();

    // End of the stop bit of the next injected byte.
    Nanoseconds next_arrival() const { return injecting() ? arrival_at_ : kNever; }
    // Takes that byte off the cable. Only when next_arrival() <= now.
    uint8_t arrive();

    void save(ByteWriter& out) const;
    // false: `error` says what is impossible; the player is then unusable and must be dropped.
    bool load(ByteReader& in, ErrorText& error);

  private:
    enum class Phase : uint8_t { Waiting = 0, Armed = 1, Queued = 2, Done = 3 };
    struct Progress {
        Phase phase = Phase::Waiting;
        Nanoseconds due = 0; // Armed: when it fires
    };

    void reserve();
    void arm(uint32_t number, Nanoseconds due);
    bool later(uint32_t a, uint32_t b) const; // heap order: the earliest due first, then the lowest number
    bool injecting() const { return queue_head_ < queue_.size(); }

    CueSheet sheet_;
    std::vector<Progress> progress_;
    std::vector<uint32_t> armed_; // heap
    std::vector<uint32_t> queue_; // cues in the order they fired; those before queue_head_ are done
    size_t queue_head_ = 0;
    uint32_t position_ = 0;         // next byte of the cue at the queue's head
    Nanoseconds arrival_at_ = 0;    // end of its stop bit
    Nanoseconds cable_free_at_ = 0; // end of the last stop bit
};

} // namespace mpulab
