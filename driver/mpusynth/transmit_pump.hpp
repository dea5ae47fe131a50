// SPDX-License-Identifier: MIT
// When to write the next byte to a card that takes one at a time, needs 16..155 µs for each, and has no interrupt for
// "ready" (reference mpu401.md §3.1, §4). Pure logic over an `Io` (hardware.hpp); the host tests run it.
//
// Three facts shape it:
//  - the clock ticks once per millisecond and the wire takes 3.125 bytes in that time, so one byte per tick is not
//    enough: several bytes must follow each other within a tick, and the card makes us wait between them;
//  - waiting at DISPATCH_LEVEL must be short: never more than 50 µs in a row, then other DPCs get their turn, and never
//    more than half of a millisecond in all;
//  - bytes handed to the card cannot be called back: we keep it a few milliseconds ahead of the wire, no further. So
//  its
//    FIFO never fills, and STOP silences the wire at once.
#pragma once

#include <stdint.h>

#include "atomic.hpp"
#include "hardware.hpp"

namespace mpusynth {

inline constexpr uint32_t k100nsPerUs = 10;
inline constexpr uint64_t kWireByte100ns = mpu401::kWireByteNs / 100;
inline constexpr uint64_t kLead100ns = 16 * kWireByte100ns; // 5 ms: DPCs may be that late and the wire stays busy

class TransmitPump {
  public:
    enum class Next : uint8_t {
        Idle,  // nothing left to send
        Yield, // the card will be ready soon: let other DPCs run, then call again
        Tick,  // enough for now, or the card is busy for longer: call again at the next clock tick
    };

    /// One slice of output: writes what the card takes from `source` (bool empty(), uint8_t take()).
    /// <= DISPATCH_LEVEL, one caller at a time; at most 16 bytes and kSliceUs of waiting. No access when there is
    /// nothing to send.
    template <class Io, class Source> Next run_slice(Io& io, Source& source) {
        const uint64_t now = io.now_100ns();
        return wait_out(io, now) ? Next::Yield : send(io, source, now);
    }

    /// The first half of a slice, for a caller to whom a short way counts: true when there was nothing to do in it but
    /// to wait, which has been done (Next::Yield). Else send() is to follow.
    template <class Io> ALWAYS_INLINE bool wait_out(Io& io, uint64_t now) {
        if (now + kSliceUs * k100nsPerUs > look_at_ || !take_slice(now)) return false;
        io.stall_us(kSliceUs);
        return true;
    }

    /// The second half.
    template <class Io, class Source> Next send(Io& io, Source& source, uint64_t now) {
        if (!take_slice(now)) return Next::Tick;
        if (source.empty()) return Next::Idle;
        if (is_ahead(now)) return Next::Tick;
        uint32_t budget_us = kSliceUs;
        for (;;) {
            if (now < look_at_) {
                const uint32_t wait_us = (static_cast<uint32_t>(look_at_ - now) + k100nsPerUs - 1) / k100nsPerUs;
                if (wait_us >= budget_us) {
                    io.stall_us(budget_us);
                    return Next::Yield;
                }
                io.stall_us(wait_us);
                budget_us -= wait_us;
                now = io.now_100ns();
            }
            if (!mpu401::host_may_write(io.read(mpu401::kStatusPort))) {
                if (now - last_write_ >= kPatience100ns) return Next::Tick;
                looked_in_vain_ = true;
                look_at_ = now + kPollStepUs * k100nsPerUs;
                continue;
            }
            io.write(mpu401::kDataPort, source.take());
            ++written_;
            learn(now - last_write_);
            last_write_ = now; // of the look: a microsecond early, and one look at the clock less
            look_at_ = now + service_time_;
            wire_free_at_ = (wire_free_at_ > now ? wire_free_at_ : now) + kWireByte100ns;
            if (source.empty()) return Next::Idle;
            if (is_ahead(now)) return Next::Tick;
        }
    }

    /// Time in 100 ns at which the wire will have sent all that the card has been given, as far as we can know.
    [[nodiscard]] uint64_t wire_free_at() const { return wire_free_at_; }
    /// Bytes written so far.
    [[nodiscard]] uint32_t written() const { return written_; }

  private:
    static constexpr uint32_t kSliceUs = 45;        // with the port accesses in it: no more than 50 µs in a row
    static constexpr uint64_t kWindow100ns = 9'000; // just under a tick, so that each tick opens a new one
    static constexpr uint32_t kSlicesPerWindow = 11;
    static constexpr uint64_t kPatience100ns = 2'000; // a card not ready 200 µs after a byte has a full FIFO, or worse

    /// 11 slices of 45 µs in 0.9 ms, whoever calls and however often: half of the time at most.
    bool take_slice(uint64_t now) {
        if (now - window_start_ >= kWindow100ns) {
            window_start_ = now;
            slices_left_ = kSlicesPerWindow;
        }
        if (slices_left_ == 0) return false;
        --slices_left_;
        return true;
    }

    /// The card has enough: what it was given takes the wire kLead100ns and more.
    [[nodiscard]] bool is_ahead(uint64_t now) const { return wire_free_at_ >= now + kLead100ns; }

    /// `since_last`: time from the byte before to the look that saw the card ready for this one.
    ALWAYS_INLINE void learn(uint64_t since_last) {
        if (looked_in_vain_) {
            looked_in_vain_ = false;
            if (since_last < kPatience100ns) service_time_ = since_last;
        } else if (since_last < service_time_ + kPollStepUs * k100nsPerUs) {
            // Ready when first looked at; how long before, nobody knows. A little earlier next time.
            service_time_ -= service_time_ / 32;
        }
    }

    uint64_t wire_free_at_ = 0;
    uint64_t last_write_ = 0;
    uint64_t service_time_ = 0; // the card's time for one byte, as last seen; below kPatience100ns
    uint64_t look_at_ = 0;      // looking at STATUS is pointless before
    uint64_t window_start_ = 0;
    uint32_t slices_left_ = 0;
    uint32_t written_ = 0;
    bool looked_in_vain_ = false; // STATUS said "not ready" since the last byte
};

} // namespace mpusynth
