// SPDX-License-Identifier: MIT
// What intelligent mode knows and answers (reference §5, mpu401.md): tempo, counters, identity, and which data byte
// belongs to which command. It owns no time and no queue: the card asks it what a byte means, and sends what it says.
// Play, record, conductor and WSD get their state here when they come; until then their commands are acknowledged, and
// data that nobody waits for is discarded (§5.1).
#pragma once

#include "../../common/bytes.hpp"
#include "../../common/error_text.hpp"
#include "mpu401/commands.h"
#include "time.hpp"

namespace mpulab {

class IntelligentMode {
  public:
    explicit IntelligentMode(uint16_t version) : version_(version) {}

    // As after RESET (§5.10).
    void reset() { *this = IntelligentMode(version_); }

    struct Answer {
        bool has_reply = false; // behind the ACK
        uint8_t reply = 0;
    };
    // Any command but RESET and ENTER_UART. One that comes instead of a parameter cancels that parameter (§5.1).
    Answer command(uint8_t code);
    // A data byte: the parameter of the last command, or nobody's.
    void data(uint8_t byte);

    // Effective tempo in beats a minute: relative tempo applied, and clamped by the timebase (§5.2).
    uint8_t tempo() const;
    // From one MIDI clock to the next: 24 to a beat.
    Nanoseconds clock_interval() const { return kMinuteNs / (24 * tempo()); }
    // MIDI clocks go out: internal clock, and real-time bytes not switched off (§5.9).
    bool clocks_run() const { return internal_clock_ && !no_real_time_; }

    void save(ByteWriter& out) const;
    bool load(ByteReader& in, ErrorText& error);

  private:
    static constexpr Nanoseconds kMinuteNs = 60'000'000'000;
    static constexpr uint8_t kNoParameter = 0; // START_STOP takes none
    static constexpr uint8_t kRelativeOne = 0x40;

    uint16_t version_;
    uint8_t awaits_parameter_ = kNoParameter; // the command it belongs to
    uint8_t tempo_ = 100;                     // as programmed
    uint8_t relative_tempo_ = kRelativeOne;
    uint8_t timebase_ = 120;
    uint8_t play_counter_ = 0; // of each of the eight tracks, while none plays
    bool internal_clock_ = true;
    bool no_real_time_ = false;
};

} // namespace mpulab
