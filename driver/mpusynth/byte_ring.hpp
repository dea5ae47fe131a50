// SPDX-License-Identifier: MIT
// A bounded queue of bytes between one producer and one consumer, who may run on different CPUs and at different
// IRQLs, without a lock. Freestanding; the host tests run it too.
#pragma once

#include <stdint.h>

#include "atomic.hpp"

namespace mpusynth {

template <uint32_t kCapacity> class ByteRing {
    static_assert(kCapacity != 0 && (kCapacity & (kCapacity - 1)) == 0, "indices wrap by masking");

  public:
    /// Producer: false when full; the byte is not taken.
    [[nodiscard]] bool push(uint8_t byte) {
        if (room() == 0) return false;
        push(&byte, 1);
        return true;
    }

    /// Producer: takes `count` bytes, for which there must be room(). The consumer sees all of them at once.
    ALWAYS_INLINE void push(const uint8_t* bytes, uint32_t count) {
        uint32_t head = head_.load_relaxed();
        for (const uint32_t end = head + count; head != end; ++head)
            bytes_[head & kMask] = *bytes++;
        head_.store_release(head);
    }

    /// Consumer: false when empty.
    [[nodiscard]] bool pop(uint8_t& byte) {
        if (empty()) return false;
        byte = take();
        return true;
    }

    /// Consumer: the oldest byte; it must not be empty().
    [[nodiscard]] ALWAYS_INLINE uint8_t take() {
        const uint32_t tail = tail_.load_relaxed();
        const uint8_t byte = bytes_[tail & kMask];
        tail_.store_release(tail + 1);
        return byte;
    }

    /// Consumer: takes at most `limit` bytes; returns how many.
    [[nodiscard]] uint32_t pop(uint8_t* bytes, uint32_t limit) {
        uint32_t count = 0;
        while (count < limit && pop(bytes[count]))
            ++count;
        return count;
    }

    /// Consumer: forgets what is queued.
    void clear() { tail_.store_release(head_.load_acquire()); }

    /// Either side; the other side may change it at once, in its own direction only.
    [[nodiscard]] ALWAYS_INLINE uint32_t size() const { return head_.load_acquire() - tail_.load_acquire(); }
    [[nodiscard]] ALWAYS_INLINE uint32_t room() const { return kCapacity - size(); }
    [[nodiscard]] ALWAYS_INLINE bool empty() const { return head_.load_acquire() == tail_.load_acquire(); }

  private:
    static constexpr uint32_t kMask = kCapacity - 1;

    Atomic<uint32_t> head_; // counts up for ever; only the producer writes it
    Atomic<uint32_t> tail_; // only the consumer writes it
    uint8_t bytes_[kCapacity] = {};
};

} // namespace mpusynth
