// SPDX-License-Identifier: MIT
// Steps of a client that streams: pins, their states, what is written to them and read from them.
#include "scenario/score_compiler.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "midi/smf_reader.hpp"
#include "midi/traffic.hpp"
#include "scenario/ks_states.hpp"
#include "scenario/song_run.hpp"
#include "scenario/values.hpp"
#include "scenario/write_packer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kDefaultLeadNs = 10'000'000;
constexpr const char* kInspect = "look at what it offers with \"mpulab inspect\"";

uint32_t wire_ms(size_t bytes) {
    return static_cast<uint32_t>(bytes * kWireByteNs / kNsPerMs);
}

} // namespace

void ScoreCompiler::open(const Json& step) {
    if (step.at("open") == "filter") return open_filter(step);
    const bool render = step.at("open") == "render";
    if (step.contains("of")) return open_of(step, render);
    const auto unit = unit_of(step);
    if (!unit) return;
    const SongTargets& targets = targets_of(*unit);
    const auto& target = render ? targets.render : targets.capture;
    if (!target)
        does_not_fit(step, fmt::format("the driver has no {} pin for MIDI", render ? "render" : "capture"), kInspect);
    const std::string name = step.value("as", step.at("open").get<std::string>());
    if (!take_name(step, name)) return;
    const auto filter = filter_for(step, *target);
    const auto slot = filter ? free_slot(step) : std::nullopt;
    if (!slot) return;
    score_.open_pin(*slot, *filter, step.value("pin", target->pin), timeout(step));
    handles_[name] = {*slot,    render ? Handle::Kind::Render : Handle::Kind::Capture, *filter, target->unit, 0, false,
                      lenient()};
}

/// The filter itself, that of the first pin which streams MIDI, as clients hold it that look before they play.
void ScoreCompiler::open_filter(const Json& step) {
    for (const char* key : {"pin", "of"}) {
        if (step.contains(key))
            return complain(step, fmt::format("a filter has no {}", key), "render or capture with it");
    }
    const auto unit = unit_of(step);
    if (!unit) return;
    const SongTargets& targets = targets_of(*unit);
    const auto& target = targets.render ? targets.render : targets.capture;
    if (!target) does_not_fit(step, "the driver has no filter with a pin for MIDI", kInspect);
    const std::string name = step.value("as", "filter");
    if (!take_name(step, name)) return;
    const auto slot = free_slot(step);
    if (!slot) return;
    score_.open_filter(*slot, target->unit, target->category, target->reference, timeout(step));
    handles_[name] = {*slot, Handle::Kind::Device, 0, 0, 0, false, lenient()};
}

/// A pin of a filter that the scenario itself has opened by name.
void ScoreCompiler::open_of(const Json& step, bool render) {
    const Handle* filter = find(step, step.at("of"), {Handle::Kind::Device}, "a device");
    if (filter == nullptr) return;
    if (!step.contains("pin"))
        return complain(step, "which pin of it is not said", "pin: its number, of mpulab inspect");
    const uint16_t filter_slot = filter->slot; // a new name may move what it points to
    if (!take_name(step, step.value("as", step.at("open").get<std::string>()))) return;
    const auto slot = free_slot(step);
    if (!slot) return;
    score_.open_pin(*slot, filter_slot, step.at("pin"), timeout(step));
    handles_[step.value("as", step.at("open").get<std::string>())] = {
        *slot, render ? Handle::Kind::Render : Handle::Kind::Capture, filter_slot, 0, 0, false, lenient()};
}

void ScoreCompiler::state(const Json& step) {
    Handle* pin = pin_of(step, "of", "render");
    if (pin == nullptr) return;
    const auto target = static_cast<uint32_t>(
        std::find(kKsStates.begin(), kKsStates.end(), step.at("state").get<std::string>()) - kKsStates.begin());
    walk(*pin, target, step.value("exactly", false), timeout(step));
}

void ScoreCompiler::walk(Handle& pin, uint32_t target, bool exactly, uint32_t timeout_ms) {
    while (!exactly && pin.state != target && pin.state + 1 != target && pin.state != target + 1) {
        pin.state += pin.state < target ? 1u : -1u;
        score_.set_state(pin.slot, static_cast<ks::State>(pin.state), timeout_ms);
    }
    score_.set_state(pin.slot, static_cast<ks::State>(target), timeout_ms);
    pin.state = target;
}

void ScoreCompiler::write(const Json& step) {
    const Handle* pin = render_of(step, "to");
    if (pin == nullptr) return;
    const Bytes bytes = *parse_hex(step.at("write").get<std::string>());
    const auto at = static_cast<uint64_t>(step.value("at", int64_t{0}));
    Bytes records;
    for (ByteView left = bytes; !left.empty();) {
        const ByteView piece = left.first(std::min<size_t>(left.size(), kMaxRecordBytes));
        append_pod(records, ks::MusicFormat{0, static_cast<uint32_t>(piece.size())});
        append(records, piece);
        pad(records, ks::kMusicAlignment);
        left = left.subspan(piece.size());
    }
    score_.write(pin->slot, at / ks::kNsPerPresentationUnit, records, kPendingWrites,
                 timeout(step, wire_ms(bytes.size()) + kDefaultTimeoutMs));
    append(run_.written[card_of(*pin)], bytes);
}

void ScoreCompiler::play(const Json& step) {
    const Handle* pin = render_of(step, "to");
    const std::filesystem::path path = step.at("play").get<std::string>();
    const auto file = path.is_absolute() ? path : file_of_step(step).parent_path() / path;
    Song song;
    try {
        song = read_smf(read_file(file, kMaxSmfBytes, "MIDI file"), file.string());
    } catch (const Error& error) {
        return complain(step, error.what(), "a Standard MIDI File, from this file's folder");
    }
    if (pin != nullptr) stream(*pin, song, step);
}

void ScoreCompiler::generate(const Json& step) {
    const Handle* pin = render_of(step, "to");
    if (pin == nullptr) return;
    const Traffic kind = traffic_by_name(step.at("generate").get<std::string>());
    stream(*pin,
           draw_traffic(kind, step.value("seed", scenario_.seed), step.at("bytes").get<size_t>(),
                        step.value("pace", uint64_t{kWireByteNs})),
           step);
}

void ScoreCompiler::stream(const Handle& pin, const Song& song, const Json& step) {
    const uint64_t lead = step.value("at", kDefaultLeadNs);
    const auto ms = static_cast<uint32_t>((lead + song.last_event_ns()) / kNsPerMs) + wire_ms(song.wire.size());
    WritePacker packer(score_, pin.slot, timeout(step, ms + kDefaultTimeoutMs));
    for (const SongEvent& event : song.events)
        packer.event(lead + event.time_ns, song.bytes_of(event));
    packer.flush();
    append(run_.written[card_of(pin)], song.wire);
    stream_ms_ = std::max(stream_ms_, ms);
}

void ScoreCompiler::wait_writes(const Json& step) {
    const Handle* pin = find(step, step.at("wait-writes"), {Handle::Kind::Render}, "a render pin");
    if (pin != nullptr)
        score_.wait_writes(pin->slot,
                           timeout(step, stream_ms_ + wire_ms(run_.written[card_of(*pin)].size()) + kDefaultTimeoutMs));
}

void ScoreCompiler::read(const Json& step) {
    Handle* pin = find(step, step.at("read"), {Handle::Kind::Capture}, "a capture pin");
    if (pin == nullptr) return;
    if (pin->reading) return complain(step, "that pin is read from already", "stop-reading before");
    const uint32_t number =
        score_.read_start(pin->slot, step.value("buffer", kReadBytes) / 4 * 4, step.value("in-flight", kPendingReads));
    ScenarioRun::ReadPin& read = run_.read_pins[step.at("read")];
    read.unit = card_of(*pin);
    read.steps.insert(number);
    pin->reading = true;
}

void ScoreCompiler::wait_captured(const Json& step) {
    const Handle* pin = find(step, step.value("of", "capture"), {Handle::Kind::Capture}, "a capture pin");
    if (pin == nullptr) return;
    if (!pin->reading) return complain(step, "nobody reads from that pin", "a read step before it");
    score_.wait_captured(pin->slot, step.at("wait-captured").get<uint64_t>(),
                         timeout(step, stream_ms_ + kDefaultTimeoutMs));
}

void ScoreCompiler::stop_reading(const Json& step) {
    Handle* pin = find(step, step.at("stop-reading"), {Handle::Kind::Capture}, "a capture pin");
    if (pin == nullptr) return;
    if (!pin->reading) return complain(step, "nobody reads from that pin", "a read step before it");
    score_.read_stop(pin->slot, timeout(step));
    pin->reading = false;
}

void ScoreCompiler::close(const Json& step) {
    const std::string name = step.at("close");
    const Handle* handle = any_handle(step, name, "a pin or device");
    if (handle == nullptr) return;
    const uint16_t slot = handle->slot;
    handles_.erase(name);
    subject_ = score_.close(slot, timeout(step)); // not its filter's, which may follow
    close_filters(timeout(step));
}

} // namespace mpulab
