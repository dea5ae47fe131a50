// SPDX-License-Identifier: MIT
// The frame of every step: what it is told of, the handles it names, and the end that no step asks for.
#include "scenario/score_compiler.hpp"

#include "common/error.hpp"
#include "events/names.hpp"
#include "scenario/scenario_cues.hpp"
#include "scenario/song_run.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kCardBytes = 258; // the card's TX FIFO unless told otherwise, the host's latch, the byte on the wire

} // namespace

ScenarioRun ScoreCompiler::compile() {
    const Json& steps = scenario_.steps;
    const auto waits = [&steps](size_t i) { return i < steps.size() && steps[i].at("verb") == "wait-event"; };
    for (size_t i = 0; i < steps.size(); ++i) {
        // The probe counts for one wait at a time.
        if (waits(i) && (i == 0 || waits(i - 1))) watch_for(steps[i]);
        if (!waits(i) && waits(i + 1)) watch_for(steps[i + 1]);
        compile_step(steps[i]);
    }
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

void ScoreCompiler::complain(const Json& at, std::string what, std::string expected) {
    if (complaints_ == nullptr) throw Error(what + ", expected " + expected, "change the scenario");
    complaints_->push_back(complaint_at(at, scenario_.file.string(), std::move(what), std::move(expected)));
}

std::string ScoreCompiler::told_as(const Json& step) const {
    return fmt::format("{} ({}:{})", step.at("verb").get<std::string>(), file_of_step(step).filename().string(),
                       step.at(kPlaceKey)[0].get<int>());
}

std::string ScoreCompiler::at_place(const Json& step, const std::string& what) const {
    return fmt::format("{}:{}: {}", file_of_step(step).string(), step.at(kPlaceKey)[0].get<int>(), what);
}

void ScoreCompiler::does_not_fit(const Json& step, const std::string& what, const char* next) const {
    throw Error(at_place(step, what), next);
}

void ScoreCompiler::note_steps(uint32_t first, const std::string& of, bool may_fail) {
    for (uint32_t number = first; number <= score_.steps(); ++number) {
        run_.steps[number] = of;
        if (may_fail) run_.may_fail.insert(number);
    }
}

void ScoreCompiler::compile_step(const Json& step) {
    here_ = told_as(step);
    expected_ = {here_, 0};
    any_ = false;
    if (step.contains("expect")) read_expectation(step);
    score_.may_fail(lenient());
    const uint32_t before = score_.steps();
    (this->*verbs().at(step.at("verb")))(step);
    note_steps(before + 1, here_, lenient());
    // A step may be several of the score (an open, a walk of states): the last one is what it is about.
    if (score_.steps() != before && expected_.status != 0) run_.expected[subject_.value_or(score_.steps())] = expected_;
    score_.may_fail(false);
    subject_.reset();
}

void ScoreCompiler::read_expectation(const Json& step) {
    const std::string word = step["expect"];
    any_ = word == "any";
    if (any_ || word == "success") return;
    if (const auto status = status_by_name(word)) {
        expected_.status = *status;
        return;
    }
    complain(step, fmt::format("'{}' is no status", word), "success, any, STATUS_… or 0x and its number");
}

uint32_t ScoreCompiler::timeout(const Json& step, uint32_t fallback_ms) const {
    if (!step.contains("within")) return fallback_ms;
    return static_cast<uint32_t>((step["within"].get<int64_t>() + kNsPerMs - 1) / kNsPerMs);
}

/// nullptr, and told, when there is none of that name, or one of another kind.
Handle* ScoreCompiler::find(const Json& step, const std::string& name, std::initializer_list<Handle::Kind> kinds,
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

Handle* ScoreCompiler::pin_of(const Json& step, const char* key, const char* fallback) {
    return find(step, step.value(key, fallback), {Handle::Kind::Render, Handle::Kind::Capture}, "a pin");
}

Handle* ScoreCompiler::render_of(const Json& step, const char* key) {
    return find(step, step.value(key, "render"), {Handle::Kind::Render}, "a render pin");
}

Handle* ScoreCompiler::any_handle(const Json& step, const std::string& name, const char* what) {
    return find(step, name, {Handle::Kind::Render, Handle::Kind::Capture, Handle::Kind::Device}, what);
}

std::optional<uint32_t> ScoreCompiler::unit_of(const Json& step) {
    const uint32_t unit = step.value("unit", 0u);
    if (unit < cards()) return unit;
    complain(step, fmt::format("there is no card {}", unit), "a unit of one of cards:");
    return std::nullopt;
}

std::optional<uint16_t> ScoreCompiler::free_slot(const Json& step) {
    if (const auto slot = handles_.free_slot()) return slot;
    complain(step, fmt::format("more than {} handles are open at once", MPULAB_SCORE_SLOTS),
             "some of them closed before (a filter counts, too)");
    return std::nullopt;
}

bool ScoreCompiler::take_name(const Json& step, const std::string& name) {
    if (!handles_.contains(name) && !name.starts_with(ScoreHandles::kFilterMark)) return true;
    complain(step, fmt::format("'{}' is open already", name), "another name, by as:");
    return false;
}

/// The slot of the filter a pin belongs to; opened when it is not.
std::optional<uint16_t> ScoreCompiler::filter_for(const Json& step, const PinTarget& target) {
    const std::string name = fmt::format("{}{} {}", ScoreHandles::kFilterMark, target.unit,
                                         std::string(target.reference.begin(), target.reference.end()));
    if (const auto found = handles_.find(name); found != handles_.end()) return found->second.slot;
    const auto slot = free_slot(step);
    if (!slot) return std::nullopt;
    score_.open_filter(*slot, target.unit, target.category, target.reference, timeout(step));
    handles_[name] = {*slot, Handle::Kind::Filter, 0, target.unit, 0, false, lenient()};
    return slot;
}

void ScoreCompiler::close_filters(uint32_t timeout_ms) {
    for (const uint16_t slot : handles_.take_idle_filters())
        score_.close(slot, timeout_ms);
}

/// What a file calls device 0: the first of the package. Root-enumerated ones stand behind the cards.
uint32_t ScoreCompiler::first_unit() const {
    return targets_.render ? targets_.render->unit : targets_.capture ? targets_.capture->unit : 0;
}

/// What a client's end and a removal show: references kept, memory never freed, an interrupt still connected. A
/// device that the steps took away has had that; what is left of its handles is closed all the same.
void ScoreCompiler::wind_down() {
    wind_down_step(false, [&] {
        for (const auto& [name, job] : jobs_)
            score_.wait_device(job.number, kDefaultTimeoutMs);
    });
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

void ScoreCompiler::wind_down_step(bool may_fail, const std::function<void()>& steps) {
    const uint32_t first = score_.steps() + 1;
    score_.may_fail(may_fail);
    steps();
    note_steps(first, here_, may_fail);
}

/// What each verb of the format does.
const std::map<std::string, ScoreCompiler::Act>& ScoreCompiler::verbs() {
    static const std::map<std::string, Act> all = {
        {"open", &ScoreCompiler::open},
        {"open-device", &ScoreCompiler::open_device},
        {"state", &ScoreCompiler::state},
        {"write", &ScoreCompiler::write},
        {"play", &ScoreCompiler::play},
        {"generate", &ScoreCompiler::generate},
        {"wait-writes", &ScoreCompiler::wait_writes},
        {"read", &ScoreCompiler::read},
        {"wait-captured", &ScoreCompiler::wait_captured},
        {"stop-reading", &ScoreCompiler::stop_reading},
        {"wait", &ScoreCompiler::wait},
        {"wait-event", &ScoreCompiler::wait_event},
        {"marker", &ScoreCompiler::marker},
        {"snapshot", &ScoreCompiler::snapshot},
        {"close", &ScoreCompiler::close},
        {"device", &ScoreCompiler::device},
        {"wait-device", &ScoreCompiler::wait_device},
        {"remove", &ScoreCompiler::remove},
        {"ioctl", &ScoreCompiler::ioctl},
        {"wait-ioctls", &ScoreCompiler::wait_ioctls},
        {"cancel", &ScoreCompiler::cancel},
    };
    return all;
}

} // namespace mpulab
