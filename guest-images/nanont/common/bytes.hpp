// SPDX-License-Identifier: MIT
// Bounded views of bytes that came from outside. Nothing here allocates, and no read leaves the view.
#ifndef NANONT_COMMON_BYTES_HPP
#define NANONT_COMMON_BYTES_HPP

#include <stddef.h>
#include <stdint.h>

namespace nanont {

/// `size` bytes that may be read. Offsets are checked without overflow: `offset + length` is never formed.
struct ConstBytes {
    const uint8_t* data = nullptr;
    size_t size = 0;

    constexpr bool holds(size_t offset, size_t length) const { return offset <= size && length <= size - offset; }

    /// Copies a little-endian object out, at any alignment; false when it does not lie inside.
    template <typename T> bool read(size_t offset, T& out) const {
        if (!holds(offset, sizeof(T))) {
            return false;
        }
        __builtin_memcpy(&out, data + offset, sizeof(T));
        return true;
    }

    /// The part [offset, offset + length); empty when it does not lie inside.
    constexpr ConstBytes part(size_t offset, size_t length) const {
        return holds(offset, length) ? ConstBytes{data + offset, length} : ConstBytes{};
    }

    /// A zero-terminated string of at most `limit` characters; nullptr when its end is not inside.
    const char* string(size_t offset, size_t limit) const {
        for (size_t i = 0; i <= limit && holds(offset, i + 1); ++i) {
            if (data[offset + i] == 0) {
                return reinterpret_cast<const char*>(data + offset);
            }
        }
        return nullptr;
    }
};

/// The same for bytes that may be written.
struct MutableBytes {
    uint8_t* data = nullptr;
    size_t size = 0;

    constexpr operator ConstBytes() const { return {data, size}; }
    constexpr bool holds(size_t offset, size_t length) const { return offset <= size && length <= size - offset; }

    template <typename T> bool write(size_t offset, const T& value) {
        if (!holds(offset, sizeof(T))) {
            return false;
        }
        __builtin_memcpy(data + offset, &value, sizeof(T));
        return true;
    }
};

constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Names of files and modules are compared without regard to the case of ASCII letters.
constexpr bool equal_ignoring_case(const char* a, const char* b) {
    for (;; ++a, ++b) {
        if (ascii_lower(*a) != ascii_lower(*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
    }
}

constexpr bool equal_exactly(const char* a, const char* b) {
    for (; *a == *b; ++a, ++b) {
        if (*a == '\0') {
            return true;
        }
    }
    return false;
}

constexpr size_t string_length(const char* text) {
    size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}

} // namespace nanont

#endif
