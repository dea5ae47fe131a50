// SPDX-License-Identifier: MIT
// Taking bytes from the card: the part that interrupt and polling share. Pure logic over an `Io` (hardware.hpp).
#pragma once

#include <stdint.h>

#include "hardware.hpp"

namespace mpusynth {

/// Bytes one interrupt may take: a card shows the next byte 12 µs after the last one was read, so an interrupt usually
/// takes one; a card that claims for ever to have more must not keep the CPU at DIRQL. The rest is a DPC's.
inline constexpr uint32_t kBytesPerInterrupt = 4;

/// Bytes that one slice of polling, at DISPATCH_LEVEL, may take.
inline constexpr uint32_t kBytesPerSlice = 16;

struct Drained {
    uint32_t bytes;
    bool empty; // the last look said "nothing more"; else the limit was hit
};

/// Reads until STATUS says empty, at most `limit` bytes; `sink(byte)` gets each. Two accesses a byte and one that sees
/// it is empty. Any IRQL; one caller at a time.
template <class Io, class Sink> Drained drain(Io& io, Sink sink, uint32_t limit = kBytesPerInterrupt) {
    for (uint32_t count = 0; count < limit; ++count) {
        if (!mpu401::byte_waits_for_host(io.read(mpu401::kStatusPort))) return {count, true};
        sink(io.read(mpu401::kDataPort));
    }
    return {limit, false};
}

/// For a card whose interrupt does not come: called at each clock tick, and again (`following`) as long as bytes follow
/// each other closely, so that more than the one byte a card shows at a time gets through in a tick. At most 40 µs of
/// waiting; `empty` = false: call again after other DPCs had their turn.
template <class Io, class Sink> Drained drain_by_polling(Io& io, bool following, Sink sink) {
    Drained all = drain(io, sink, kBytesPerSlice);
    if (all.bytes == 0 && !following) return all;
    for (uint32_t us = 0; us < kSpinLimitUs && all.bytes < kBytesPerSlice; us += kPollStepUs) {
        io.stall_us(kPollStepUs);
        all.bytes += drain(io, sink, kBytesPerSlice - all.bytes).bytes;
    }
    return {all.bytes, all.bytes == 0};
}

} // namespace mpusynth
