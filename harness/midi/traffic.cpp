// SPDX-License-Identifier: MIT
#include "midi/traffic.hpp"

#include "common/split_mix.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace mpulab {
namespace {

constexpr std::pair<std::string_view, Traffic> kNames[] = {{"notes", Traffic::Notes},
                                                           {"running-status", Traffic::RunningStatus},
                                                           {"sysex", Traffic::SysEx},
                                                           {"realtime", Traffic::Realtime},
                                                           {"clock", Traffic::Clock},
                                                           {"tempo-clock", Traffic::TempoClock},
                                                           {"active-sensing", Traffic::ActiveSensing},
                                                           {"garbage", Traffic::Garbage},
                                                           {"mix", Traffic::Mix}};

constexpr uint32_t kMostSysEx = 65'536;         // bytes, F0 and F7 with them
constexpr uint64_t kSensingNs = 300'000'000;    // MIDI 1.0: silence for longer means that the cable is out
constexpr uint64_t kQuarterNs = 60'000'000'000; // at a tempo of 1 a minute
constexpr uint64_t kClocksAQuarter = 24;

/// SplitMix64: the generator all draws of mpulab come from.
class Draw {
  public:
    explicit Draw(uint64_t seed) : state_(seed) {}
    /// 0..below-1.
    uint32_t operator()(uint32_t below) {
        const uint64_t drawn = mpulab_split_mix_64(state_);
        state_ += MPULAB_GOLDEN;
        return static_cast<uint32_t>(drawn % below);
    }

  private:
    uint64_t state_;
};

uint8_t seven_bits(Draw& draw) {
    return static_cast<uint8_t>(draw(128));
}

class Composer {
  public:
    Composer(uint64_t seed, uint64_t pace_ns, size_t wanted) : draw_(seed), pace_ns_(pace_ns), wanted_(wanted) {}

    void message(Traffic kind) {
        switch (kind) {
        case Traffic::Notes:
            return add(note());
        case Traffic::RunningStatus:
            return add(running());
        case Traffic::SysEx:
            return add(sysex());
        case Traffic::Realtime:
            return add(sprinkled(draw_(4) == 0 ? sysex() : note()));
        case Traffic::Clock:
            return add({draw_(24) == 0 ? static_cast<uint8_t>(0xfa + draw_(3)) : uint8_t{0xf8}});
        case Traffic::TempoClock:
            return tempo_clock();
        case Traffic::ActiveSensing:
            return active_sensing();
        case Traffic::Garbage:
            return add({static_cast<uint8_t>(draw_(256))});
        case Traffic::Mix:
            // Garbage last in the list: it may leave a SysEx open, which the next status byte ends.
            constexpr Traffic kinds[] = {Traffic::Notes,    Traffic::RunningStatus, Traffic::SysEx,
                                         Traffic::Realtime, Traffic::Clock,         Traffic::Garbage};
            return message(kinds[draw_(6)]);
        }
    }
    Song take() { return std::move(song_); }
    size_t size() const { return song_.wire.size(); }

  private:
    Bytes note() {
        running_ = static_cast<uint8_t>((draw_(2) == 0 ? 0x80 : 0x90) | draw_(16));
        return {running_, seven_bits(draw_), seven_bits(draw_)};
    }
    Bytes running() {
        if (running_ == 0 || draw_(8) == 0) return note();
        return {seven_bits(draw_), seven_bits(draw_)};
    }
    Bytes sysex() {
        running_ = 0; // a SysEx ends running status
        Bytes bytes = {0xf0};
        for (uint32_t left = draw_(8) == 0 ? long_sysex() : draw_(20); left != 0; --left)
            bytes.push_back(seven_bits(draw_));
        bytes.push_back(0xf7);
        return bytes;
    }
    /// Data bytes of a long one: each power of two is as likely, up to what is left to draw.
    uint32_t long_sysex() {
        const size_t left = wanted_ > size() + 2 ? wanted_ - size() - 2 : 1;
        const auto most = static_cast<uint32_t>(std::min<size_t>(left, kMostSysEx - 2));
        const uint32_t below = 2u << draw_(static_cast<uint32_t>(std::bit_width(most)));
        return std::min(draw_(below), most);
    }
    void tempo_clock() {
        if (quarter_ns_ == 0) quarter_ns_ = kQuarterNs / (60 + draw_(181));
        wait_until(clocks_++ * quarter_ns_ / kClocksAQuarter);
        add({0xf8});
    }
    void active_sensing() {
        const uint64_t note_ns = 3 * pace_ns_;
        if (draw_(3) != 0 && now_ns_ + note_ns <= sensing_due_ns_) return add(note());
        wait_until(sensing_due_ns_);
        add({0xfe});
        sensing_due_ns_ = now_ns_ + kSensingNs - std::min(kSensingNs, pace_ns_) - draw_(60) * 1'000'000ull;
    }
    void wait_until(uint64_t due_ns) { now_ns_ = std::max(now_ns_, due_ns); }
    /// With real-time bytes in it, which may stand anywhere.
    Bytes sprinkled(const Bytes& message) {
        constexpr uint8_t kRealtime[] = {0xf8, 0xfa, 0xfb, 0xfc, 0xfe};
        Bytes bytes;
        for (const uint8_t byte : message) {
            if (draw_(3) == 0) bytes.push_back(kRealtime[draw_(5)]);
            bytes.push_back(byte);
        }
        return bytes;
    }
    void add(const Bytes& bytes) {
        if (bytes.size() == 1 && bytes[0] >= 0x80 && bytes[0] < 0xf8) running_ = 0; // garbage
        SongEvent event;
        event.time_ns = now_ns_;
        event.tick = song_.events.size();
        event.offset = static_cast<uint32_t>(song_.wire.size());
        event.size = static_cast<uint32_t>(bytes.size());
        song_.events.push_back(event);
        append(song_.wire, bytes);
        now_ns_ += bytes.size() * pace_ns_;
    }

    Draw draw_;
    uint64_t pace_ns_;
    uint64_t now_ns_ = 0;
    size_t wanted_;
    uint64_t clocks_ = 0;
    uint64_t quarter_ns_ = 0; // 0: not drawn yet
    uint64_t sensing_due_ns_ = 0;
    uint8_t running_ = 0; // status in force; 0: none
    Song song_;
};

} // namespace

std::vector<std::string> traffic_names() {
    std::vector<std::string> names;
    for (const auto& [name, kind] : kNames)
        names.emplace_back(name);
    return names;
}

Traffic traffic_by_name(std::string_view name) {
    for (const auto& [word, kind] : kNames) {
        if (word == name) return kind;
    }
    throw std::logic_error("no kind of traffic: " + std::string(name));
}

Song draw_traffic(Traffic kind, uint64_t seed, size_t bytes, uint64_t pace_ns) {
    Composer composer(seed, pace_ns, bytes);
    while (composer.size() < bytes)
        composer.message(kind);
    return composer.take();
}

} // namespace mpulab
