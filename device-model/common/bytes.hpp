// SPDX-License-Identifier: MIT
// Little-endian bytes on the way out and, bounds-checked, on the way in: saved states, plans and records use it, so
// that nothing ever depends on a struct's padding or on the host's byte order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mpulab {

template <typename T> constexpr T load_le(const uint8_t* from) {
    static_assert(std::is_unsigned_v<T>);
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(value | static_cast<T>(T{from[i]} << (8 * i)));
    return value;
}

template <typename T> constexpr void store_le(uint8_t* to, T value) {
    static_assert(std::is_unsigned_v<T>);
    for (size_t i = 0; i < sizeof(T); ++i)
        to[i] = static_cast<uint8_t>(value >> (8 * i));
}

// Counts what is written and writes it where it fits: one pass with no buffer gives the size, a second the bytes.
class ByteWriter {
  public:
    ByteWriter(void* buffer, size_t size) : buffer_(static_cast<uint8_t*>(buffer)), size_(size) {}

    template <typename T> void put(T value) {
        if (fits(sizeof(T))) store_le(buffer_ + written_, value);
        written_ += sizeof(T);
    }
    void put_bool(bool value) { put(static_cast<uint8_t>(value)); }
    void put_time(int64_t value) { put(static_cast<uint64_t>(value)); }
    void put_bytes(const void* from, size_t count) {
        if (count != 0 && fits(count)) std::memcpy(buffer_ + written_, from, count);
        written_ += count;
    }
    size_t written() const { return written_; }

  private:
    bool fits(size_t count) const { return buffer_ != nullptr && written_ <= size_ && count <= size_ - written_; }

    uint8_t* buffer_;
    size_t size_;
    size_t written_ = 0;
};

// Reads in order; past the end every value is 0 and ok() stays false from then on, so that a caller may check once.
class ByteReader {
  public:
    ByteReader(const void* from, size_t size) : from_(static_cast<const uint8_t*>(from)), size_(size) {}

    template <typename T> T get() {
        if (!take(sizeof(T))) return 0;
        return load_le<T>(from_ + at_ - sizeof(T));
    }
    bool get_bool() { // any byte but 0 and 1 is no bool
        const uint8_t value = get<uint8_t>();
        if (value > 1) ok_ = false;
        return value == 1;
    }
    int64_t get_time() { // a time is never negative
        const uint64_t value = get<uint64_t>();
        if (value > INT64_MAX) ok_ = false;
        return ok_ ? static_cast<int64_t>(value) : 0;
    }
    // nullptr when fewer than `count` bytes are left; the bytes belong to the buffer read from.
    const uint8_t* get_bytes(size_t count) { return take(count) ? from_ + at_ - count : nullptr; }

    bool ok() const { return ok_; }
    size_t position() const { return at_; }
    size_t left() const { return size_ - at_; }

  private:
    bool take(size_t count) {
        if (!ok_ || count > size_ - at_) {
            ok_ = false;
            return false;
        }
        at_ += count;
        return true;
    }

    const uint8_t* from_;
    size_t size_;
    size_t at_ = 0;
    bool ok_ = true;
};

} // namespace mpulab
