// SPDX-License-Identifier: MIT
#include "cli/rerun.hpp"

#include "cli/play_inputs.hpp"
#include "cli/run_folder.hpp"
#include "cli/stored_run.hpp"
#include "common/file_hash.hpp"
#include "common/files.hpp"
#include "common/json_text.hpp"
#include "events/format.hpp"
#include "report/log_diff.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <tuple>

namespace mpulab {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxCommandBytes = 1u << 20;
constexpr const char* kRerunLog = "rerun.mpl";

std::string word_after(const std::vector<std::string>& words, const std::string& option) {
    const auto at = std::find(words.begin(), words.end(), option);
    return words.end() - at < 2 ? "" : *(at + 1);
}

/// QEMU's command line as the run had it; a folder that has been moved since is named by its new place.
std::vector<std::string> command_of(const StoredRun& run) {
    const fs::path path = run.folder / kCommandName;
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) {
        throw Error(fmt::format("{} has no {}: its machine never played a score", run.folder.string(), kCommandName),
                    "run it anew");
    }
    const Bytes text = read_file(path, kMaxCommandBytes, "QEMU command line");
    std::vector<std::string> words = shell_words(std::string(text.begin(), text.end()));
    const std::string then = run.document.value("folder", "");
    for (std::string& word : words) {
        if (const size_t at = word.find(then); !then.empty() && at != std::string::npos)
            word.replace(at, then.size(), run.folder.string());
    }
    return words;
}

/// Which inputs are others than then: "qemu is 1234… (/path), was abcd…".
std::vector<std::string> changed_inputs(const StoredRun& run, const std::vector<std::string>& command) {
    const std::pair<const char*, fs::path> files[] = {
        {"plan", run.folder / "plan.bin"},           {"modules.cpio", run.folder / "modules.cpio"},
        {"qemu", command.empty() ? "" : command[0]}, {"firmware", word_after(command, "-bios")},
        {"kernel", word_after(command, "-kernel")},
    };
    std::vector<std::string> changed;
    for (const auto& [name, path] : files) {
        const auto then = run.inputs.find(name);
        if (then == run.inputs.end()) continue;
        std::error_code ignored;
        const std::string now = fs::is_regular_file(path, ignored) ? file_sha256(path, name) : "gone";
        if (now != then->second) {
            changed.push_back(fmt::format("{} is {} ({}), was {}", name, now.substr(0, 12), path.string(),
                                          then->second.substr(0, 12)));
        }
    }
    return changed;
}

/// What the run was made of, and is another file on disk by now: "driver: /path is 1234…, was abcd…". The run's folder
/// keeps its own, which is what is run.
std::vector<std::string> changed_sources(const StoredRun& run) {
    const std::tuple<const char*, const char*, const char*> places[] = {{"driver", "package", "driver"},
                                                                        {"inf", "package", "inf"},
                                                                        {"scenario", "scenario", "path"},
                                                                        {"song", "song", "path"}};
    std::vector<std::string> changed;
    for (const auto& [name, part, key] : places) {
        const auto then = run.inputs.find(name);
        const auto about = run.document.find(part);
        if (then == run.inputs.end() || about == run.document.end() || !about->is_object()) continue;
        const fs::path path = about->value(key, "");
        std::error_code ignored;
        if (!fs::is_regular_file(path, ignored)) continue;
        const std::string now = file_sha256(path, name);
        if (now != then->second)
            changed.push_back(fmt::format("{}: {} is {}, was {}", name, path.string(), now.substr(0, 12),
                                          then->second.substr(0, 12)));
    }
    return changed;
}

struct FirstDifference {
    std::string then, now; // records as text
};

std::optional<FirstDifference> first_difference(const fs::path& then, const fs::path& now) {
    const EventLog a = EventLog::open(then);
    const EventLog b = EventLog::open(now);
    const auto difference = compare_records(a, b).difference;
    if (!difference) return std::nullopt;
    const auto line = [](const EventLog& log, const std::optional<size_t>& at) {
        return at ? format_record(log, log.records()[*at]) : std::string("(no more)");
    };
    return FirstDifference{line(a, difference->a), line(b, difference->b)};
}

/// What came of it. `difference`: of two logs that are both whole.
struct Outcome {
    bool same;
    std::string sha256, sha256_then;
    fs::path log; // kept when it is another one
    std::vector<std::string> changed;
    std::vector<std::string> changed_sources;
    std::optional<FirstDifference> difference;
};

void print_as_json(const Outcome& outcome) {
    nlohmann::ordered_json json = {{"identical", outcome.same},
                                   {"event_log_sha256", outcome.sha256},
                                   {"event_log_sha256_then", outcome.sha256_then},
                                   {"changed_inputs", outcome.changed},
                                   {"changed_sources", outcome.changed_sources}};
    if (!outcome.same) json["event_log"] = outcome.log.string();
    if (outcome.difference)
        json["first_difference"] = {{"then", outcome.difference->then}, {"now", outcome.difference->now}};
    fmt::print("{}\n", json_text(json));
}

void print_as_text(const Outcome& outcome) {
    if (outcome.same) {
        fmt::print("the identical event log\nevent log sha256: {}\n", outcome.sha256);
    } else {
        fmt::print("another event log: {}\nevent log sha256: {}, then {}\n", outcome.log.string(),
                   outcome.sha256.empty() ? "none" : outcome.sha256, outcome.sha256_then);
    }
    for (const std::string& line : outcome.changed)
        fmt::print("{}input changed: {}\n", outcome.same ? "though an " : "", line);
    for (const std::string& line : outcome.changed_sources)
        fmt::print("on disk it is another file now, what the run's folder keeps was run: {}\n", line);
    if (outcome.difference) fmt::print("  then {}\n  now  {}\n", outcome.difference->then, outcome.difference->now);
}

} // namespace

ExitCode rerun(const RerunOptions& options) {
    const fs::path then = fs::absolute(find_event_log(options.out, options.what));
    const StoredRun run = read_stored_run(then.parent_path(), true);
    const std::vector<std::string> command = command_of(run);
    const std::vector<std::string> changed = changed_inputs(run, command);
    const fs::path now = run.folder / kRerunLog;
    const PlainRunOutcome outcome = run_command(command, now, watchdog_limits(false));
    if (outcome.trouble && outcome.trouble->code() == ExitCode::Interrupted) {
        std::error_code ignored;
        fs::remove(now, ignored); // a part of a log says nothing about the run
        throw *outcome.trouble;
    }
    const bool same = !outcome.trouble && outcome.sha256 == run.event_log_sha256;
    Outcome seen{same, outcome.sha256, run.event_log_sha256, now, changed, changed_sources(run), {}};
    std::optional<Error> unreadable;
    try {
        if (!same && !outcome.trouble) seen.difference = first_difference(then, now);
    } catch (const Error& error) { // what is known without it is said first
        unreadable = error;
    }
    options.json ? print_as_json(seen) : print_as_text(seen);
    if (same) {
        std::error_code ignored;
        fs::remove(now, ignored);
        return ExitCode::Passed;
    }
    if (unreadable) throw *unreadable;
    if (outcome.trouble)
        throw Error(outcome.trouble->what(), changed.empty() ? outcome.trouble->next() : "restore the input");
    throw Error(changed.empty() ? "the run is not repeatable: its inputs are the same, its event log is not"
                                : "the run cannot be repeated: an input changed",
                changed.empty()
                    ? "keep both logs and report a defect of the bench"
                    : fmt::format("restore it, or see the rest: mpulab diff {} {}", then.string(), now.string()));
}

} // namespace mpulab
