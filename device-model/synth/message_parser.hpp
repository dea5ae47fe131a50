// SPDX-License-Identifier: MIT
// Wire bytes into MIDI messages: running status, System Exclusive, real-time bytes anywhere (portcls-midi.md §2.9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mpulab {

class MessageParser {
  public:
    static constexpr size_t kMaxSysEx = 1u << 20; // longer ones are cut off

    /// Takes a byte. Returns a whole message (status first; SysEx from F0 to F7), valid until the next call, or
    /// nothing.
    std::optional<std::span<const uint8_t>> feed(uint8_t byte);

  private:
    static size_t data_bytes(uint8_t status);

    std::vector<uint8_t> message_; // what has come of the message so far, status included
    std::vector<uint8_t> finished_;
    uint8_t running_ = 0; // 0: none
    bool sysex_ = false;
};

} // namespace mpulab
