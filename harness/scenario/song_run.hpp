// SPDX-License-Identifier: MIT
// The main job as data: a song becomes a score (what the guest does) and cues (what the card does by itself), both
// known before the first instruction.
#pragma once

#include "midi/song.hpp"
#include "scenario/ks.hpp"

#include <optional>
#include <set>
#include <string>

namespace mpulab {

/// A pin as a client finds it: interface of a device, then the pin's number.
struct PinTarget {
    uint32_t unit = 0; // instance of the device
    std::array<uint8_t, 16> category = ks::kCategoryAudio;
    std::u16string reference; // empty: the category's first interface
    uint32_t pin = 0;

    bool same_filter(const PinTarget& other) const {
        return unit == other.unit && category == other.category && reference == other.reference;
    }
};

inline constexpr size_t kMaxReferenceUnits = 31; // what a score has room for

struct SongRunOptions {
    uint32_t unit = 0;     // the card
    bool wire = true;      // the package has a card under it
    bool interrupt = true; // and the card an interrupt
    bool capture = true;   // inject the song at MIDI IN too, and read it back through the capture pin
    std::optional<PinTarget> render_pin = PinTarget{0, ks::kCategoryAudio, u"", ks::kRenderPin};
    std::optional<PinTarget> capture_pin = PinTarget{0, ks::kCategoryAudio, u"", ks::kCapturePin}; // none: no capture
    uint64_t lead_ns = 10'000'000; // song time 0 comes this long after the render pin runs, so that nothing is late
    uint64_t seed = 0;             // of the run
};

struct SongRun {
    Bytes score;
    Bytes cues; // CUES section for the card; empty without capture
    uint32_t unit = 0;
    bool wire = true;             // else nothing at MIDI OUT and IN is judged
    bool interrupt = true;        // else no interrupt is expected
    bool render = true;           // the song goes out
    bool capture = false;         // and comes in
    std::set<uint64_t> may_fail;  // steps whose failure is no failure of the run
    uint32_t counters_step = 0;   // the step that asks the driver for its counters; 0: none
    uint32_t render_run_step = 0; // the step that sets the render pin to RUN: its end is 0 of the stream clock
    uint64_t lead_ns = 0;
};

// How writes are cut. A record's stamp is a whole number of milliseconds from its IRP's PresentationTime, so an event
// joins an IRP only where that costs little; PortCls then delivers on the nearest 1 ms tick. 0.25 + 0.5 ms leave room
// within the 1 ms an event may be off.
inline constexpr uint64_t kMaxStampErrorNs = 250'000;
inline constexpr uint64_t kMaxIrpSpanNs = 50'000'000;
inline constexpr uint32_t kMaxIrpBytes = 1024;   // KSMUSICFORMAT headers and padding included
inline constexpr uint32_t kMaxRecordBytes = 256; // longer SysEx goes out in pieces, as winmm cuts long buffers
inline constexpr uint32_t kPendingWrites = 16;
inline constexpr uint32_t kReadBytes = 8 + 2048; // what Microsoft's MIDI service reads with (§5.5)
inline constexpr uint32_t kPendingReads = 4;
inline constexpr uint32_t kStartMarker = 1; // the card's cues wait for it
inline constexpr uint64_t kWireByteNs = 320'000;

/// Throws Error when the song does not fit into a score or plan.
SongRun compile_song(const Song& song, const SongRunOptions& options);

} // namespace mpulab
