// SPDX-License-Identifier: MIT
#include "report/verdict.hpp"

#include "events/format.hpp"
#include "events/names.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr const char* kShow = "see the records with \"mpulab show RUN\"";
constexpr size_t kMaxMissing = 100;

/// The guest's own words before the end: the last line of text.
std::string last_text(const EventLog& log) {
    const auto records = log.records();
    std::string line;
    for (size_t i = records.size(); i-- > 0;) {
        if (records[i].kind != MPULAB_KIND_TEXT) continue;
        if (!line.empty() && !(records[i].flags & MPULAB_RECORD_MORE)) break; // the end of the line before
        const Bytes part = record_payload(records[i]);
        line.insert(line.begin(), part.begin(), part.end());
    }
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
        line.pop_back();
    return one_line(std::move(line));
}

std::string with_text(const EventLog& log, std::string reason) {
    const std::string text = last_text(log);
    return text.empty() ? reason : reason + ": " + text;
}

std::string missing_imports(const EventLog& log) {
    std::string names;
    size_t count = 0;
    const auto records = log.records();
    for (size_t i = 0; i < records.size() && count < kMaxMissing; ++i) {
        if (records[i].kind != MPULAB_KIND_IMPORT_MISSING) continue;
        names += (count++ ? ", " : "") + one_line(log.name_after(i));
    }
    return names;
}

Judgement without_checks(Verdict verdict, std::string reason, std::string next) {
    Judgement judgement;
    judgement.verdict = verdict;
    judgement.reason = std::move(reason);
    judgement.next = std::move(next);
    return judgement;
}

Judgement crashed(const EventLog& log) {
    Judgement judgement =
        without_checks(Verdict::Crash, "", "look at the frames; stop before it with \"mpulab play --gdb\"");
    CrashReport crash = read_crash(log);
    crash.text = last_text(log);
    judgement.reason = fmt::format("bugcheck 0x{:x} {} (0x{:x}, 0x{:x}, 0x{:x}, 0x{:x}) from {}", crash.code,
                                   crash.words.name, crash.parameters[0], crash.parameters[1], crash.parameters[2],
                                   crash.parameters[3], crash.caller.empty() ? "an unknown place" : crash.caller);
    judgement.crash = std::move(crash);
    return judgement;
}

/// Which of the driver's entries the start ended in.
std::string refusing_call(const EventLog& log) {
    const auto records = log.records();
    for (size_t i = records.size(); i-- > 0;) {
        const uint64_t call = records[i].a;
        const bool entry = call == MPULAB_CALLBACK_DriverEntry || call == MPULAB_CALLBACK_AddDevice ||
                           call == MPULAB_CALLBACK_StartDevice;
        if (!entry) continue;
        const bool went_well = static_cast<int32_t>(records[i].b) >= 0;
        if (records[i].kind == MPULAB_KIND_CALL_LEAVE && call == MPULAB_CALLBACK_AddDevice && went_well)
            return "IRP_MN_START_DEVICE"; // of a driver that is not PortCls': nobody tells of its call
        if (records[i].kind == MPULAB_KIND_CALL_LEAVE) return callback_name(call);
        if (records[i].kind == MPULAB_KIND_CALL_ENTER) return callback_name(call) + ", which did not return";
    }
    return "the PnP manager";
}

/// A step failed that the score could not go on without: which one, and how.
std::string failed_step(const EventLog& log) {
    const auto records = log.records();
    for (size_t i = records.size(); i-- > 0;) {
        if (records[i].kind == MPULAB_KIND_STEP_END && step_failed(records[i].b)) {
            return fmt::format("step {} ({}) gave {}", MPULAB_CORR_NUMBER(records[i].corr), opcode_name(records[i].a),
                               status_name(records[i].b));
        }
    }
    return "a step of the score failed";
}

/// "; it broke V42: …", the first rule of all that were broken; empty when none was.
std::string broken_rule(const EventLog& log) {
    const auto records = log.records();
    for (size_t i = 0; i < records.size(); ++i) {
        if (records[i].kind == MPULAB_KIND_FINDING)
            return fmt::format("; it broke V{:02}: {}", records[i].a, one_line(log.name_after(i)));
    }
    return {};
}

/// The failed check that tells most: a rule broken, a byte lost, an interrupt gone wrong; bytes missing, times missed
/// and steps that time out follow from those.
std::vector<CheckResult>::iterator telling(std::vector<CheckResult>& checks, bool causes_only) {
    const auto failed = [](const CheckResult& check) { return check.status == CheckStatus::Failed; };
    for (const char* name : {"findings", "nothing-lost", "interrupts"}) {
        const auto found = std::find_if(checks.begin(), checks.end(),
                                        [&](const CheckResult& check) { return failed(check) && check.name == name; });
        if (found != checks.end()) return found;
    }
    return causes_only ? checks.end() : std::find_if(checks.begin(), checks.end(), failed);
}

} // namespace

std::string verdict_name(Verdict verdict) {
    switch (verdict) {
    case Verdict::Passed:
        return "passed";
    case Verdict::Failed:
        return "failed";
    case Verdict::Error:
        return "error";
    case Verdict::Crash:
        return "crash";
    case Verdict::KnownIssue:
        return "known-issue";
    case Verdict::NotApplicable:
        return "not-applicable";
    }
    return "error";
}

ExitCode exit_code(Verdict verdict) {
    switch (verdict) {
    case Verdict::Passed:
    case Verdict::KnownIssue:
    case Verdict::NotApplicable:
        return ExitCode::Passed;
    case Verdict::Failed:
        return ExitCode::Failed;
    case Verdict::Error:
        return ExitCode::Error;
    case Verdict::Crash:
        return ExitCode::Crash;
    }
    return ExitCode::Error;
}

Judgement bench_trouble(const Error& error) {
    return without_checks(Verdict::Error, error.what(), error.next());
}

std::string with_run(std::string next, const std::string& run) {
    constexpr std::string_view kRun = "mpulab show RUN";
    if (const size_t at = next.find(kRun); at != std::string::npos) next.replace(at + kRun.size() - 3, 3, run);
    return next;
}

Judgement judge(const CheckInput& input) {
    return judge_by(input.log, [&input] { return run_checks(input); });
}

Judgement judge_by(const EventLog& log, const std::function<std::vector<CheckResult>()>& checks) {
    const auto records = log.records();
    if (records.empty() || records.back().kind != MPULAB_KIND_RUN_ENDED) {
        const auto is_bugcheck = [](const mpulab_record& record) { return record.kind == MPULAB_KIND_BUGCHECK; };
        if (std::any_of(records.begin(), records.end(), is_bugcheck)) return crashed(log);
        return without_checks(Verdict::Error, log.problem().empty() ? "the event log is empty" : log.problem(), kShow);
    }
    const mpulab_record& end = records.back();
    switch (end.a) {
    case MPULAB_END_SCORE_DONE:
    case MPULAB_END_STEP_FAILED:
        break;
    case MPULAB_END_BUGCHECK:
        return crashed(log);
    case MPULAB_END_DRIVER_REFUSED:
        return without_checks(Verdict::Error,
                              with_text(log, fmt::format("the driver did not start, {} from {}", status_name(end.b),
                                                         refusing_call(log))) +
                                  broken_rule(log),
                              "see its calls with \"mpulab show RUN --kind CALL_ENTER,CALL_LEAVE,TEXT\"");
    case MPULAB_END_MISSING_IMPORT:
        return without_checks(Verdict::Error, "nanont lacks imports of the driver: " + missing_imports(log),
                              "use a driver without them, or add them to nanont's exports.inc");
    case MPULAB_END_SCORE_REFUSED:
        return without_checks(Verdict::Error, with_text(log, "the agent refused the score"),
                              "build harness and guest from one tree");
    case MPULAB_END_BAD_IMAGE:
        return without_checks(Verdict::Error,
                              with_text(log, fmt::format("a module is no loadable PE image, {}", status_name(end.b))),
                              "name an x86_64 kernel driver with --driver");
    case MPULAB_END_GUEST_UNFIT:
        return without_checks(Verdict::Error, with_text(log, "nanont cannot go on"), kShow);
    default:
        return without_checks(Verdict::Error, fmt::format("the run ended with the unknown code {}", end.a),
                              "build harness and guest from one tree");
    }

    Judgement judgement;
    judgement.checks = checks();
    const auto first = [&](CheckStatus status) {
        return std::find_if(judgement.checks.begin(), judgement.checks.end(),
                            [status](const CheckResult& check) { return check.status == status; });
    };
    // An unsound log says nothing. Else a failure outweighs checks that, because of it, had nothing to look at.
    const bool sound = judgement.checks.front().status == CheckStatus::Passed;
    auto worst = judgement.checks.begin();
    if (end.a == MPULAB_END_STEP_FAILED && sound) {
        judgement.verdict = Verdict::Failed;
        judgement.reason = with_text(log, failed_step(log));
        worst = telling(judgement.checks, true);
        if (worst != judgement.checks.end())
            judgement.reason = fmt::format("{}: {}; then {}", worst->name, worst->message, judgement.reason);
    } else if (sound && (worst = telling(judgement.checks, false)) != judgement.checks.end()) {
        judgement.verdict = Verdict::Failed;
        judgement.reason = worst->name + ": " + worst->message;
    } else if (sound && (worst = first(CheckStatus::Error)) == judgement.checks.end()) {
        judgement.verdict = Verdict::Passed;
        return judgement;
    } else {
        judgement.verdict = Verdict::Error;
        judgement.reason = worst->name + ": " + worst->message;
    }
    judgement.next = kShow;
    return judgement;
}

} // namespace mpulab
