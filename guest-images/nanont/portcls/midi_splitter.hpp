// SPDX-License-Identifier: MIT
// Where one MIDI message ends and the next begins in a byte stream that may be cut anywhere (reference portcls-midi.md
// §2.9). Nothing is added, dropped or reordered: the pieces laid end to end are the stream. Pure.
#pragma once

#include <stdint.h>

namespace portcls {

/** Data bytes that follow a status byte; kOpenEnd: until the next status below F8 (System Exclusive). */
constexpr uint32_t kOpenEnd = ~0u;
constexpr uint32_t midi_data_bytes(uint8_t status) {
    if (status < 0xC0 || (status >= 0xE0 && status < 0xF0)) return 2;
    if (status < 0xE0) return 1;
    switch (status) {
    case 0xF0:
        return kOpenEnd;
    case 0xF1:
    case 0xF3:
        return 1;
    case 0xF2:
        return 2;
    default:
        return 0;
    }
}

struct MidiPiece {
    uint32_t bytes;
    bool complete; /* the message ends here; false: it goes on behind this piece, or after a real-time byte */
    bool begins;   /* it is no continuation of an earlier piece */
};

class MidiSplitter {
  public:
    /** The piece at the front of `bytes`; `count` is not 0. A status byte that interrupts a message ends it there. Data
     * bytes that belong to no message (no running status) are a piece of their own. */
    MidiPiece next(const uint8_t* bytes, uint32_t count) {
        if (is_realtime(bytes[0])) return {1, true, true};
        uint32_t at = 0;
        const bool begins = !open_;
        if (!open_) {
            if (bytes[0] >= 0x80) {
                begin(bytes[0]);
                at = 1;
                if (left_ == 0) return {1, end(), true};
            } else if (running_) {
                left_ = midi_data_bytes(running_);
                open_ = true;
            } else {
                while (at < count && bytes[at] < 0x80)
                    ++at;
                return {at, true, true};
            }
        } else if (bytes[0] >= 0x80) { // the message so far was cut short: what was told to go on ends with nothing
            if (bytes[0] == 0xF7 && left_ == kOpenEnd) return {1, end(), false};
            open_ = false;
            return next(bytes, count);
        }
        for (; at < count; ++at) {
            if (is_realtime(bytes[at])) return {at, false, begins};
            if (bytes[at] >= 0x80) {
                if (bytes[at] == 0xF7 && left_ == kOpenEnd) return {at + 1, end(), begins};
                return {at, end(), begins};
            }
            if (left_ != kOpenEnd && --left_ == 0) return {at + 1, end(), begins};
        }
        return {at, false, begins};
    }

    void reset() { *this = MidiSplitter(); }

  private:
    static constexpr bool is_realtime(uint8_t byte) { return byte >= 0xF8; }
    void begin(uint8_t status) {
        left_ = midi_data_bytes(status);
        running_ = status < 0xF0 ? status : uint8_t{0}; // system common ends running status
        open_ = true;
    }
    bool end() {
        open_ = false;
        left_ = 0;
        return true;
    }

    uint8_t running_ = 0;
    bool open_ = false; /* inside a message */
    uint32_t left_ = 0; /* data bytes it still wants */
};

} // namespace portcls
