// SPDX-License-Identifier: MIT
#include "cli/diff.hpp"

#include "cli/run_folder.hpp"
#include "cli/stored_run.hpp"
#include "common/json_text.hpp"
#include "events/format.hpp"
#include "report/log_diff.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr size_t kContext = 3; // records before a difference that are shown

/// Inputs and settings that differ, a line each.
std::vector<std::string> differing_inputs(const StoredRun& a, const StoredRun& b) {
    std::vector<std::string> lines;
    std::map<std::string, std::pair<std::string, std::string>> inputs;
    for (const auto& [name, hash] : a.inputs)
        inputs[name].first = hash;
    for (const auto& [name, hash] : b.inputs)
        inputs[name].second = hash;
    const auto shown = [](const std::string& hash) { return hash.empty() ? std::string("none") : hash.substr(0, 12); };
    for (const auto& [name, hashes] : inputs) {
        if (hashes.first != hashes.second)
            lines.push_back(fmt::format("{}: {} / {}", name, shown(hashes.first), shown(hashes.second)));
    }
    if (a.seed != b.seed) lines.push_back(fmt::format("seed: {} / {}", a.seed, b.seed));
    return lines;
}

void print_side(const char* side, const EventLog& log, const std::optional<size_t>& at) {
    if (!at) {
        fmt::print("  {} {:>8}  (no more)\n", side, "");
        return;
    }
    for (size_t i = *at - std::min(*at, kContext); i <= *at; ++i)
        fmt::print("  {} {} {}\n", i == *at ? side : " ", i == *at ? ">" : " ", format_record(log, log.records()[i]));
}

void print_view(const LogView& view, const EventLog& a, const EventLog& b) {
    if (!view.difference) {
        fmt::print("{:<15} the same ({} of them: {})\n", view.name, view.a, view.what);
        return;
    }
    fmt::print("{:<15} differ from number {} on, of {} / {} ({})\n", view.name, view.difference->element, view.a,
               view.b, view.what);
    print_side("a", a, view.difference->a);
    print_side("b", b, view.difference->b);
}

nlohmann::ordered_json json_of(const std::vector<std::string>& inputs, const std::vector<LogView>& views,
                               const std::vector<std::string>& counts) {
    nlohmann::ordered_json json;
    json["inputs"] = inputs;
    json["counts"] = counts;
    for (const LogView& view : views) {
        nlohmann::ordered_json one = {{"name", view.name}, {"a", view.a}, {"b", view.b}, {"same", !view.difference}};
        if (view.difference) {
            const auto record = [](const std::optional<size_t>& at) {
                return at ? nlohmann::ordered_json(*at) : nlohmann::ordered_json();
            };
            one["first"] = {{"element", view.difference->element},
                            {"record_a", record(view.difference->a)},
                            {"record_b", record(view.difference->b)}};
        }
        json["views"].push_back(std::move(one));
    }
    return json;
}

} // namespace

ExitCode diff(const DiffOptions& options) {
    const auto path_a = find_event_log(options.out, options.a);
    const auto path_b = find_event_log(options.out, options.b);
    const EventLog a = EventLog::open(path_a);
    const EventLog b = EventLog::open(path_b);
    const std::vector<std::string> inputs =
        differing_inputs(read_stored_run(path_a.parent_path(), false), read_stored_run(path_b.parent_path(), false));
    const std::vector<LogView> views = compare_logs(a, b);
    const std::vector<std::string> counts = compare_counts(a, b);
    if (options.json) {
        fmt::print("{}\n", json_text(json_of(inputs, views, counts)));
    } else {
        fmt::print("a: {}\nb: {}\n", path_a.string(), path_b.string());
        for (const std::string& line : inputs)
            fmt::print("input differs   {}\n", line);
        for (const LogView& view : views)
            print_view(view, a, b);
        for (const std::string& line : counts)
            fmt::print("count differs   {}\n", line);
    }
    return views.front().difference ? ExitCode::Failed : ExitCode::Passed;
}

} // namespace mpulab
