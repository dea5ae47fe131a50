// SPDX-License-Identifier: MIT
// What a check says. Checks read the event log and the song, nothing else.
#pragma once

#include "checks/rules.hpp"
#include "events/code_place.hpp"
#include "events/event_log.hpp"
#include "machine/spec.hpp"
#include "midi/song.hpp"
#include "scenario/song_run.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mpulab {

enum class CheckStatus {
    Passed,
    Failed,       // the driver is wrong
    Error,        // the check had nothing to look at, or the log is unsound: says nothing about the driver
    NotApplicable // the package has nothing of what it judges: neither good nor bad
};

struct CheckResult {
    std::string name;
    CheckStatus status = CheckStatus::Passed;
    uint64_t looked_at = 0; // how many things it judged: 0 never passes
    std::string message;    // one line: what was found
    std::string expected;   // of a failed check
    std::string seen;
    std::optional<uint64_t> record; // where it failed
    std::optional<uint64_t> time_ns;
    std::vector<std::string> around; // the ten records around that place
    std::vector<CodePlace> places;   // of the code that broke a rule
    bool all_bytes = false;          // it compared all that the driver was given with all that came of it (V27, V29)
};

struct RuleBooks;

/// A run, for checks that ask nothing about what was played.
struct RunView {
    const EventLog& log;
    const std::set<uint64_t>& may_fail; // steps whose failure is no failure of the run
    uint32_t unit = 0;                  // the card
    uint64_t seed = 0;
    RuleSet off{};                    // rules that were switched off
    const RuleBooks* books = nullptr; // judge_rules() of this run, where somebody has walked the log for it already
    IoCosts io_costs{};
};

/// What a run of the main job is judged by.
struct CheckInput {
    const EventLog& log;
    const Song& song;
    const SongRun& run;
    uint64_t seed = 0;
    RuleSet off{};
    const RuleBooks* books = nullptr;
    IoCosts io_costs{};

    operator RunView() const { return {log, run.may_fail, run.unit, seed, off, books, io_costs}; }
};

inline constexpr uint64_t kMaxLatenessNs = 1'100'000; // virtual: a clock tick, and the way from it to the port

// One file each; every one states its rule in its head.
CheckResult check_integrity(const RunView& view);
CheckResult check_steps(const RunView& view);
CheckResult check_wire_bytes(const CheckInput& input);
CheckResult check_wire_times(const CheckInput& input);
CheckResult check_injected(const CheckInput& input);
CheckResult check_captured(const CheckInput& input);
CheckResult check_nothing_lost(const RunView& view);
CheckResult check_interrupts(const RunView& view);
CheckResult check_findings(const RunView& view);
CheckResult check_armed(const RunView& view);
CheckResult check_counters(const CheckInput& input);

/// All that apply to the run, in the order they are reported.
std::vector<CheckResult> run_checks(const CheckInput& input);

// Helpers shared by the checks.
CheckResult passed(std::string name, uint64_t looked_at, std::string message);
CheckResult nothing_seen(std::string name, std::string what);
CheckResult not_applicable(std::string name, std::string why);
CheckResult failed(const EventLog& log, std::string name, uint64_t looked_at, std::string message, std::string expected,
                   std::string seen, std::optional<uint64_t> record);

/// Whether a step that ended with `status` failed: errors and warnings of NT, and STATUS_TIMEOUT, which NT counts as
/// success (score.h; the agent judges the same way).
bool step_failed(uint64_t status);

/// Time of 0 on the render pin's stream clock: the end of the step that set it to RUN. Empty: it never ran.
std::optional<uint64_t> render_run_time(const CheckInput& input);

} // namespace mpulab
