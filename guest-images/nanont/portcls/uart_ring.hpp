// SPDX-License-Identifier: MIT
// A ring of bytes between one producer and one consumer, which may interrupt each other or run on two processors. Pure.
#pragma once

#include <stdint.h>

namespace portcls {

/** `Capacity`: a power of two. */
template <uint32_t Capacity> class UartRing {
    static_assert(Capacity && (Capacity & (Capacity - 1)) == 0);

  public:
    uint32_t size() const { return load(written_) - load(read_); }
    uint32_t room() const { return Capacity - size(); }

    /** Producer. False: it is full. */
    bool put(uint8_t byte) {
        if (room() == 0) return false;
        bytes_[written_ % Capacity] = byte;
        store(written_, written_ + 1);
        return true;
    }
    /** Consumer. False: it is empty. */
    bool front(uint8_t& byte) const {
        if (size() == 0) return false;
        byte = bytes_[read_ % Capacity];
        return true;
    }
    void pop() { store(read_, read_ + 1); }
    uint32_t take(uint8_t* bytes, uint32_t room) {
        uint32_t count = 0;
        for (; count < room && front(bytes[count]); ++count)
            pop();
        return count;
    }
    /** Consumer: what is there now is gone; how much that was. */
    uint32_t clear() {
        uint32_t count = size();
        store(read_, read_ + count);
        return count;
    }

  private:
    static uint32_t load(const uint32_t& at) { return __atomic_load_n(&at, __ATOMIC_ACQUIRE); }
    static void store(uint32_t& at, uint32_t value) { __atomic_store_n(&at, value, __ATOMIC_RELEASE); }

    uint8_t bytes_[Capacity] = {};
    uint32_t written_ = 0, read_ = 0;
};

} // namespace portcls
