// SPDX-License-Identifier: MIT
// Stream buffers built by hand: not by the code under test.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

using Bytes = std::vector<uint8_t>;

inline void put(Bytes& data, size_t at, uint32_t value) {
    std::memcpy(data.data() + at, &value, sizeof value);
}

inline void add_record(Bytes& data, uint32_t delta_ms, const Bytes& payload) {
    const size_t at = data.size();
    data.resize(at + 8 + payload.size());
    put(data, at, delta_ms);
    put(data, at + 4, static_cast<uint32_t>(payload.size()));
    if (!payload.empty()) std::memcpy(data.data() + at + 8, payload.data(), payload.size());
    while (data.size() % 4)
        data.push_back(0);
}
