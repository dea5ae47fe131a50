// SPDX-License-Identifier: MIT
#include "cli/sweep.hpp"

#include "cli/run_all.hpp"
#include "cli/run_folder.hpp"
#include "common/files.hpp"
#include "common/json_text.hpp"
#include "machine/signal_watch.hpp"
#include "report/sweep_plot.hpp"
#include "scenario/outside.hpp"
#include "scenario/sweep_axis.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <set>

namespace mpulab {
namespace {

/// What a run is measured by.
struct Row {
    std::string verdict, reason, id;
    uint64_t wire_out = 0, wire_in = 0, captured = 0, overruns = 0, guest_errors = 0;
    uint64_t interrupts = 0, spurious = 0;
    bool read = false; // somebody asked for what came in
    /// Bytes that arrived and that no client got, and those the card had no place for.
    uint64_t lost() const { return read && wire_in > captured ? wire_in - captured : overruns; }
    std::string shown_verdict() const { return verdict.empty() ? "not run" : verdict; }
    /// By the names that CSV and JSON give them.
    std::vector<std::pair<const char*, uint64_t>> figures() const {
        return {{"lost", lost()},       {"wire_out", wire_out},        {"wire_in", wire_in},
                {"captured", captured}, {"overruns", overruns},        {"interrupts", interrupts},
                {"spurious", spurious}, {"guest_errors", guest_errors}};
    }
};

Row measure(const RunOutcome& outcome) {
    Row row;
    row.verdict = verdict_name(outcome.judgement.verdict);
    row.reason = outcome.judgement.reason;
    row.id = outcome.facts.id;
    row.guest_errors = outcome.facts.guest_errors;
    const auto left = outcome.facts.artefacts.find("event log");
    if (left == outcome.facts.artefacts.end() || outcome.facts.records == 0) return row; // it did not get so far
    const EventLog log = EventLog::open(outcome.facts.folder / left->second);
    for (const mpulab_record& record : log.records()) {
        row.wire_out += record.kind == MPULAB_KIND_WIRE_OUT;
        row.wire_in += record.kind == MPULAB_KIND_WIRE_IN;
        row.overruns += record.kind == MPULAB_KIND_OVERRUN;
        row.interrupts += record.kind == MPULAB_KIND_INTERRUPT;
        row.spurious += record.kind == MPULAB_KIND_INTERRUPT && record.b == 0;
        row.read |= record.kind == MPULAB_KIND_CAPTURED;
        if (record.kind == MPULAB_KIND_CAPTURED) row.captured += record.count;
    }
    return row;
}

std::vector<Scenario> read_file_with(const SweepOptions& options, const Parameters& given) {
    std::vector<Complaint> complaints;
    std::vector<Scenario> found = read_scenarios(options.file, given, complaints);
    if (!complaints.empty())
        throw Error(complaints.front().text(), "mend the scenario; the keys: mpulab run --reference");
    return found;
}

/// `own`: parameters that the file has; what an axis names besides is the card's, or one of the file's keys. `seed`:
/// the file's, when its seeds are an axis.
Scenario read_combination(const SweepOptions& options, const std::vector<SweepAxis>& axes, const Parameters& own,
                          const std::optional<uint64_t>& seed, const Parameters& values) {
    Parameters given;
    for (const auto& [name, value] : values) {
        if (own.contains(name)) given[name] = value;
    }
    std::vector<Scenario> found = read_file_with(options, given);
    if (found.size() > 1) {
        throw Error(
            fmt::format("{}: parameters that the sweep does not set have several values", options.file.string()),
            "name each of them as an axis, or give it one value", ExitCode::Usage);
    }
    Scenario& scenario = found.front();
    if (seed && scenario.seed != *seed) {
        throw Error(fmt::format("{}: seeds counts from a seed that an axis changes", options.file.string()),
                    "name the seeds as an axis: seed=1..20", ExitCode::Usage);
    }
    std::string name = scenario.file.stem().string() + "[";
    for (const SweepAxis& axis : axes) {
        const std::string& value = values.at(axis.name);
        if (!given.contains(axis.name)) set_outside(scenario, axis.name, value, "sweep");
        scenario.parameters[axis.name] = value;
        name += fmt::format("{}{}={}", name.back() == '[' ? "" : ",", axis.name, value);
    }
    scenario.name = name + "]";
    return std::move(scenario);
}

void refuse_unknown_axes(const std::vector<SweepAxis>& axes, const Parameters& own) {
    const std::vector<std::string> outside = outside_names();
    std::vector<std::string> names;
    for (const auto& [name, value] : own)
        names.push_back(name);
    std::set<std::string> seen;
    for (const SweepAxis& axis : axes) {
        if (!own.contains(axis.name) && std::find(outside.begin(), outside.end(), axis.name) == outside.end())
            refuse_name(axis.name, names, "sweep");
        if (!seen.insert(axis.name).second)
            throw Error(fmt::format("sweep: the axis {} is named twice", axis.name), "name it once", ExitCode::Usage);
    }
}

/// A file's `seeds:` is one more axis, unless the sweep names the seeds itself. Checks of all seeds together are no
/// single run's, and a sweep judges single runs. The seed that the axis begins with, if there is one.
std::optional<uint64_t> take_seeds(const Scenario& scenario, std::vector<SweepAxis>& axes) {
    for (const nlohmann::json& check : scenario.checks) {
        if (check.at("verb") == "interrupts" && check.at("interrupts") == kOverSeeds)
            throw Error(complaint_at(check, scenario.file.string(),
                                     "sweep judges each run by itself, and this check is of several", "no such check")
                            .text(),
                        "mpulab run judges it", ExitCode::Usage);
    }
    const bool named = std::any_of(axes.begin(), axes.end(), [](const SweepAxis& axis) { return axis.name == "seed"; });
    if (scenario.seeds == 1 || named) return std::nullopt;
    SweepAxis seeds{"seed", {}};
    for (uint32_t i = 0; i < scenario.seeds; ++i)
        seeds.values.push_back(fmt::format("{}", scenario.seed + i));
    axes.push_back(std::move(seeds));
    return scenario.seed;
}

/// All combinations, the first axis fastest. `axes` get the file's seeds, too.
std::vector<Scenario> combinations(const SweepOptions& options, std::vector<SweepAxis>& axes) {
    const Scenario first = read_file_with(options, {}).front();
    const Parameters& own = first.parameters;
    refuse_unknown_axes(axes, own);
    const std::optional<uint64_t> seed = take_seeds(first, axes);
    size_t count = 1;
    for (const SweepAxis& axis : axes) {
        count *= axis.values.size();
        if (count > kMaxSweepValues)
            throw Error(fmt::format("the sweep has more than {} combinations", kMaxSweepValues), "take larger steps",
                        ExitCode::Usage);
    }
    std::vector<Scenario> all;
    for (size_t i = 0; i < count; ++i) {
        Parameters values;
        size_t rest = i;
        for (const SweepAxis& axis : axes) {
            values[axis.name] = axis.values[rest % axis.values.size()];
            rest /= axis.values.size();
        }
        all.push_back(read_combination(options, axes, own, seed, values));
    }
    return all;
}

/// As CSV has it: quoted where it must be.
std::string field(const std::string& text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text)
        out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

std::string csv_of(const std::vector<SweepAxis>& axes, const std::vector<Scenario>& scenarios,
                   const std::vector<Row>& rows) {
    std::string text;
    for (const SweepAxis& axis : axes)
        text += field(axis.name) + ",";
    text += "verdict,";
    for (const auto& [name, value] : Row().figures())
        text += fmt::format("{},", name);
    text += "run,reason\n";
    for (size_t i = 0; i < rows.size(); ++i) {
        for (const SweepAxis& axis : axes)
            text += field(scenarios[i].parameters.at(axis.name)) + ",";
        const Row& row = rows[i];
        text += row.shown_verdict() + ",";
        for (const auto& [name, value] : row.figures())
            text += fmt::format("{},", value);
        text += fmt::format("{},{}\n", field(row.id), field(row.reason));
    }
    return text;
}

/// The same figures for programs.
nlohmann::ordered_json json_of(const SweepOptions& options, const std::vector<SweepAxis>& axes,
                               const std::vector<Scenario>& scenarios, const std::vector<Row>& rows) {
    nlohmann::ordered_json json = {{"csv", options.csv.string()}, {"svg", options.svg.string()}};
    json["runs"] = nlohmann::ordered_json::array();
    for (size_t i = 0; i < rows.size(); ++i) {
        nlohmann::ordered_json values;
        for (const SweepAxis& axis : axes)
            values[axis.name] = scenarios[i].parameters.at(axis.name);
        const Row& row = rows[i];
        nlohmann::ordered_json run = {{"values", std::move(values)}, {"verdict", row.shown_verdict()}};
        for (const auto& [name, value] : row.figures())
            run[name] = value;
        run["run"] = row.id;
        run["reason"] = row.reason;
        json["runs"].push_back(std::move(run));
    }
    return json;
}

std::string svg_of(const SweepOptions& options, const std::vector<SweepAxis>& axes,
                   const std::vector<Scenario>& scenarios, const std::vector<Row>& rows) {
    const size_t places = axes.front().values.size();
    std::vector<PlotSeries> series;
    for (size_t at = 0; at < rows.size(); at += places) {
        PlotSeries one;
        for (size_t axis = 1; axis < axes.size(); ++axis)
            one.name += fmt::format("{}{}={}", one.name.empty() ? "" : " ", axes[axis].name,
                                    scenarios[at].parameters.at(axes[axis].name));
        for (size_t i = at; i < at + places; ++i)
            one.values.push_back(static_cast<double>(rows[i].lost()));
        series.push_back(std::move(one));
    }
    return sweep_svg(options.file.stem().string() + ": " + scenarios.front().title, axes.front().name, "bytes lost",
                     axes.front().values, series);
}

} // namespace

ExitCode sweep(const SweepOptions& options) {
    if (options.axes.empty())
        throw Error("no axis is named", "example: mpulab sweep FILE.yaml rx-fifo=1..64", ExitCode::Usage);
    std::vector<SweepAxis> axes;
    for (const std::string& text : options.axes)
        axes.push_back(parse_sweep_axis(text));
    const std::vector<Scenario> scenarios = combinations(options, axes);
    std::vector<Row> rows(scenarios.size());
    std::mutex mutex;
    const SignalWatch signals;
    run_all(options.run, scenarios, [&](size_t index, RunOutcome outcome) {
        Row row = measure(outcome);
        const std::lock_guard lock(mutex);
        if (!options.json) fmt::print("{:<8} {:>6} lost  {}\n", row.verdict, row.lost(), scenarios[index].name);
        rows[index] = std::move(row);
        return true;
    });
    write_whole_file(options.csv, csv_of(axes, scenarios, rows));
    write_whole_file(options.svg, svg_of(options, axes, scenarios, rows));
    const auto with = [&rows](const std::string& verdict) {
        return std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.verdict == verdict; });
    };
    if (options.json) {
        fmt::print("{}\n", json_text(json_of(options, axes, scenarios, rows)));
    } else {
        fmt::print("{} runs: {} passed, {} failed, {} with errors; {}  {}\n", rows.size(), with("passed"),
                   with("failed") + with("crash"), with("error"), options.csv.string(), options.svg.string());
    }
    if (SignalWatch::seen() != 0) return ExitCode::Interrupted;
    return with("error") != 0 ? ExitCode::Error : ExitCode::Passed;
}

} // namespace mpulab
