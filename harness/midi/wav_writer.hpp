// SPDX-License-Identifier: MIT
// What the wire sounds like: FluidSynth, offline, from wire bytes at their times.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace mpulab {

struct WireByte {
    uint64_t end_ns = 0; // of its stop bit: when a synthesizer has it
    uint8_t value = 0;
};

/// Renders 44.1 kHz stereo from `start_ns` to two seconds after the last byte. Same bytes, times and font: same file.
/// Throws Error.
void write_wav(const std::filesystem::path& path, const std::filesystem::path& soundfont,
               const std::vector<WireByte>& bytes, uint64_t start_ns);

} // namespace mpulab
