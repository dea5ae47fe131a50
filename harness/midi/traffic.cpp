// SPDX-License-Identifier: MIT
#include "midi/traffic.hpp"

#include "common/split_mix.h"

#include <stdexcept>

namespace mpulab {
namespace {

constexpr std::pair<std::string_view, Traffic> kNames[] = {
    {"notes", Traffic::Notes}, {"running-status", Traffic::RunningStatus},
    {"sysex", Traffic::SysEx}, {"realtime", Traffic::Realtime},
    {"clock", Traffic::Clock}, {"garbage", Traffic::Garbage},
    {"mix", Traffic::Mix}};

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
    Composer(uint64_t seed, uint64_t pace_ns) : draw_(seed), pace_ns_(pace_ns) {}

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
        for (uint32_t left = draw_(8) == 0 ? draw_(600) : draw_(20); left != 0; --left)
            bytes.push_back(seven_bits(draw_));
        bytes.push_back(0xf7);
        return bytes;
    }
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
    Composer composer(seed, pace_ns);
    while (composer.size() < bytes)
        composer.message(kind);
    return composer.take();
}

} // namespace mpulab
