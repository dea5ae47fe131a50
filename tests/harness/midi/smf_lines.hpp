// SPDX-License-Identifier: MIT
// A song as lines of text: "tick track bytes".
#pragma once

#include "harness/support/smf_bytes.hpp"
#include "midi/smf_reader.hpp"

#include <string>
#include <vector>

namespace mpulab::test {

inline std::string hex_text(ByteView bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const uint8_t byte : bytes) {
        if (!text.empty()) text += ' ';
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

inline Song read(const Bytes& file) {
    return read_smf(file, "song.mid");
}

inline std::vector<std::string> lines_of(const Song& song) {
    std::vector<std::string> lines;
    for (const SongEvent& event : song.events) {
        lines.push_back(std::to_string(event.tick) + " " + std::to_string(event.track) + " " +
                        hex_text(song.bytes_of(event)));
    }
    return lines;
}

using Lines = std::vector<std::string>;

inline std::string read_refusal(const Bytes& file) {
    return refusal([&] { read(file); });
}

/// The refusal of a format 0 file whose one track has these bytes and nothing else.
inline std::string track_refusal(std::string_view track_hex) {
    return read_refusal(smf(0, {chunk("MTrk", hex(track_hex))}));
}

} // namespace mpulab::test
