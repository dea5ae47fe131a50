// SPDX-License-Identifier: MIT
#include "synth/message_parser.hpp"

namespace mpulab {

size_t MessageParser::data_bytes(uint8_t status) {
    if (status < 0xf0) return (status & 0xe0) == 0xc0 ? 1 : 2; // Cx and Dx have one
    return status == 0xf2 ? 2 : status == 0xf1 || status == 0xf3 ? 1 : 0;
}

std::optional<std::span<const uint8_t>> MessageParser::feed(uint8_t byte) {
    if (byte >= 0xf8) { // real time: interrupts nothing
        finished_.assign(1, byte);
        return finished_;
    }
    if (byte >= 0x80) { // any other status ends what was unfinished
        if (sysex_ && byte == 0xf7) {
            sysex_ = false;
            message_.push_back(byte);
            finished_.swap(message_);
            message_.clear();
            return finished_;
        }
        sysex_ = byte == 0xf0;
        running_ = byte < 0xf0 ? byte : 0;
        message_.assign(1, byte);
        if (sysex_ || byte == 0xf7 || data_bytes(byte) > 0) return std::nullopt;
        finished_.swap(message_);
        message_.clear();
        return finished_;
    }
    if (sysex_) {
        if (message_.size() < kMaxSysEx) message_.push_back(byte);
        return std::nullopt;
    }
    if (message_.empty() && running_ != 0) message_.assign(1, running_);
    if (message_.empty() || message_[0] == 0xf7) return std::nullopt; // data that belongs to nothing
    message_.push_back(byte);
    if (message_.size() < 1 + data_bytes(message_[0])) return std::nullopt;
    finished_.swap(message_);
    message_.clear();
    return finished_;
}

} // namespace mpulab
