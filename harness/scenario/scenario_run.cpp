// SPDX-License-Identifier: MIT
#include "scenario/scenario_run.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "common/utf16.hpp"
#include "events/names.hpp"
#include "midi/smf_reader.hpp"
#include "midi/traffic.hpp"
#include "scenario/format.hpp"
#include "scenario/ks_states.hpp"
#include "scenario/plan.hpp"
#include "scenario/proofread_checks.hpp"
#include "scenario/scenario_cues.hpp"
#include "scenario/score_handles.hpp"
#include "scenario/values.hpp"
#include "scenario/write_packer.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint32_t kDefaultTimeoutMs = 5'000;
constexpr uint64_t kDefaultLeadNs = 10'000'000;
constexpr uint64_t kCardBytes = 258; // the card's TX FIFO unless told otherwise, the host's latch, the byte on the wire

/// One scenario, step by step. With `complaints` it tells what is wrong and goes on; without, the scenario is known to
/// be sound.
class Compiler {
  public:
    Compiler(const Scenario& scenario, const SongTargets& targets, bool wire, std::vector<Complaint>* complaints)
        : scenario_(scenario), targets_(targets), complaints_(complaints) {
        run_.wire = wire;
    }

    ScenarioRun compile() {
        for (const Json& step : scenario_.steps)
            compile_step(step);
        here_ = "the end";
        wind_down();
        if (score_.steps() > MPULAB_SCORE_MAX_STEPS) {
            throw Error(fmt::format("{}: the scenario needs {} score steps, at most {} can be played",
                                    scenario_.file.string(), score_.steps(), MPULAB_SCORE_MAX_STEPS),
                        "cut it into parts");
        }
        run_.score = score_.finish();
        for (uint32_t unit = 0; unit < cards(); ++unit) {
            Bytes section = compile_cues(scenario_, unit, run_.injected[unit]);
            if (!section.empty()) run_.cues[unit] = std::move(section);
        }
        return std::move(run_);
    }

  private:
    void complain(const Json& at, std::string what, std::string expected) {
        if (complaints_ == nullptr) throw Error(what + ", expected " + expected, "change the scenario");
        complaints_->push_back(complaint_at(at, scenario_.file.string(), std::move(what), std::move(expected)));
    }

    uint32_t cards() const { return 1 + static_cast<uint32_t>(scenario_.more_cards.size()); }

    std::filesystem::path file_of_step(const Json& step) const { return file_of(step, scenario_.file.string()); }

    void compile_step(const Json& step) {
        const std::string verb = step.at("verb");
        here_ =
            fmt::format("{} ({}:{})", verb, file_of_step(step).filename().string(), step.at(kPlaceKey)[0].get<int>());
        expected_ = {here_, 0};
        any_ = false;
        if (step.contains("expect")) read_expectation(step);
        score_.may_fail(lenient());
        const uint32_t before = score_.steps();
        (this->*verbs().at(verb))(step);
        for (uint32_t number = before + 1; number <= score_.steps(); ++number) {
            run_.steps[number] = here_;
            if (lenient()) run_.may_fail.insert(number);
        }
        // A step may be several of the score (an open, a walk of states): the last one is what it is about.
        if (score_.steps() != before && expected_.status != 0)
            run_.expected[subject_.value_or(score_.steps())] = expected_;
        score_.may_fail(false);
        subject_.reset();
    }

    /// Whether the step at hand may fail.
    bool lenient() const { return any_ || expected_.status != 0; }

    void read_expectation(const Json& step) {
        const std::string word = step["expect"];
        any_ = word == "any";
        if (any_ || word == "success") return;
        if (const auto status = status_by_name(word)) {
            expected_.status = *status;
            return;
        }
        complain(step, fmt::format("'{}' is no status", word), "success, any, STATUS_… or 0x and its number");
    }

    uint32_t timeout(const Json& step, uint32_t fallback_ms = kDefaultTimeoutMs) const {
        if (!step.contains("within")) return fallback_ms;
        return static_cast<uint32_t>((step["within"].get<int64_t>() + kNsPerMs - 1) / kNsPerMs);
    }

    // ---- handles --------------------------------------------------------------------------------------------------

    /// nullptr, and told, when there is none of that name, or one of another kind.
    Handle* find(const Json& step, const std::string& name, std::initializer_list<Handle::Kind> kinds,
                 const char* what) {
        const auto found = handles_.find(name);
        if (found == handles_.end()) {
            complain(step, fmt::format("nothing named '{}' is open here", name), "an open step before it");
            return nullptr;
        }
        if (std::find(kinds.begin(), kinds.end(), found->second.kind) == kinds.end()) {
            complain(step, fmt::format("'{}' is of another kind", name), what);
            return nullptr;
        }
        return &found->second;
    }
    Handle* pin_of(const Json& step, const char* key, const char* fallback) {
        return find(step, step.value(key, fallback), {Handle::Kind::Render, Handle::Kind::Capture}, "a pin");
    }
    Handle* render_of(const Json& step, const char* key) {
        return find(step, step.value(key, "render"), {Handle::Kind::Render}, "a render pin");
    }

    std::optional<uint16_t> free_slot(const Json& step) {
        if (const auto slot = handles_.free_slot()) return slot;
        complain(step, fmt::format("more than {} handles are open at once", MPULAB_SCORE_SLOTS),
                 "some of them closed before (a filter counts, too)");
        return std::nullopt;
    }

    bool take_name(const Json& step, const std::string& name) {
        if (!handles_.contains(name) && !name.starts_with(ScoreHandles::kFilterMark)) return true;
        complain(step, fmt::format("'{}' is open already", name), "another name, by as:");
        return false;
    }

    /// The slot of the filter a pin belongs to; opened when it is not.
    std::optional<uint16_t> filter_for(const Json& step, const PinTarget& target) {
        const std::string name = fmt::format("{}{} {}", ScoreHandles::kFilterMark, target.unit,
                                             std::string(target.reference.begin(), target.reference.end()));
        if (const auto found = handles_.find(name); found != handles_.end()) return found->second.slot;
        const auto slot = free_slot(step);
        if (!slot) return std::nullopt;
        score_.open_filter(*slot, target.unit, target.category, target.reference, timeout(step));
        handles_[name] = {*slot, Handle::Kind::Filter, 0, target.unit, 0, false, lenient()};
        return slot;
    }

    void close_filters(uint32_t timeout_ms) {
        for (const uint16_t slot : handles_.take_idle_filters())
            score_.close(slot, timeout_ms);
    }
    /// The number of the card under a pin, as the file has it.
    uint32_t card_of(const Handle& pin) const { return pin.unit - first_unit(); }

    // ---- steps ----------------------------------------------------------------------------------------------------

    void open(const Json& step) {
        const bool render = step.at("open") == "render";
        if (step.contains("of")) return open_of(step, render);
        const uint32_t unit = step.value("unit", 0u);
        if (unit >= cards()) return complain(step, fmt::format("there is no card {}", unit), "a unit of one of cards:");
        const SongTargets& targets = unit == 0 ? targets_ : targets_.more.at(unit - 1);
        const auto& target = render ? targets.render : targets.capture;
        if (!target) {
            throw Error(fmt::format("{}:{}: the driver has no {} pin for MIDI", file_of_step(step).string(),
                                    step.at(kPlaceKey)[0].get<int>(), render ? "render" : "capture"),
                        "look at what it offers with \"mpulab inspect\"");
        }
        const std::string name = step.value("as", step.at("open").get<std::string>());
        if (!take_name(step, name)) return;
        const auto filter = filter_for(step, *target);
        const auto slot = filter ? free_slot(step) : std::nullopt;
        if (!slot) return;
        score_.open_pin(*slot, *filter, step.value("pin", target->pin), timeout(step));
        handles_[name] = {
            *slot, render ? Handle::Kind::Render : Handle::Kind::Capture, *filter, target->unit, 0, false, lenient()};
    }

    /// A pin of a filter that the scenario itself has opened by name.
    void open_of(const Json& step, bool render) {
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

    void open_device(const Json& step) {
        const std::u16string name = utf16(step.at("open-device").get<std::string>());
        if (name.size() * sizeof(char16_t) > MPULAB_SCORE_MAX_NAME_BYTES) {
            return complain(step, "the device's name is too long",
                            fmt::format("at most {} characters", MPULAB_SCORE_MAX_NAME_BYTES / sizeof(char16_t)));
        }
        if (!take_name(step, step.at("as"))) return;
        const auto slot = free_slot(step);
        if (!slot) return;
        score_.open_device(*slot, name, timeout(step));
        handles_[step.at("as")] = {*slot, Handle::Kind::Device, 0, 0, 0, false, lenient()};
    }

    void state(const Json& step) {
        Handle* pin = pin_of(step, "of", "render");
        if (pin == nullptr) return;
        const auto target = static_cast<uint32_t>(
            std::find(kKsStates.begin(), kKsStates.end(), step.at("state").get<std::string>()) - kKsStates.begin());
        walk(*pin, target, step.value("exactly", false), timeout(step));
    }
    void walk(Handle& pin, uint32_t target, bool exactly, uint32_t timeout_ms) {
        while (!exactly && pin.state != target && pin.state + 1 != target && pin.state != target + 1) {
            pin.state += pin.state < target ? 1u : -1u;
            score_.set_state(pin.slot, static_cast<ks::State>(pin.state), timeout_ms);
        }
        score_.set_state(pin.slot, static_cast<ks::State>(target), timeout_ms);
        pin.state = target;
    }

    void write(const Json& step) {
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
    static uint32_t wire_ms(size_t bytes) { return static_cast<uint32_t>(bytes * kWireByteNs / kNsPerMs); }

    void play(const Json& step) {
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

    void generate(const Json& step) {
        const Handle* pin = render_of(step, "to");
        if (pin == nullptr) return;
        const Traffic kind = traffic_by_name(step.at("generate").get<std::string>());
        stream(*pin,
               draw_traffic(kind, step.value("seed", scenario_.seed), step.at("bytes").get<size_t>(),
                            step.value("pace", uint64_t{kWireByteNs})),
               step);
    }

    void stream(const Handle& pin, const Song& song, const Json& step) {
        const uint64_t lead = step.value("at", kDefaultLeadNs);
        const auto ms = static_cast<uint32_t>((lead + song.last_event_ns()) / kNsPerMs) + wire_ms(song.wire.size());
        WritePacker packer(score_, pin.slot, timeout(step, ms + kDefaultTimeoutMs));
        for (const SongEvent& event : song.events)
            packer.event(lead + event.time_ns, song.bytes_of(event));
        packer.flush();
        append(run_.written[card_of(pin)], song.wire);
        stream_ms_ = std::max(stream_ms_, ms);
    }

    void wait_writes(const Json& step) {
        const Handle* pin = find(step, step.at("wait-writes"), {Handle::Kind::Render}, "a render pin");
        if (pin != nullptr)
            score_.wait_writes(
                pin->slot, timeout(step, stream_ms_ + wire_ms(run_.written[card_of(*pin)].size()) + kDefaultTimeoutMs));
    }
    void read(const Json& step) {
        Handle* pin = find(step, step.at("read"), {Handle::Kind::Capture}, "a capture pin");
        if (pin == nullptr) return;
        if (pin->reading) return complain(step, "that pin is read from already", "stop-reading before");
        const uint32_t number = score_.read_start(pin->slot, step.value("buffer", kReadBytes) / 4 * 4,
                                                  step.value("in-flight", kPendingReads));
        ScenarioRun::ReadPin& read = run_.read_pins[step.at("read")];
        read.unit = card_of(*pin);
        read.steps.insert(number);
        pin->reading = true;
    }
    void wait_captured(const Json& step) {
        const Handle* pin = find(step, step.value("of", "capture"), {Handle::Kind::Capture}, "a capture pin");
        if (pin == nullptr) return;
        if (!pin->reading) return complain(step, "nobody reads from that pin", "a read step before it");
        score_.wait_captured(pin->slot, step.at("wait-captured").get<uint64_t>(),
                             timeout(step, stream_ms_ + kDefaultTimeoutMs));
    }
    void stop_reading(const Json& step) {
        Handle* pin = find(step, step.at("stop-reading"), {Handle::Kind::Capture}, "a capture pin");
        if (pin == nullptr) return;
        if (!pin->reading) return complain(step, "nobody reads from that pin", "a read step before it");
        score_.read_stop(pin->slot, timeout(step));
        pin->reading = false;
    }
    void wait(const Json& step) { score_.delay(step.at("wait").get<uint64_t>()); }
    void marker(const Json& step) { score_.marker(step.at("marker").get<uint32_t>()); }
    /// The machine stops at the first marker of that number: there must be one.
    void snapshot(const Json& step) {
        const auto number = step.at("snapshot").get<uint32_t>();
        if (markers_of(scenario_, number) != 1)
            return complain(step, fmt::format("another step has marker {}, too", number), "a number of its own");
        run_.snapshots.push_back(number);
        score_.marker(number);
    }

    void close(const Json& step) {
        const std::string name = step.at("close");
        const Handle* handle =
            find(step, name, {Handle::Kind::Render, Handle::Kind::Capture, Handle::Kind::Device}, "a pin or device");
        if (handle == nullptr) return;
        const uint16_t slot = handle->slot;
        handles_.erase(name);
        subject_ = score_.close(slot, timeout(step)); // not its filter's, which may follow
        close_filters(timeout(step));
    }

    /// What a file calls device 0: the first of the package. Root-enumerated ones stand behind the cards.
    uint32_t first_unit() const {
        return targets_.render ? targets_.render->unit : targets_.capture ? targets_.capture->unit : 0;
    }

    void device(const Json& step) {
        const std::string word = step.at("device");
        uint32_t request = 0;
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument)                                                            \
    if (scenario_word(#NAME) == word) request = number;
#include "agent/score_requests.def"
#undef MPULAB_DEVICE_REQUEST
        uint32_t argument = step.value("argument", 0u);
        const bool power = request == MPULAB_DEVICE_QUERY_POWER || request == MPULAB_DEVICE_SET_POWER;
        if (power && argument > 3) return complain(step, "there is no such D-state", "argument: 0 to 3");
        if (request == MPULAB_DEVICE_SLEEP && (argument < 1 || argument > 5))
            return complain(step, "there is no such S-state to go to", "argument: 1 to 5");
        if (power || request == MPULAB_DEVICE_SLEEP) ++argument; // PowerDeviceD0 and PowerSystemWorking are 1
        const uint32_t unit = step.value("unit", 0u);
        if (request == MPULAB_DEVICE_START)
            argument =
                step.value("elsewhere", false) ? MPULAB_DEVICE_ELSEWHERE : first_unit() + step.value("argument", unit);
        if (request == MPULAB_DEVICE_REMOVE) gone_.insert(unit);
        if (request == MPULAB_DEVICE_SURPRISE_REMOVE) gone_.insert(unit);
        if (request == MPULAB_DEVICE_ADD) gone_.erase(unit);
        score_.device(first_unit() + unit, request, argument, timeout(step));
    }
    void remove(const Json& step) {
        const auto unit = step.at("remove").get<uint32_t>();
        score_.remove_device(first_unit() + unit, timeout(step));
        gone_.insert(unit);
    }

    void ioctl(const Json& step) {
        const Handle* handle =
            find(step, step.at("to"), {Handle::Kind::Render, Handle::Kind::Capture, Handle::Kind::Device}, "a handle");
        if (handle == nullptr) return;
        const Bytes fill = *parse_hex(step.value("fill", ""));
        const uint32_t output = step.value("output", static_cast<uint32_t>(fill.size()));
        if (fill.size() > output) return complain(step, "fill is longer than output", "at most output bytes");
        score_.ioctl(handle->slot, step.at("ioctl").get<uint32_t>(), *parse_hex(step.value("input", "")), output, fill,
                     step.value("pend", false), timeout(step));
    }
    void wait_ioctls(const Json& step) {
        const Handle* handle = find(step, step.at("wait-ioctls"),
                                    {Handle::Kind::Render, Handle::Kind::Capture, Handle::Kind::Device}, "a handle");
        if (handle != nullptr) score_.wait_ioctls(handle->slot, timeout(step));
    }
    void cancel(const Json& step) {
        const Handle* handle = find(step, step.at("cancel"),
                                    {Handle::Kind::Render, Handle::Kind::Capture, Handle::Kind::Device}, "a handle");
        if (handle != nullptr) score_.cancel_io(handle->slot, timeout(step));
    }

    /// What a client's end and a removal show: references kept, memory never freed, an interrupt still connected. A
    /// device that the steps took away has had that; what is left of its handles is closed all the same.
    void wind_down() {
        for (auto& [name, handle] : handles_) {
            if (!handle.is_pin()) continue;
            wind_down_step(!gone_.empty() || handle.doubtful, [&, &pin = handle] {
                if (pin.state != 0) walk(pin, pin.state == 1 ? 0 : std::min(pin.state, 2u), true, kDefaultTimeoutMs);
                if (pin.reading) score_.read_stop(pin.slot, kDefaultTimeoutMs);
                if (pin.state != 0) walk(pin, 0, false, kDefaultTimeoutMs);
                score_.close(pin.slot, kDefaultTimeoutMs);
            });
        }
        for (const auto& entry : handles_) {
            const Handle& handle = entry.second;
            if (handle.is_pin()) continue;
            wind_down_step(!gone_.empty() || handle.doubtful, [&] { score_.close(handle.slot, kDefaultTimeoutMs); });
        }
        wind_down_step(!gone_.empty(), [&] {
            if (run_.wire) score_.delay(kCardBytes * kWireByteNs); // what the card has still to send
            for (uint32_t unit = 0; unit < cards(); ++unit) {
                if (!gone_.contains(unit)) score_.remove_device(first_unit() + unit, kDefaultTimeoutMs);
            }
        });
    }
    template <typename Steps> void wind_down_step(bool may_fail, const Steps& steps) {
        const uint32_t first = score_.steps() + 1;
        score_.may_fail(may_fail);
        steps();
        for (uint32_t number = first; number <= score_.steps(); ++number) {
            run_.steps[number] = here_;
            if (may_fail) run_.may_fail.insert(number);
        }
    }

    using Act = void (Compiler::*)(const Json&);
    /// What each verb of the format does.
    static const std::map<std::string, Act>& verbs() {
        static const std::map<std::string, Act> all = {
            {"open", &Compiler::open},
            {"open-device", &Compiler::open_device},
            {"state", &Compiler::state},
            {"write", &Compiler::write},
            {"play", &Compiler::play},
            {"generate", &Compiler::generate},
            {"wait-writes", &Compiler::wait_writes},
            {"read", &Compiler::read},
            {"wait-captured", &Compiler::wait_captured},
            {"stop-reading", &Compiler::stop_reading},
            {"wait", &Compiler::wait},
            {"marker", &Compiler::marker},
            {"snapshot", &Compiler::snapshot},
            {"close", &Compiler::close},
            {"device", &Compiler::device},
            {"remove", &Compiler::remove},
            {"ioctl", &Compiler::ioctl},
            {"wait-ioctls", &Compiler::wait_ioctls},
            {"cancel", &Compiler::cancel},
        };
        return all;
    }

    const Scenario& scenario_;
    const SongTargets& targets_;
    std::vector<Complaint>* complaints_;
    ScoreBuilder score_;
    ScenarioRun run_;
    ScoreHandles handles_;
    std::set<uint32_t> gone_; // units
    ExpectedStatus expected_;
    bool any_ = false;                // any status will do
    std::optional<uint32_t> subject_; // the score step that the expected status is of; empty: the last one
    std::string here_;
    uint32_t stream_ms_ = 0; // how long what was played lasts
};

/// Any driver with both pins: for reading a scenario before there is one.
SongTargets assumed_targets(uint32_t unit = 0) {
    SongTargets targets;
    targets.render = PinTarget{unit, ks::kCategoryAudio, u"", ks::kRenderPin};
    targets.capture = PinTarget{unit, ks::kCategoryAudio, u"", ks::kCapturePin};
    return targets;
}

} // namespace

void proofread(const Scenario& scenario, std::vector<Complaint>& complaints) {
    SongTargets targets = assumed_targets();
    for (uint32_t unit = 1; unit <= scenario.more_cards.size(); ++unit)
        targets.more.push_back(assumed_targets(unit));
    proofread_cues(scenario, complaints);
    proofread_checks(scenario, complaints);
    if (!complaints.empty()) return; // a cue that does not fit cannot be written
    const ScenarioRun run = Compiler(scenario, targets, true, &complaints).compile();
    proofread_captures(scenario, run, complaints);
}

ScenarioRun compile_scenario(const Scenario& scenario, const SongTargets& targets, bool wire) {
    return Compiler(scenario, targets, wire, nullptr).compile();
}

} // namespace mpulab
