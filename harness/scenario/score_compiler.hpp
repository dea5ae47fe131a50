// SPDX-License-Identifier: MIT
// One scenario into one score, step by step (scenario/scenario_run.hpp). What each kind of step does stands in
// stream_steps.cpp, device_steps.cpp and moment_steps.cpp.
#pragma once

#include "scenario/scenario_run.hpp"
#include "scenario/score_builder.hpp"
#include "scenario/score_handles.hpp"

#include <functional>

namespace mpulab {

struct Song;

inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr uint32_t kDefaultTimeoutMs = 5'000;

/// With `complaints` it tells what is wrong and goes on; without, the scenario is known to be sound.
class ScoreCompiler {
  public:
    ScoreCompiler(const Scenario& scenario, const SongTargets& targets, bool wire, std::vector<Complaint>* complaints)
        : scenario_(scenario), targets_(targets), complaints_(complaints) {
        run_.wire = wire;
    }

    /// Once. Throws Error as compile_scenario() says.
    ScenarioRun compile();

  private:
    using Json = nlohmann::json;
    using Act = void (ScoreCompiler::*)(const Json&);

    // score_compiler.cpp: the frame of every step
    static const std::map<std::string, Act>& verbs();
    void compile_step(const Json& step);
    void read_expectation(const Json& step);
    void complain(const Json& at, std::string what, std::string expected);
    uint32_t timeout(const Json& step, uint32_t fallback_ms = kDefaultTimeoutMs) const;
    std::filesystem::path file_of_step(const Json& step) const { return file_of(step, scenario_.file.string()); }
    /// "write (a.yaml:12)": what a score step is of.
    std::string told_as(const Json& step) const;
    /// A scenario that is sound and does not fit the package.
    /// With the step's file and line.
    std::string at_place(const Json& step, const std::string& what) const;
    [[noreturn]] void does_not_fit(const Json& step, const std::string& what, const char* next) const;
    void note_steps(uint32_t first, const std::string& of, bool may_fail);
    /// Whether the step at hand may fail.
    bool lenient() const { return any_ || expected_.status != 0; }
    void wind_down();
    void wind_down_step(bool may_fail, const std::function<void()>& steps);

    // score_compiler.cpp: handles and cards
    Handle* find(const Json& step, const std::string& name, std::initializer_list<Handle::Kind> kinds,
                 const char* what);
    Handle* pin_of(const Json& step, const char* key, const char* fallback);
    Handle* render_of(const Json& step, const char* key);
    /// A pin or a device.
    Handle* any_handle(const Json& step, const std::string& name, const char* what = "a handle");
    /// The step's unit:; empty, and told, when there is no such card.
    std::optional<uint32_t> unit_of(const Json& step);
    const SongTargets& targets_of(uint32_t unit) const { return unit == 0 ? targets_ : targets_.more.at(unit - 1); }
    std::optional<uint16_t> free_slot(const Json& step);
    bool take_name(const Json& step, const std::string& name);
    std::optional<uint16_t> filter_for(const Json& step, const PinTarget& target);
    void close_filters(uint32_t timeout_ms);
    uint32_t cards() const { return 1 + static_cast<uint32_t>(scenario_.more_cards.size()); }
    uint32_t first_unit() const;
    /// The number of the card under a pin, as the file has it.
    uint32_t card_of(const Handle& pin) const { return pin.unit - first_unit(); }

    // stream_steps.cpp
    void open(const Json& step);
    void open_filter(const Json& step);
    void open_of(const Json& step, bool render);
    void state(const Json& step);
    void walk(Handle& pin, uint32_t target, bool exactly, uint32_t timeout_ms);
    void write(const Json& step);
    void play(const Json& step);
    void generate(const Json& step);
    void stream(const Handle& pin, const Song& song, const Json& step);
    void wait_writes(const Json& step);
    void read(const Json& step);
    void wait_captured(const Json& step);
    void stop_reading(const Json& step);
    void close(const Json& step);

    // device_steps.cpp
    void open_device(const Json& step);
    void device(const Json& step);
    void begin_device(const Json& step, uint32_t unit, uint32_t request, uint32_t argument);
    void wait_device(const Json& step);
    void remove(const Json& step);
    void ioctl(const Json& step);
    void wait_ioctls(const Json& step);
    void cancel(const Json& step);

    // moment_steps.cpp
    void wait(const Json& step);
    void watch_for(const Json& step);
    void wait_event(const Json& step);
    void marker(const Json& step);
    void snapshot(const Json& step);

    const Scenario& scenario_;
    const SongTargets& targets_;
    std::vector<Complaint>* complaints_;
    ScoreBuilder score_;
    ScenarioRun run_;
    ScoreHandles handles_;
    std::set<uint32_t> gone_; // units

    /// A device request that goes on beside the steps.
    struct Job {
        uint32_t number = 0; // of the score
        uint32_t unit = 0;   // as the file has it
        uint32_t request = 0;
    };
    std::map<std::string, Job> jobs_; // by the name it was given

    ExpectedStatus expected_;
    bool any_ = false;                // any status will do
    std::optional<uint32_t> subject_; // the score step that the expected status is of; empty: the last one
    std::string here_;
    uint32_t stream_ms_ = 0; // how long what was played lasts
};

} // namespace mpulab
