// SPDX-License-Identifier: MIT
#include "scenario/scenario.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "scenario/format.hpp"
#include "scenario/scenario_run.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;
using Values = std::vector<std::pair<std::string, std::vector<std::string>>>; // of each parameter, in the file's order

/// The parameters as far as they can be read; what is wrong with them is told when the whole file is.
Values parameters_of(const YAML::Node& document) {
    Values values;
    if (!document.IsMap()) return values;
    const YAML::Node table = document["parameters"];
    if (!table.IsDefined() || !table.IsMap()) return values;
    for (const auto& entry : table) {
        if (!entry.first.IsScalar()) continue;
        std::vector<std::string> list;
        if (entry.second.IsScalar()) list.push_back(entry.second.Scalar());
        if (entry.second.IsSequence()) {
            for (const YAML::Node& item : entry.second)
                if (item.IsScalar()) list.push_back(item.Scalar());
        }
        if (!list.empty()) values.emplace_back(entry.first.Scalar(), std::move(list));
    }
    return values;
}

std::string name_of(const std::filesystem::path& file, const Values& values, const Parameters& parameters) {
    std::string varied;
    for (const auto& [name, list] : values) {
        if (list.size() > 1) varied += fmt::format("{}{}={}", varied.empty() ? "" : ",", name, parameters.at(name));
    }
    return file.stem().string() + (varied.empty() ? "" : "[" + varied + "]");
}

std::string card_value(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Scenario scenario_of(const Json& json, const std::filesystem::path& file) {
    Scenario scenario;
    scenario.file = file;
    scenario.title = json.at("scenario");
    scenario.why = json.value("why", "");
    if (json.contains("tags")) scenario.tags = json["tags"].get<std::vector<std::string>>();
    scenario.seed = json.value("seed", uint64_t{0});
    scenario.cpus = json.value("cpus", 1u);
    if (json.contains("package")) {
        const std::filesystem::path package = json["package"].get<std::string>();
        scenario.package = package.is_absolute() ? package : file.parent_path() / package;
    }
    scenario.profile = json.value("profile", "");
    scenario.card.device = "";
    if (json.contains("card")) {
        for (const auto& [key, value] : json["card"].items()) {
            if (key == kPlaceKey) continue;
            if (key == "device") {
                scenario.card.device = value;
            } else {
                scenario.card.set(key, card_value(value));
            }
        }
    }
    if (json.contains("choices")) {
        for (const auto& [key, value] : json["choices"].items())
            if (key != kPlaceKey) scenario.choices.push_back(key + "=" + value.dump());
    }
    if (json.contains("verifier")) scenario.verifier = json["verifier"].get<std::string>();
    if (json.contains("known-issue"))
        scenario.known_issue = KnownIssue{json["known-issue"]["reason"], json["known-issue"]["reference"]};
    if (json.contains("cues")) scenario.cues = json["cues"];
    if (json.contains("red")) scenario.red = json["red"];
    scenario.steps = json.at("steps");
    scenario.checks = json.at("checks");
    return scenario;
}

/// The rules that it switches off; a finding that it wants must be of a rule that is on.
void take_verifier(Scenario& scenario, const YAML::Node& document, std::vector<Complaint>& complaints) {
    if (!scenario.verifier) return;
    const YAML::Mark mark = document["verifier"].Mark();
    const auto complain = [&](std::string what, std::string expected) {
        complaints.push_back(
            {scenario.file.string(), mark.line + 1, mark.column + 1, std::move(what), std::move(expected)});
    };
    try {
        scenario.rules_off = parse_verifier(*scenario.verifier);
    } catch (const Error& error) {
        return complain(error.what(), error.next());
    }
    for (const Json& check : scenario.checks) {
        if (check.at("verb") != "finding") continue;
        const auto rule = check.at("finding").get<uint32_t>();
        if (scenario.rules_off[rule]) {
            complain(fmt::format("V{:02} is off here, and a check wants its finding", rule),
                     "switch it on, or take the check out");
        }
    }
}

/// The next combination of `at`; false after the last one.
bool advance(std::vector<size_t>& at, const Values& values) {
    for (size_t i = values.size(); i-- > 0;) {
        if (++at[i] < values[i].second.size()) return true;
        at[i] = 0;
    }
    return false;
}

bool same(const Complaint& a, const Complaint& b) {
    return a.line == b.line && a.column == b.column && a.what == b.what && a.file == b.file;
}

} // namespace

std::vector<Scenario> parse_scenarios(std::string_view text, const std::filesystem::path& file, const Parameters& given,
                                      std::vector<Complaint>& complaints) {
    std::vector<Scenario> scenarios;
    YAML::Node document;
    try {
        document = YAML::Load(std::string(text));
    } catch (const YAML::Exception& error) {
        complaints.push_back({file.string(), error.mark.line + 1, error.mark.column + 1, "no YAML: " + error.msg, ""});
        return scenarios;
    }
    Values values = parameters_of(document);
    size_t combinations = 1;
    for (auto& [name, list] : values) {
        if (given.contains(name)) list = {given.at(name)};
        combinations *= std::min(list.size(), kMaxCombinations + 1);
        if (combinations > kMaxCombinations) break;
    }
    if (combinations > kMaxCombinations) {
        const YAML::Mark mark = document["parameters"].Mark();
        complaints.push_back({file.string(), mark.line + 1, mark.column + 1,
                              fmt::format("the parameters have more than {} combinations", kMaxCombinations),
                              "fewer values"});
        return scenarios;
    }
    std::vector<size_t> at(values.size(), 0);
    do {
        Parameters parameters;
        for (size_t i = 0; i < values.size(); ++i)
            parameters[values[i].first] = values[i].second[at[i]];
        std::vector<Complaint> found;
        const Json json = YamlReader(file.string(), parameters, found).read(document, scenario_shape());
        if (found.empty()) {
            Scenario scenario = scenario_of(json, file);
            scenario.parameters = parameters;
            scenario.name = name_of(file, values, parameters);
            take_verifier(scenario, document, found);
            proofread(scenario, found);
            scenarios.push_back(std::move(scenario));
        }
        for (Complaint& complaint : found) { // once, not for every combination
            const auto told = [&](const Complaint& other) { return same(other, complaint); };
            if (std::none_of(complaints.begin(), complaints.end(), told)) complaints.push_back(std::move(complaint));
        }
    } while (advance(at, values));
    return scenarios;
}

std::vector<Scenario> read_scenarios(const std::filesystem::path& file, const Parameters& given,
                                     std::vector<Complaint>& complaints) {
    try {
        const Bytes text = read_file(file, kMaxScenarioBytes, "scenario");
        return parse_scenarios({reinterpret_cast<const char*>(text.data()), text.size()}, file, given, complaints);
    } catch (const Error& error) {
        complaints.push_back({file.string(), 0, 0, error.what(), ""});
        return {};
    }
}

} // namespace mpulab
