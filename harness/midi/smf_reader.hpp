// SPDX-License-Identifier: MIT
// Standard MIDI Files, formats 0 and 1, from hostile bytes. (Why not a library: harness/README.md.)
#pragma once

#include "common/bytes.hpp"
#include "midi/song.hpp"

#include <string_view>

namespace mpulab {

inline constexpr size_t kMaxSmfBytes = 16u << 20;
inline constexpr size_t kMaxSongEvents = 1'000'000;
inline constexpr uint64_t kMaxSongNs = 24ull * 3600 * 1'000'000'000;

/// What the wire shall carry: channel events with explicit status, the payload of F0 (with its F0) and F7 events raw,
/// meta events dropped. Throws Error naming `name`, the place in the file, the value seen and what to do; allocates no
/// more than a small multiple of the file's size whatever lengths the file claims.
Song read_smf(ByteView file, std::string_view name);

} // namespace mpulab
