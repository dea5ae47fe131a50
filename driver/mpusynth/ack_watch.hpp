// SPDX-License-Identifier: MIT
// Tells the card's answer from MIDI: FEh is both.
#pragma once

#include <stdint.h>

#include "atomic.hpp"
#include "mpu401/registers.h"

namespace mpusynth {

/// Between begin() and end() the first FEh is the card's answer, and is no MIDI byte. Outside it is one: Active
/// Sensing. One thread begins and ends; whoever reads DATA asks takes(), at any IRQL.
class AckWatch {
  public:
    void begin() { state_.store_release(kAwaited); }
    void end() { state_.store_release(kIdle); }
    [[nodiscard]] bool arrived() const { return state_.load_acquire() == kArrived; }

    /// True when `byte` is the answer.
    bool takes(uint8_t byte) {
        if (byte != mpu401::kAck || state_.load_acquire() != kAwaited) return false;
        state_.store_release(kArrived);
        return true;
    }

  private:
    enum State : unsigned char { kIdle, kAwaited, kArrived };
    Atomic<unsigned char> state_;
};

} // namespace mpusynth
