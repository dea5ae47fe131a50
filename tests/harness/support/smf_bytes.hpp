// SPDX-License-Identifier: MIT
// Standard MIDI Files as bytes, laid out here from the SMF 1.0 specification.
#pragma once

#include "harness/support/text.hpp"

#include <vector>

namespace mpulab::test {

inline void big_endian(Bytes& out, uint32_t value, int bytes) {
    while (bytes-- > 0)
        out.push_back(static_cast<uint8_t>(value >> 8 * bytes));
}

inline Bytes chunk(std::string_view tag, const Bytes& body) {
    Bytes out = bytes_of(tag);
    big_endian(out, static_cast<uint32_t>(body.size()), 4);
    return joined(out, body);
}

inline Bytes header(uint32_t format, uint32_t tracks, uint32_t division) {
    Bytes body;
    big_endian(body, format, 2);
    big_endian(body, tracks, 2);
    big_endian(body, division, 2);
    return chunk("MThd", body);
}

/// A track of the events written in hex, End of Track added.
inline Bytes track(std::string_view events) {
    return chunk("MTrk", joined(hex(events), hex("00 ff 2f 00")));
}

/// A whole file: division 500 at 120 quarters a minute makes a tick a millisecond.
inline Bytes smf(uint32_t format, const std::vector<Bytes>& tracks, uint32_t division = 500) {
    Bytes file = header(format, static_cast<uint32_t>(tracks.size()), division);
    for (const Bytes& part : tracks)
        file = joined(file, part);
    return file;
}

} // namespace mpulab::test
