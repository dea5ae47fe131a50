// SPDX-License-Identifier: MIT
// The MIDI IN cable as cues use it: the bytes of INJECT cues, one cue after the other, 320 us a byte. It owns no time:
// the card asks for the next moment and comes back when it is there.
#pragma once

#include "../../common/bytes.hpp"
#include "cue_sheet.hpp"

#include <vector>

namespace mpulab {

class CueCable {
  public:
    // Empties the cable and makes room for all that the sheet can ever send.
    void prepare(const CueSheet& sheet);
    // Takes what is on the cable away.
    void clear();

    // The bytes of a cue come after those that are on their way, the first start bit not before `at`.
    void send(uint32_t cue, Nanoseconds at);

    // Bytes are on their way.
    bool busy() const { return head_ < queue_.size(); }
    // End of the stop bit of the next byte.
    Nanoseconds next_arrival() const { return busy() ? arrival_at_ : kNever; }
    // Takes that byte off the cable. Only when next_arrival() has come.
    uint8_t arrive(const CueSheet& sheet);

    void save(ByteWriter& out) const;
    // After prepare() with the same sheet. false: `error` says what is impossible; the cable must be dropped.
    bool load(ByteReader& in, const CueSheet& sheet, const std::vector<uint32_t>& fired, ErrorText& error);

  private:
    std::vector<uint32_t> queue_; // cues in the order they fired; those before head_ are done
    size_t head_ = 0;
    uint32_t position_ = 0;      // next byte of the cue at the head
    Nanoseconds arrival_at_ = 0; // end of its stop bit
    Nanoseconds free_at_ = 0;    // end of the last stop bit
};

} // namespace mpulab
