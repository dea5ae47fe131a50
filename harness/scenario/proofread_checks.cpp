// SPDX-License-Identifier: MIT
#include "scenario/proofread_checks.hpp"

#include "events/names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {

using Json = nlohmann::json;

namespace {

/// Names that stand for words of a record: each must be one that records of that kind have there. `key` holds the kind.
template <class Complain>
void proofread_words(const Json& check, const std::string& key, const std::string& prefix, const Complain& complain) {
    if (!check.contains(key) || !check[key].is_string()) return;
    const std::string kind = check[key];
    for (int word = 0; word < 3; ++word) {
        const auto value = check.find(prefix + kWordNames[word]);
        if (value == check.end() || !value->is_string()) continue;
        const uint16_t number = kind_by_name(kind);
        if (word_by_name(number, word, value->get<std::string>())) continue;
        const std::vector<std::string> names = word_names(number, word);
        complain(fmt::format("{}{}: no {} has '{}' there", prefix, kWordNames[word], kind, value->get<std::string>()),
                 names.empty() ? "a number" : fmt::format("a number, or one of {}", fmt::join(names, ", ")));
    }
}

} // namespace

void proofread_checks(const Scenario& scenario, std::vector<Complaint>& complaints) {
    for (const Json& check : scenario.checks) {
        const auto complain = [&](std::string what, std::string expected) {
            complaints.push_back(complaint_at(check, scenario.file.string(), std::move(what), std::move(expected)));
        };
        proofread_words(check, check.at("verb").get<std::string>(), "", complain);
        proofread_words(check, "between", "between-", complain);
        proofread_words(check, "and", "and-", complain);
        proofread_words(check, "each", "each-", complain);
        for (const char* key : {"after-marker", "before-marker"}) {
            if (!check.contains(key)) continue;
            if (markers_of(scenario, check[key].get<uint64_t>()) == 0)
                complain(fmt::format("{}: no step reaches marker {}", key, check[key].get<uint64_t>()),
                         "a step \"marker\" of that number");
        }
        if (check.contains("exactly") && (check.contains("at-least") || check.contains("at-most")))
            complain("exactly stands beside at-least or at-most", "one or the other");
        if (check.contains("at-least") && check.contains("at-most") && check["at-least"] > check["at-most"])
            complain("at-least is more than at-most", "bounds that can be met");
        const auto together = [&](const char* one, const char* other) {
            if (check.contains(one) && !check.contains(other))
                complain(fmt::format("{} stands without {}", one, other), fmt::format("{}, too", other));
        };
        together("between", "and");
        together("and", "between");
        for (const char* key : {"between-a", "between-b"})
            together(key, "between");
        for (const char* key : {"and-a", "and-b"})
            together(key, "and");
        if (check.at("verb") == "interrupts" && check.at("interrupts") == kOverSeeds) {
            if (scenario.seeds < 2) complain("a check over seeds, and the scenario has one", "seeds: 2 or more");
            if (check.contains("storm")) complain("a storm is one run's", "interrupts: claimed for it");
        }
        if (check.at("verb") == "interrupts") {
            together("storm", "within");
            together("within", "storm");
            if (check.contains("bytes-least") && check.contains("bytes-most") &&
                check["bytes-least"] > check["bytes-most"])
                complain("bytes-least is more than bytes-most", "bounds that can be met");
        }
        if (check.contains("irql-least") && check.contains("irql-most") && check["irql-least"] > check["irql-most"])
            complain("irql-least is more than irql-most", "bounds that can be met");
        if (check.at("verb") == "nothing-lost" && check.at("nothing-lost") == false)
            complain("a check that is not wanted", "true, or no such check");
    }
}

void proofread_captures(const Scenario& scenario, const ScenarioRun& run, std::vector<Complaint>& complaints) {
    for (const Json& check : scenario.checks) {
        if (check.at("verb") != "captured-equals") continue;
        const auto complain = [&](std::string what, std::string expected) {
            complaints.push_back(complaint_at(check, scenario.file.string(), std::move(what), std::move(expected)));
        };
        if (!check.contains("of")) {
            if (!scenario.more_cards.empty()) complain("there are several cards", "of: and the name of a pin");
            continue;
        }
        if (!run.read_pins.contains(check["of"]))
            complain(fmt::format("no step reads from '{}'", check["of"].get<std::string>()), "a pin that is read");
    }
}

} // namespace mpulab
