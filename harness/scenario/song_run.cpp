// SPDX-License-Identifier: MIT
#include "scenario/song_run.hpp"

#include "agent/counters.h"
#include "agent/score.h"
#include "common/error.hpp"
#include "probe/plan.h"
#include "scenario/ks.hpp"
#include "scenario/plan.hpp"
#include "scenario/score_builder.hpp"
#include "scenario/write_packer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

enum Slot : uint16_t { kFilter = 0, kRender = 1, kCapture = 2, kCaptureFilter = 3 };

constexpr uint64_t kCardBytes = 258; // the card's TX FIFO unless told otherwise, the host's latch, the byte on the wire
constexpr uint32_t kControlTimeoutMs = 5'000; // open, close, set state: a driver resets its card within these
constexpr uint32_t kEchoTimeoutMs = 1'000;    // what a driver without a wire may take to give the last byte back
constexpr uint32_t kCountersRoom = 256;       // a later version of them may be longer than ours
constexpr uint64_t kNsPerMs = 1'000'000;

/// Virtual bound of every wait for the song: its length, its time on the wire, and slack.
uint32_t song_timeout_ms(const Song& song, uint64_t lead_ns) {
    const uint64_t ns = lead_ns + song.last_event_ns() + song.wire.size() * kWireByteNs;
    return static_cast<uint32_t>(ns / kNsPerMs + kControlTimeoutMs); // at most some 26 h: fits
}

/// KSPROPERTY of agent/counters.h.
Bytes counters_request() {
    constexpr struct {
        uint32_t data1;
        uint16_t data2, data3;
        uint8_t data4[8];
    } kSet = MPULAB_COUNTERS_SET;
    static_assert(sizeof kSet == sizeof(ks::Property::set));
    ks::Property property{};
    std::memcpy(property.set.data(), &kSet, sizeof kSet);
    property.id = MPULAB_COUNTERS_ID;
    property.flags = ks::kPropertyGet;
    Bytes bytes;
    append_pod(bytes, property);
    return bytes;
}

/// The song once more, arriving at MIDI IN at the same times. Events of one time share a cue.
Bytes injection(const Song& song, const SongRunOptions& options) {
    std::vector<mpulab_cue> cues;
    for (const SongEvent& event : song.events) {
        const uint64_t delay = options.lead_ns + event.time_ns;
        if (!cues.empty() && cues.back().delay_ns == delay) {
            cues.back().count += event.size;
            continue;
        }
        mpulab_cue cue{};
        cue.trigger = MPULAB_TRIGGER_MARKER;
        cue.argument = kStartMarker;
        cue.first = 1;
        cue.firings = 1;
        cue.delay_ns = delay;
        cue.action = MPULAB_ACTION_INJECT;
        cue.count = event.size;
        cue.value = event.offset;
        cues.push_back(cue);
    }
    return write_cues(options.seed, std::move(cues), song.wire);
}

} // namespace

SongRun compile_song(const Song& song, const SongRunOptions& options) {
    using ks::State;
    const uint32_t song_ms = song_timeout_ms(song, options.lead_ns);
    SongRun run;
    run.unit = options.unit;
    run.wire = options.wire;
    run.interrupt = options.interrupt;
    run.render = options.render_pin.has_value();
    run.capture = options.capture && options.capture_pin.has_value();
    run.lead_ns = options.lead_ns;

    ScoreBuilder score;
    const auto open_filter = [&score](Slot slot, const PinTarget& target) {
        score.open_filter(slot, target.unit, target.category, target.reference, kControlTimeoutMs);
    };
    // One filter for both directions, where it is one.
    const bool shared = run.render && run.capture && options.render_pin->same_filter(*options.capture_pin);
    const Slot capture_filter = shared ? kFilter : kCaptureFilter;
    if (run.render) {
        open_filter(kFilter, *options.render_pin);
        score.open_pin(kRender, kFilter, options.render_pin->pin, kControlTimeoutMs);
    }
    if (run.capture) { // listening before the first byte can come
        if (!shared) open_filter(capture_filter, *options.capture_pin);
        score.open_pin(kCapture, capture_filter, options.capture_pin->pin, kControlTimeoutMs);
        score.set_state(kCapture, State::Acquire, kControlTimeoutMs);
        score.set_state(kCapture, State::Pause, kControlTimeoutMs);
        score.read_start(kCapture, kReadBytes, kPendingReads);
        score.set_state(kCapture, State::Run, kControlTimeoutMs);
    }
    if (run.render) {
        score.set_state(kRender, State::Acquire, kControlTimeoutMs);
        score.set_state(kRender, State::Pause, kControlTimeoutMs);
        run.render_run_step = score.set_state(kRender, State::Run, kControlTimeoutMs);
    }
    score.marker(kStartMarker);

    if (run.render) {
        WritePacker packer(score, kRender, song_ms);
        for (const SongEvent& event : song.events)
            packer.event(options.lead_ns + event.time_ns, song.bytes_of(event));
        packer.flush();
        score.wait_writes(kRender, song_ms);
    }
    if (run.capture && run.wire) {
        score.wait_captured(kCapture, song.wire.size(), song_ms);
    } else if (run.capture) { // whether a driver without a wire gives its bytes back is its own affair
        run.may_fail.insert(score.wait_captured(kCapture, song.wire.size(), kEchoTimeoutMs, true));
    }

    const auto wind_down = [&](Slot slot, bool reads) {
        score.set_state(slot, State::Pause, kControlTimeoutMs);
        if (reads) score.read_stop(slot, kControlTimeoutMs);
        score.set_state(slot, State::Acquire, kControlTimeoutMs);
        score.set_state(slot, State::Stop, kControlTimeoutMs);
        score.close(slot, kControlTimeoutMs);
    };
    if (run.render) wind_down(kRender, false);
    if (run.capture) wind_down(kCapture, true);
    // Whether a driver counts is its own affair. No byte is on its way any more.
    score.may_fail(true);
    run.counters_step = score.ioctl(run.render ? kFilter : capture_filter, ks::kIoctlProperty, counters_request(),
                                    kCountersRoom, {}, false, kControlTimeoutMs);
    score.may_fail(false);
    run.may_fail.insert(run.counters_step);
    if (run.render) score.close(kFilter, kControlTimeoutMs);
    if (run.capture && !shared) score.close(kCaptureFilter, kControlTimeoutMs);
    if (run.render && run.wire) score.delay(kCardBytes * kWireByteNs); // what the card has still to send
    // What only removal shows: references kept, memory never freed, an interrupt still connected.
    if (run.render) score.remove_device(options.render_pin->unit, kControlTimeoutMs);
    if (run.capture && !(run.render && options.capture_pin->unit == options.render_pin->unit))
        score.remove_device(options.capture_pin->unit, kControlTimeoutMs);

    if (score.steps() > MPULAB_SCORE_MAX_STEPS) {
        throw Error(fmt::format("the song needs {} score steps, at most {} can be played", score.steps(),
                                MPULAB_SCORE_MAX_STEPS),
                    "cut the song into parts");
    }
    run.score = score.finish();
    if (run.capture && run.wire) run.cues = injection(song, options);
    return run;
}

} // namespace mpulab
