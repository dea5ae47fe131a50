// SPDX-License-Identifier: MIT
#include "scenario/outside.hpp"

#include "common/error.hpp"
#include "common/nearest.hpp"
#include "scenario/format.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace mpulab {
namespace {

constexpr const char* kKeys[] = {"seed", "cpus", "slice", "dpc-delay"}; // of the file itself

const Field* find_field(const std::vector<Field>& fields, const std::string& name) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

const std::vector<Field>& card_fields() {
    return find_field(scenario_shape().fields, "card")->shape->fields;
}

/// nullptr: there is none of that name.
const Field* field_of(const std::string& name) {
    if (std::find(std::begin(kKeys), std::end(kKeys), name) != std::end(kKeys))
        return find_field(scenario_shape().fields, name);
    return find_field(card_fields(), name);
}

} // namespace

std::vector<std::string> outside_names() {
    std::vector<std::string> names(std::begin(kKeys), std::end(kKeys));
    for (const Field& field : card_fields())
        names.push_back(field.name);
    return names;
}

void refuse_name(const std::string& name, std::vector<std::string> parameters, const char* where) {
    for (std::string& known : outside_names())
        parameters.push_back(std::move(known));
    throw Error(fmt::format("{}: '{}' is neither a parameter of the scenario nor a property of its card{}", where, name,
                            did_you_mean(name, parameters)),
                fmt::format("take one of {}", fmt::join(parameters, ", ")), ExitCode::Usage);
}

void set_outside(Scenario& scenario, const std::string& name, const std::string& value, const char* where) {
    const Field* field = field_of(name);
    if (field == nullptr) refuse_name(name, {}, where);
    std::vector<Complaint> complaints;
    const std::string place = fmt::format("{} {}={}", where, name, value);
    const nlohmann::json read = YamlReader(place, {}, complaints).read(YAML::Node(value), *field->shape);
    if (complaints.empty() && name == "dpc-delay") {
        scenario.dpc_delay_ns = read;
        proofread_dpc_delay(scenario, complaints);
    }
    if (!complaints.empty()) {
        throw Error(fmt::format("{}: {}", place, complaints.front().what), "give " + complaints.front().expected,
                    ExitCode::Usage);
    }
    if (name == "seed") {
        scenario.seed = read;
    } else if (name == "cpus") {
        scenario.cpus = read;
    } else if (name == "slice") {
        scenario.slice = read;
    } else if (name == "device") {
        scenario.card.device = read;
        for (CardSpec& card : scenario.more_cards)
            card.device = read;
    } else if (name == kIoCostKey) {
        scenario.card.io_cost_ns = read;
        for (CardSpec& card : scenario.more_cards)
            card.io_cost_ns = read;
    } else if (name != "dpc-delay") {
        const std::string text = read.is_string() ? read.get<std::string>() : read.dump();
        scenario.card.set(name, text);
        if (name == "iobase" || name == "irq") return; // each card has its own
        for (CardSpec& card : scenario.more_cards)
            card.set(name, text);
    }
}

} // namespace mpulab
