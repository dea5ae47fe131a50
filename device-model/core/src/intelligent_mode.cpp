// SPDX-License-Identifier: MIT
#include "intelligent_mode.hpp"

#include <algorithm>

namespace mpulab {
namespace {

enum : uint8_t {
    kNoRealTime = 0x32,
    kInternalClock = 0x80,
    kFskClock = 0x81,
    kMidiClock = 0x82,
    kReadPlayCounter = 0xa0, // to A7h
    kReadVersion = 0xac,
    kReadRevision = 0xad,
    kReadTempo = 0xaf,
    kResetRelativeTempo = 0xb1,
    kClearPlayCounters = 0xb8,
    kTimebase48 = 0xc2, // to C8h, 24 more each
    kTimebase192 = 0xc8,
    kTempo = 0xe0,
    kRelativeTempo = 0xe1,
};

constexpr uint8_t kClearedCounter = 1; // what A0h-A7h read after B8h (§5.4)

struct TempoLimits {
    uint8_t low, high;
};
// The tick is not shorter than about 2 ms, nor longer than about 131 ms (§5.2, FW column).
constexpr TempoLimits kTempoLimits[] = {{10, 250}, {6, 250}, {5, 250}, {4, 250}, {4, 208}, {4, 179}, {4, 156}};

constexpr size_t timebase_place(uint8_t timebase) {
    return timebase / 24u - 2u;
}

} // namespace

IntelligentMode::Answer IntelligentMode::command(uint8_t code) {
    const mpu401::CommandRange& range = mpu401::command_range(code);
    awaits_parameter_ = range.parameters != 0 ? code : kNoParameter;
    if (range.replies != 0) {
        if (code == kReadVersion) return {true, static_cast<uint8_t>(version_ >> 8)};
        if (code == kReadRevision) return {true, static_cast<uint8_t>(version_)};
        if (code == kReadTempo) return {true, tempo()};
        if (code >= kReadPlayCounter && code < kReadPlayCounter + 8) return {true, play_counter_};
        return {true, 0}; // the record counter, which stands still
    }
    if (code >= kTimebase48 && code <= kTimebase192) {
        timebase_ = static_cast<uint8_t>(24 * (code - kTimebase48 + 2));
    } else if (code == kResetRelativeTempo) {
        relative_tempo_ = kRelativeOne;
    } else if (code == kClearPlayCounters) {
        play_counter_ = kClearedCounter;
    } else if (code == kNoRealTime) {
        no_real_time_ = true;
    } else if (code == kInternalClock || code == kFskClock || code == kMidiClock) {
        internal_clock_ = code == kInternalClock;
    }
    return {};
}

void IntelligentMode::data(uint8_t byte) {
    if (awaits_parameter_ == kTempo) tempo_ = byte;
    if (awaits_parameter_ == kRelativeTempo) relative_tempo_ = byte;
    awaits_parameter_ = kNoParameter;
}

uint8_t IntelligentMode::tempo() const {
    const TempoLimits limits = kTempoLimits[timebase_place(timebase_)];
    const int asked = tempo_ * relative_tempo_ / kRelativeOne;
    return static_cast<uint8_t>(std::clamp<int>(asked, limits.low, limits.high));
}

void IntelligentMode::save(ByteWriter& out) const {
    out.put(awaits_parameter_);
    out.put(tempo_);
    out.put(relative_tempo_);
    out.put(timebase_);
    out.put(play_counter_);
    out.put_bool(internal_clock_);
    out.put_bool(no_real_time_);
}

bool IntelligentMode::load(ByteReader& in, ErrorText& error) {
    awaits_parameter_ = in.get<uint8_t>();
    tempo_ = in.get<uint8_t>();
    relative_tempo_ = in.get<uint8_t>();
    timebase_ = in.get<uint8_t>();
    play_counter_ = in.get<uint8_t>();
    internal_clock_ = in.get_bool();
    no_real_time_ = in.get_bool();
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    if (awaits_parameter_ != kNoParameter && mpu401::command_range(awaits_parameter_).parameters == 0) {
        return error.say("state: waits for a parameter of command 0x%02x, which has none", awaits_parameter_);
    }
    if (timebase_ % 24 != 0 || timebase_ < 48 || timebase_ > 192) {
        return error.say("state: timebase %u; a multiple of 24 from 48 to 192 expected", timebase_);
    }
    return true;
}

} // namespace mpulab
