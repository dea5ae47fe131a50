// SPDX-License-Identifier: MIT
// Follows the messages on MIDI OUT for two properties that are no MPU's: silence-on-reset needs to know which notes
// sound (reference §2.3), sysex-delay where a Roland System Exclusive ends and where it was sent to (§4). The delay
// acts here, behind the FIFO, because a FIFO packs gaps away (§6, softmpu #14).
#pragma once

#include "../../common/bytes.hpp"
#include "../../common/error_text.hpp"
#include "time.hpp"

#include <array>

namespace mpulab {

class WireWatch {
  public:
    // A byte that goes out; what comes back is how long the wire pauses after it for an MT-32's sake.
    Nanoseconds see(uint8_t byte);

    // Begins to silence what sounds: a note-off a note, then "all notes off" for its channel.
    void silence();
    bool silencing() const { return message_left_ != 0 || channel_ < kChannels; }
    // The next byte of it; see() gets to see it too. Only while silencing().
    uint8_t next_silencing_byte();

    void save(ByteWriter& out) const;
    bool load(ByteReader& in, ErrorText& error);

  private:
    static constexpr uint8_t kChannels = 16;
    static constexpr uint8_t kHeadBytes = 8; // F0, maker, device, model, command, three bytes of address

    void message(uint8_t first, uint8_t second);
    bool sounds(uint8_t channel) const { return (sounding_[channel][0] | sounding_[channel][1]) != 0; }
    uint8_t lowest_note(uint8_t channel) const;
    void find_next_message();
    Nanoseconds pause_after_sysex() const;

    uint64_t sounding_[kChannels][2] = {}; // a bit a key
    uint8_t status_ = 0;                   // running; 0 = none
    bool has_first_ = false;               // first of two data bytes has come
    uint8_t first_ = 0;
    bool in_sysex_ = false;
    uint32_t sysex_bytes_ = 0;                  // so far, F0 included
    std::array<uint8_t, kHeadBytes> head_ = {}; // its first bytes

    uint8_t channel_ = kChannels; // being silenced; kChannels = none
    bool channel_sounded_ = false;
    std::array<uint8_t, 3> message_ = {};
    uint8_t message_left_ = 0; // of message_, still to go out
};

} // namespace mpulab
