// SPDX-License-Identifier: MIT
// When the firmware sends bytes of its own on MIDI OUT: a Stop after each reset and at power-on, then clocks for as
// long as intelligent mode lasts (reference §2.3, §5.9).
#pragma once

#include "../../common/bytes.hpp"
#include "../../common/error_text.hpp"
#include "time.hpp"

namespace mpulab {

class MidiClock {
  public:
    static constexpr uint8_t kStop = 0xfc;
    static constexpr uint8_t kClock = 0xf8;

    void start(Nanoseconds stop_at) { next_ = {stop_at, kStop}; }
    void stop() { next_ = {}; }

    Nanoseconds next() const { return next_.at; }
    // Takes that byte, which goes out at `at`. `interval`: to the next clock; one that was late on a busy wire delays
    // no other, and those that the wire had no room for are left out.
    uint8_t take(Nanoseconds at, Nanoseconds interval) {
        const uint8_t byte = next_.byte;
        Nanoseconds next = after(next_.at, byte == kStop ? kStopToClockNs : interval);
        if (next <= at) next = after(next, interval * ((at - next) / interval + 1));
        next_ = {next, kClock};
        return byte;
    }

    void save(ByteWriter& out) const {
        out.put_time(next_.at);
        out.put(next_.byte);
    }
    bool load(ByteReader& in, ErrorText& error) {
        next_ = {in.get_time(), in.get<uint8_t>()};
        if (in.ok() && (next_.byte == kStop || next_.byte == kClock)) return true;
        return error.say("state: the firmware's next byte on MIDI OUT is 0x%02x; 0xfc or 0xf8 expected", next_.byte);
    }

  private:
    static constexpr Nanoseconds kStopToClockNs = 1'000'000; // clocks from about 28 ms after RESET

    struct Next {
        Nanoseconds at = kNever;
        uint8_t byte = kStop;
    };
    Next next_;
};

} // namespace mpulab
