// SPDX-License-Identifier: MIT
// A byte queue of fixed capacity. Each byte carries its number: the one its correlation id is made of.
#pragma once

#include "../../common/bytes.hpp"

#include <cstdint>
#include <vector>

namespace mpulab {

struct NumberedByte {
    uint64_t number = 0;
    uint8_t byte = 0;
    bool reply = false; // to the host, behind an ACK: it takes the firmware longer than the byte of a message
};

class Fifo {
  public:
    explicit Fifo(uint32_t capacity) : slots_(capacity) {}

    uint32_t capacity() const { return static_cast<uint32_t>(slots_.size()); }
    uint32_t level() const { return level_; }
    bool empty() const { return level_ == 0; }
    bool full() const { return level_ == capacity(); }

    bool push(NumberedByte entry) { // false: full, nothing changed
        if (full()) return false;
        slots_[(head_ + level_) % capacity()] = entry;
        ++level_;
        return true;
    }
    NumberedByte pop() { // only when not empty
        const NumberedByte entry = slots_[head_];
        head_ = (head_ + 1) % capacity();
        --level_;
        return entry;
    }
    const NumberedByte& front() const { return slots_[head_]; } // only when not empty
    void clear() {
        head_ = 0;
        level_ = 0;
    }

    void save(ByteWriter& out) const {
        out.put(level_);
        for (uint32_t i = 0; i < level_; ++i) {
            const NumberedByte& entry = slots_[(head_ + i) % capacity()];
            out.put(entry.number);
            out.put(entry.byte);
            out.put_bool(entry.reply);
        }
    }
    // false: more bytes than it holds, or numbers that do not rise up to `last_number`.
    bool load(ByteReader& in, uint64_t last_number) {
        const uint32_t count = in.get<uint32_t>();
        if (!in.ok() || count > capacity()) return false;
        clear();
        uint64_t before = 0;
        for (uint32_t i = 0; i < count; ++i) {
            const NumberedByte entry{in.get<uint64_t>(), in.get<uint8_t>(), in.get_bool()};
            if (!in.ok() || entry.number <= before || entry.number > last_number) return false;
            before = entry.number;
            push(entry);
        }
        return true;
    }

  private:
    std::vector<NumberedByte> slots_;
    uint32_t head_ = 0;
    uint32_t level_ = 0;
};

// What FIFO_LEVEL records tell: each new high-water mark since power-on, and running empty after two or more bytes
// were queued (a single byte that passes through is no news).
struct LevelGauge {
    uint32_t high_water = 0;
    bool was_deep = false;

    bool after_push(uint32_t level) { // true: worth a record
        if (level > 1) was_deep = true;
        if (level <= high_water) return false;
        high_water = level;
        return true;
    }
    bool after_pop(uint32_t level) {
        if (level != 0 || !was_deep) return false;
        was_deep = false;
        return true;
    }
};

} // namespace mpulab
