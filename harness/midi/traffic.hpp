// SPDX-License-Identifier: MIT
// Drawn MIDI: what a grammar allows, and what it does not, always the same for a seed.
#pragma once

#include "midi/song.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mpulab {

enum class Traffic {
    Notes,         // note on and off, full messages
    RunningStatus, // the same with the status byte left out where it repeats
    SysEx,         // F0 … F7 of no byte to 64 KB; no longer than what is left to draw
    Realtime,      // notes and SysEx with real-time bytes anywhere inside
    Clock,         // F8, with start, continue and stop, as fast as the pace allows
    TempoClock,    // F8 24 times a quarter note, at a tempo of 60 to 240 a minute that is drawn once
    ActiveSensing, // FE every 300 ms at the latest, notes between
    Garbage,       // any byte at all
    Mix,           // all of these
};

/// "notes", "running-status" …: the words of a scenario's generate.
std::vector<std::string> traffic_names();
/// Throws std::logic_error for a name that is none of these.
Traffic traffic_by_name(std::string_view name);

/// Messages until at least `bytes` bytes have come, the first at 0, each as soon as the one before has had `pace_ns`
/// for each of its bytes; those of TempoClock and ActiveSensing when they are due, or as soon after as that allows.
Song draw_traffic(Traffic kind, uint64_t seed, size_t bytes, uint64_t pace_ns);

} // namespace mpulab
