// SPDX-License-Identifier: MIT
// Bytes, and the plain structures of the contracts as bytes. All contracts are little-endian; so is every host we run
// on.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace mpulab {

static_assert(std::endian::native == std::endian::little, "plan, score and link are written as the host lays them out");

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline void append(Bytes& out, ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Appends a contract structure as it lies in memory.
template <typename Pod> void append_pod(Bytes& out, const Pod& value) {
    static_assert(std::is_trivially_copyable_v<Pod>);
    const size_t at = out.size();
    out.resize(at + sizeof value);
    std::memcpy(out.data() + at, &value, sizeof value);
}

/// Fills up with zeros to a multiple of `alignment`.
inline void pad(Bytes& out, size_t alignment) {
    out.resize((out.size() + alignment - 1) / alignment * alignment);
}

/// Reads a contract structure; the caller has checked that it lies inside `bytes`.
template <typename Pod> Pod read_pod(ByteView bytes, size_t offset) {
    static_assert(std::is_trivially_copyable_v<Pod>);
    Pod value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

} // namespace mpulab
