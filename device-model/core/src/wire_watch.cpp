// SPDX-License-Identifier: MIT
#include "wire_watch.hpp"

#include <algorithm>
#include <bit>

namespace mpulab {
namespace {

constexpr uint8_t kNoteOff = 0x80;
constexpr uint8_t kNoteOn = 0x90;
constexpr uint8_t kController = 0xb0;
constexpr uint8_t kAllSoundOff = 120;
constexpr uint8_t kAllNotesOff = 123;
constexpr uint8_t kSysexBegin = 0xf0;
constexpr uint8_t kSysexEnd = 0xf7;
constexpr uint8_t kRealTime = 0xf8; // and above
constexpr uint8_t kRoland = 0x41;

bool has_two_data_bytes(uint8_t status) {
    return status < 0xc0 || (status & 0xf0) == 0xe0;
}

} // namespace

Nanoseconds WireWatch::see(uint8_t byte) {
    if (byte >= kRealTime) return 0; // may stand anywhere, and belongs to no message
    if (byte < 0x80) {
        if (in_sysex_) {
            if (sysex_bytes_ < kHeadBytes) head_[sysex_bytes_] = byte;
            sysex_bytes_ = sysex_bytes_ == UINT32_MAX ? UINT32_MAX : sysex_bytes_ + 1;
        } else if (status_ != 0 && has_two_data_bytes(status_)) {
            if (has_first_) message(first_, byte);
            first_ = byte;
            has_first_ = !has_first_;
        }
        return 0;
    }
    const bool ended = in_sysex_ && byte == kSysexEnd;
    in_sysex_ = byte == kSysexBegin;
    has_first_ = false;
    status_ = byte < kSysexBegin ? byte : 0;
    if (in_sysex_) sysex_bytes_ = 1;
    return ended ? pause_after_sysex() : 0;
}

void WireWatch::message(uint8_t first, uint8_t second) {
    auto& notes = sounding_[status_ & 0x0f];
    const uint64_t bit = uint64_t{1} << (first % 64);
    switch (status_ & 0xf0) {
    case kNoteOn:
        if (second != 0) {
            notes[first / 64] |= bit;
            break;
        }
        [[fallthrough]];
    case kNoteOff:
        notes[first / 64] &= ~bit;
        break;
    case kController:
        if (first == kAllSoundOff || first >= kAllNotesOff) notes[0] = notes[1] = 0; // mode messages end notes too
        break;
    default:
        break;
    }
}

// In milliseconds as early MT-32s need them: address 7Fxxxx resets all parameters, 100004 and 100001 are what games
// were seen to send (reference §4).
Nanoseconds WireWatch::pause_after_sysex() const {
    if (head_[1] != kRoland || sysex_bytes_ < kHeadBytes) return 0;
    constexpr Nanoseconds kMs = 1'000'000;
    if (head_[5] == 0x7f) return 290 * kMs;
    if (head_[5] == 0x10 && head_[6] == 0x00 && head_[7] == 0x04) return 145 * kMs;
    if (head_[5] == 0x10 && head_[6] == 0x00 && head_[7] == 0x01) return 30 * kMs;
    const Nanoseconds length = Nanoseconds{sysex_bytes_} + 1; // and its F7
    return std::max(40 * kMs, (length / 2 + 2) * kMs);
}

void WireWatch::silence() {
    channel_ = 0;
    channel_sounded_ = false;
    message_left_ = 0;
    find_next_message();
}

uint8_t WireWatch::lowest_note(uint8_t channel) const {
    const auto& notes = sounding_[channel];
    return static_cast<uint8_t>(notes[0] != 0 ? std::countr_zero(notes[0]) : 64 + std::countr_zero(notes[1]));
}

void WireWatch::find_next_message() {
    for (; channel_ < kChannels; ++channel_, channel_sounded_ = false) {
        if (sounds(channel_)) {
            channel_sounded_ = true;
            message_ = {static_cast<uint8_t>(kNoteOn | channel_), lowest_note(channel_), 0};
        } else if (channel_sounded_) {
            channel_sounded_ = false;
            message_ = {static_cast<uint8_t>(kController | channel_), kAllNotesOff, 0};
        } else {
            continue;
        }
        message_left_ = 3;
        return;
    }
}

uint8_t WireWatch::next_silencing_byte() {
    const uint8_t byte = message_[message_.size() - message_left_];
    see(byte);
    if (--message_left_ == 0) find_next_message();
    return byte;
}

void WireWatch::save(ByteWriter& out) const {
    for (const auto& notes : sounding_) {
        out.put(notes[0]);
        out.put(notes[1]);
    }
    out.put(status_);
    out.put_bool(has_first_);
    out.put(first_);
    out.put_bool(in_sysex_);
    out.put(sysex_bytes_);
    out.put_bytes(head_.data(), head_.size());
    out.put(channel_);
    out.put_bool(channel_sounded_);
    out.put_bytes(message_.data(), message_.size());
    out.put(message_left_);
}

bool WireWatch::load(ByteReader& in, ErrorText& error) {
    const auto get_bytes = [&in](auto& into) {
        for (uint8_t& byte : into)
            byte = in.get<uint8_t>();
    };
    for (auto& notes : sounding_) {
        notes[0] = in.get<uint64_t>();
        notes[1] = in.get<uint64_t>();
    }
    status_ = in.get<uint8_t>();
    has_first_ = in.get_bool();
    first_ = in.get<uint8_t>();
    in_sysex_ = in.get_bool();
    sysex_bytes_ = in.get<uint32_t>();
    get_bytes(head_);
    channel_ = in.get<uint8_t>();
    channel_sounded_ = in.get_bool();
    get_bytes(message_);
    message_left_ = in.get<uint8_t>();
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    if (channel_ > kChannels || message_left_ > message_.size() || (message_left_ == 0) != (channel_ == kChannels)) {
        return error.say("state: %u bytes of channel %u's silencing to go; 1 to 3 of 0 to 15, or 0 of 16 expected",
                         message_left_, channel_);
    }
    if (first_ > 0x7f || (status_ != 0 && (status_ < 0x80 || status_ >= kSysexBegin)) ||
        (in_sysex_ && sysex_bytes_ == 0)) {
        return error.say("state: status 0x%02x, data 0x%02x, %u bytes of System Exclusive on MIDI OUT cannot be",
                         status_, first_, sysex_bytes_);
    }
    return true;
}

} // namespace mpulab
