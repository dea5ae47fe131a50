// SPDX-License-Identifier: MIT
// Plays a cue sheet: counts what happens, and says which cue fires when. It owns no time: the card tells it of every
// event that a cue waits for, asks for the next moment and comes back when it is there. Allocates only when a sheet is
// given or a state loaded.
//
// A cue fires `firings` times: when its trigger has happened `first` times, then every `every` times. From there to the
// action its delay passes (armed); several firings of one cue may be armed at once.
#pragma once

#include "../../common/bytes.hpp"
#include "cue_sheet.hpp"

#include <vector>

namespace mpulab {

class CuePlayer {
  public:
    // Takes a sheet and arms its time cues; one whose time is past by `now` is due at once.
    void set_sheet(CueSheet sheet, Nanoseconds now);
    // As after set_sheet() with the same sheet.
    void rearm(Nanoseconds now);

    const CueSheet& sheet() const { return sheet_; }

    // Whether any cue waits for this kind of event: most cards have none, and need not call happened().
    bool watches(uint32_t trigger) const { return (watched_ >> trigger & 1) != 0; }
    uint32_t watched() const { return watched_; } // bit n: trigger n
    // The event has happened once more: the cues whose turn it is are armed.
    void happened(uint32_t trigger, uint32_t argument, Nanoseconds at);

    // Next firing whose delay is over.
    Nanoseconds next_fire() const { return armed_.empty() ? kNever : armed_.front().due; }
    // Takes it out; the cue's number comes back. Only when next_fire() has come.
    uint32_t fire();

    // How often each cue has fired.
    const std::vector<uint32_t>& fired() const { return fired_; }

    void save(ByteWriter& out) const;
    // false: `error` says what is impossible; the player is then unusable and must be dropped.
    bool load(ByteReader& in, ErrorText& error);

  private:
    // One kind of event with its argument, and the cues that wait for it: by_source_[begin] to by_source_[end - 1], a
    // heap with the one whose turn comes first on top.
    struct Source {
        uint32_t trigger;
        uint32_t argument;
        uint32_t begin;
        uint32_t end;
        uint64_t count; // how often it has happened
        uint64_t turn;  // of the cue on top
    };
    struct Armed {
        Nanoseconds due;
        uint32_t cue;
    };
    static constexpr uint64_t kNoTurn = UINT64_MAX;

    void prepare();
    void start_sources();
    // The count at which the cue is armed for the next time, when it has been `times` times.
    uint64_t turn(uint32_t cue, uint32_t times) const;
    bool comes_later(uint32_t a, uint32_t b) const; // of one source's cues
    void arm(uint32_t cue, Nanoseconds due);
    // When a TIME cue fires for the next time.
    Nanoseconds next_due(uint32_t cue) const;
    bool load_counts(ByteReader& in, ErrorText& error);
    bool load_armed(ByteReader& in, ErrorText& error);

    CueSheet sheet_;
    uint32_t watched_ = 0;
    std::vector<Source> sources_;
    std::vector<uint32_t> by_source_;
    std::vector<uint32_t> times_armed_; // of each cue
    std::vector<uint32_t> fired_;
    std::vector<Armed> armed_;   // heap: the earliest due first, then the lowest number
    Nanoseconds started_at_ = 0; // TIME cues fire no sooner
};

} // namespace mpulab
