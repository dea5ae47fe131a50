// SPDX-License-Identifier: MIT
// Time on a stream: 0 when the pin first enters RUN, running only in RUN, 0 again after STOP (reference portcls-midi.md
// §2.8). All in 100 ns; `now` is the machine's own clock, read by the caller. Pure.
#pragma once

#include "module/wire.hpp"

namespace portcls {

inline constexpr int64_t kTick100ns = 10'000; /* documented resolution of the sequencer: 1 ms */

class StreamClock {
  public:
    void run(int64_t now) {
        if (!running_) started_ = now;
        running_ = true;
    }
    void pause(int64_t now) {
        elapsed_ = time(now);
        running_ = false;
    }
    void reset() { *this = StreamClock(); }
    bool running() const { return running_; }
    int64_t time(int64_t now) const { return running_ ? elapsed_ + (now - started_) : elapsed_; }

  private:
    int64_t elapsed_ = 0; /* of earlier runs */
    int64_t started_ = 0;
    bool running_ = false;
};

constexpr int64_t saturating_add(int64_t a, int64_t b) {
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

/** KSTIME in 100 ns; saturates. False: a denominator or numerator of 0 makes no time of a Time that is not 0. */
inline bool presentation_time(int64_t time, uint32_t numerator, uint32_t denominator, int64_t& result) {
    result = 0;
    if (time == 0) return true;
    if (numerator == 0 || denominator == 0) return false;
    const uint64_t magnitude = time < 0 ? uint64_t{0} - static_cast<uint64_t>(time) : static_cast<uint64_t>(time);
    // whole and rest apart: each product fits 64 bits, or saturates
    const uint64_t rest = magnitude % denominator * numerator / denominator;
    uint64_t scaled = 0;
    constexpr auto kMost = static_cast<uint64_t>(INT64_MAX);
    if (__builtin_mul_overflow(magnitude / denominator, uint64_t{numerator}, &scaled) ||
        __builtin_add_overflow(scaled, rest, &scaled) || scaled > kMost)
        scaled = kMost;
    result = time < 0 ? -static_cast<int64_t>(scaled) : static_cast<int64_t>(scaled);
    return true;
}

/** Milliseconds since RUN as capture records carry them: rounded up, so that they never run backwards. */
constexpr uint32_t capture_stamp_ms(int64_t stream_time_100ns) {
    if (stream_time_100ns <= 0) return 0;
    int64_t ms = (stream_time_100ns - 1) / 10'000 + 1;
    return ms > int64_t{UINT32_MAX} ? UINT32_MAX : static_cast<uint32_t>(ms);
}

} // namespace portcls
