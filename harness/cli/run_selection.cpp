// SPDX-License-Identifier: MIT
#include "cli/run_selection.hpp"

#include "scenario/outside.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace mpulab {
namespace {

namespace fs = std::filesystem;

bool is_scenario_file(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

std::vector<fs::path> files_of(const RunOptions& options) {
    std::vector<fs::path> files;
    for (const fs::path& what : options.what) {
        std::error_code failure;
        if (!fs::is_directory(what, failure)) {
            files.push_back(what); // reading says what is wrong with it
            continue;
        }
        const size_t before = files.size();
        for (fs::recursive_directory_iterator at(what, failure), end; at != end && !failure; at.increment(failure)) {
            if (is_scenario_file(at->path())) files.push_back(at->path());
        }
        if (failure)
            throw Error(fmt::format("cannot list {}: {}", what.string(), failure.message()), "check the folder");
        if (files.size() == before)
            throw Error(fmt::format("{} has no scenario (*.yaml)", what.string()), "mpulab new NAME writes one");
    }
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    return files;
}

Parameters parameters_of(const RunOptions& options) {
    Parameters parameters;
    for (const std::string& word : options.parameters) {
        const size_t equals = word.find('=');
        if (equals == 0 || equals == std::string::npos)
            throw Error(fmt::format("--set: '{}' is no NAME=VALUE", word), "example: --set depth=16", ExitCode::Usage);
        parameters[word.substr(0, equals)] = word.substr(equals + 1);
    }
    return parameters;
}

/// A name that no file has as a parameter is the card's, or one of the file's keys.
void set_where_no_parameter(std::vector<Scenario>& scenarios, const std::string& name, const std::string& value) {
    std::set<std::string> known;
    for (const Scenario& scenario : scenarios) {
        for (const auto& [parameter, ignored] : scenario.parameters)
            known.insert(parameter);
    }
    if (known.contains(name)) return;
    const std::vector<std::string> outside = outside_names();
    if (std::find(outside.begin(), outside.end(), name) == outside.end())
        refuse_name(name, {known.begin(), known.end()}, "--set");
    for (Scenario& scenario : scenarios) {
        set_outside(scenario, name, value, "--set");
        scenario.parameters[name] = value; // the result tells it
    }
}

bool any_of_words(const std::vector<std::string>& words, const auto& matches) {
    return words.empty() || std::any_of(words.begin(), words.end(), matches);
}

} // namespace

std::vector<Scenario> select_scenarios(const RunOptions& options) {
    const Parameters parameters = parameters_of(options);
    std::vector<Complaint> complaints;
    std::vector<Scenario> all;
    const std::vector<fs::path> files = files_of(options);
    for (const fs::path& file : files) {
        for (Scenario& scenario : read_scenarios(file, parameters, complaints))
            all.push_back(std::move(scenario));
    }
    if (!complaints.empty()) {
        std::set<std::string> wrong;
        for (const Complaint& complaint : complaints) {
            fmt::print(stderr, "error: {}\n", complaint.text());
            wrong.insert(complaint.file);
        }
        throw Error(fmt::format("{} error{} in {} of {} files; nothing was started", complaints.size(),
                                complaints.size() == 1 ? "" : "s", wrong.size(), files.size()),
                    "mend the places above; the keys: mpulab run --reference");
    }
    for (const auto& [name, value] : parameters)
        set_where_no_parameter(all, name, value);
    std::erase_if(all, [&](const Scenario& scenario) {
        const auto tagged = [&](const std::string& tag) {
            return std::find(scenario.tags.begin(), scenario.tags.end(), tag) != scenario.tags.end();
        };
        const auto named = [&](const std::string& part) { return scenario.name.find(part) != std::string::npos; };
        return !any_of_words(options.tags, tagged) || !any_of_words(options.names, named);
    });
    if (all.empty())
        throw Error("no scenario has such a tag or name", "see what there is with \"mpulab run --list\"",
                    ExitCode::Usage);
    return all;
}

Shard parse_shard(const std::string& text) {
    Shard shard;
    const size_t slash = std::min(text.find('/'), text.size());
    const auto number = [&](size_t from, size_t to, size_t& into) {
        const auto [end, failure] = std::from_chars(text.data() + from, text.data() + to, into);
        return failure == std::errc{} && end == text.data() + to;
    };
    if (slash == text.size() || !number(0, slash, shard.number) || !number(slash + 1, text.size(), shard.count) ||
        shard.number < 1 || shard.number > shard.count)
        throw Error(fmt::format("--shard: '{}' is no I/N with I from 1 to N", text), "example: --shard 2/5",
                    ExitCode::Usage);
    return shard;
}

} // namespace mpulab
