// SPDX-License-Identifier: MIT
#include "scenario/scenario.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "scenario/format.hpp"
#include "scenario/scenario_run.hpp"
#include "scenario/sources.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <yaml-cpp/yaml.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;
using Values = std::vector<std::pair<std::string, std::vector<std::string>>>; // of each parameter, in the file's order

/// The parameters of a file as far as they can be read; what is wrong with them is told when the whole file is.
void add_parameters(const YAML::Node& document, Values& values) {
    if (!document.IsMap()) return;
    const YAML::Node table = document["parameters"];
    if (!table.IsDefined() || !table.IsMap()) return;
    for (const auto& entry : table) {
        if (!entry.first.IsScalar()) continue;
        std::vector<std::string> list;
        if (entry.second.IsScalar()) list.push_back(entry.second.Scalar());
        if (entry.second.IsSequence()) {
            for (const YAML::Node& item : entry.second)
                if (item.IsScalar()) list.push_back(item.Scalar());
        }
        if (list.empty()) continue;
        const auto old = std::find_if(values.begin(), values.end(),
                                      [&](const auto& value) { return value.first == entry.first.Scalar(); });
        if (old == values.end()) {
            values.emplace_back(entry.first.Scalar(), std::move(list));
        } else { // of an included file: ours counts
            old->second = std::move(list);
        }
    }
}

/// The whole scenario as one document. Required keys may stand in any of its files.
Json read_document(const std::vector<Source>& sources, const Parameters& parameters, std::vector<Complaint>& found) {
    std::vector<Json> documents;
    for (const Source& source : sources) {
        const bool included = &source != &sources.back();
        documents.push_back(YamlReader(source.file.string(), parameters, found, included)
                                .read(*source.document, included ? included_shape() : scenario_shape()));
    }
    if (!found.empty()) return nullptr;
    Json merged = merge_documents(documents);
    for (const char* key : {"steps", "checks"}) {
        if (!merged.contains(key))
            found.push_back(complaint_at(documents.back(), sources.back().file.string(),
                                         fmt::format("{} is missing", key),
                                         "a list of them, here or in an included file"));
    }
    return merged;
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

CardSpec card_of(const Json& json) {
    CardSpec card;
    card.device = "";
    for (const auto& [key, value] : json.items()) {
        if (key == kPlaceKey) continue;
        if (key == "device") {
            card.device = value;
        } else if (key == kIoCostKey) {
            card.io_cost_ns = value;
        } else {
            card.set(key, card_value(value));
        }
    }
    return card;
}

/// Cards that cannot be in one machine. What is not said of an ISA card is as QEMU has it.
void proofread_cards(const Json& json, const std::string& file, std::vector<Complaint>& found) {
    if (!json.contains("cards")) return;
    if (json.contains("card"))
        found.push_back(complaint_at(json["card"], file, "card stands beside cards", "one or the other"));
    const Json& cards = json["cards"];
    std::set<std::pair<std::string, std::string>> taken;
    for (const Json& card : cards) {
        const std::string device = card.value("device", "");
        if (device != cards[0].value("device", ""))
            found.push_back(
                complaint_at(card, file, "the cards are of different devices", "one device: a package is for one"));
        if (device == "pci-mpu401") continue; // firmware deals theirs out
        for (const auto& [key, fallback] : {std::pair{"iobase", 0x330}, std::pair{"irq", 7}}) {
            const std::string value = std::to_string(card.value(key, fallback));
            if (!taken.insert({key, value}).second)
                found.push_back(complaint_at(card, file, fmt::format("two cards have {} {}", key, value),
                                             fmt::format("an {} of its own", key)));
        }
    }
}

Scenario scenario_of(const Json& json, const std::filesystem::path& file) {
    Scenario scenario;
    scenario.file = file;
    scenario.title = json.at("scenario");
    scenario.why = json.value("why", "");
    if (json.contains("tags")) scenario.tags = json["tags"].get<std::vector<std::string>>();
    scenario.seed = json.value("seed", uint64_t{0});
    scenario.seeds = json.value("seeds", 1u);
    scenario.cpus = json.value("cpus", 1u);
    scenario.slice = json.value("slice", kDefaultSlice);
    scenario.dpc_delay_ns = json.value("dpc-delay", uint64_t{0});
    if (json.contains("package")) {
        const std::filesystem::path package = json["package"].get<std::string>();
        scenario.package = package.is_absolute() ? package : file.parent_path() / package;
    }
    scenario.profile = json.value("profile", "");
    scenario.card.device = "";
    if (json.contains("card")) scenario.card = card_of(json["card"]);
    if (json.contains("cards")) {
        scenario.card = card_of(json["cards"][0]);
        for (size_t unit = 1; unit < json["cards"].size(); ++unit)
            scenario.more_cards.push_back(card_of(json["cards"][unit]));
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
void take_verifier(Scenario& scenario, const std::vector<Source>& sources, std::vector<Complaint>& complaints) {
    if (!scenario.verifier) return;
    // What a file itself says stands before what it includes.
    const auto source = std::find_if(sources.rbegin(), sources.rend(),
                                     [](const Source& one) { return (*one.document)["verifier"].IsDefined(); });
    const YAML::Mark mark = (*source->document)["verifier"].Mark();
    const auto complain = [&](std::string what, std::string expected) {
        complaints.push_back(
            {source->file.string(), mark.line + 1, mark.column + 1, std::move(what), std::move(expected)});
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
    const size_t complaints_before = complaints.size();
    const std::vector<Source> sources = read_sources(text, file, complaints);
    if (complaints.size() != complaints_before) return scenarios;
    Values values;
    for (const Source& source : sources)
        add_parameters(*source.document, values);
    size_t combinations = 1;
    for (auto& [name, list] : values) {
        if (given.contains(name)) list = {given.at(name)};
        combinations *= std::min(list.size(), kMaxCombinations + 1);
        if (combinations > kMaxCombinations) break;
    }
    if (combinations > kMaxCombinations) {
        const YAML::Node& document = *sources.back().document;
        const YAML::Node table = document["parameters"];
        const YAML::Mark mark = table.IsDefined() ? table.Mark() : document.Mark();
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
        const Json json = read_document(sources, parameters, found);
        if (found.empty()) {
            Scenario scenario = scenario_of(json, file);
            proofread_cards(json, file.string(), found);
            scenario.parameters = parameters;
            scenario.name = name_of(file, values, parameters);
            take_verifier(scenario, sources, found);
            proofread(scenario, found);
            proofread_dpc_delay(scenario, found);
            scenarios.push_back(std::move(scenario));
        }
        for (Complaint& complaint : found) { // once, not for every combination
            const auto told = [&](const Complaint& other) { return same(other, complaint); };
            if (std::none_of(complaints.begin(), complaints.end(), told)) complaints.push_back(std::move(complaint));
        }
    } while (advance(at, values));
    return scenarios;
}

void proofread_dpc_delay(const Scenario& scenario, std::vector<Complaint>& complaints) {
    if (scenario.dpc_delay_ns % 1'000 != 0) {
        complaints.push_back({scenario.file.string(), 0, 0,
                              fmt::format("dpc-delay: {} is no whole number of microseconds",
                                          time_text(static_cast<int64_t>(scenario.dpc_delay_ns))),
                              "e.g. 250us"});
    }
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

size_t markers_of(const Scenario& scenario, uint64_t number) {
    return static_cast<size_t>(
        std::count_if(scenario.steps.begin(), scenario.steps.end(), [number](const nlohmann::json& step) {
            const std::string verb = step.at("verb");
            return (verb == "marker" || verb == "snapshot") && step.at(verb) == number;
        }));
}

} // namespace mpulab
