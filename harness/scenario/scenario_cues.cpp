// SPDX-License-Identifier: MIT
#include "scenario/scenario_cues.hpp"

#include "events/names.hpp"
#include "probe/plan.h"
#include "scenario/plan.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace mpulab {
namespace {

using Json = nlohmann::json;

struct TriggerInfo {
    uint32_t number;
    std::string_view name;
    std::string_view argument; // "-": it takes none
    uint64_t most;
};
constexpr TriggerInfo kTriggers[] = {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) {number, name, argument, most},
#include "probe/mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
};

struct ActionInfo {
    uint32_t number;
    std::string_view name;
    std::string_view count; // "-": it has none
    std::string_view time;
    std::string_view value;
};
constexpr ActionInfo kActions[] = {
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    {number, name, count, time, value},
#include "probe/mpulab_cue_actions.def"
#undef MPULAB_ACTION
};

/// The records that tell of each trigger's event.
constexpr std::pair<uint32_t, uint16_t> kTold[] = {
#define MPULAB_TRIGGER_TOLD(NAME, KIND) {MPULAB_TRIGGER_##NAME, MPULAB_KIND_##KIND},
#include "probe/mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER_TOLD
};

template <typename Info, size_t N> const Info& by_name(const Info (&table)[N], const std::string& name) {
    return *std::find_if(std::begin(table), std::end(table), [&](const Info& info) { return info.name == name; });
}

} // namespace

void proofread_cues(const Scenario& scenario, std::vector<Complaint>& complaints) {
    uint64_t firings = 0;
    Json all = scenario.cues;
    all.insert(all.end(), scenario.red.begin(), scenario.red.end());
    for (const Json& cue : all) {
        const auto complain = [&](std::string what, std::string expected) {
            complaints.push_back(complaint_at(cue, scenario.file.string(), std::move(what), std::move(expected)));
        };
        if (cue.value("unit", uint64_t{0}) > scenario.more_cards.size())
            complain(fmt::format("there is no card {}", cue["unit"].get<uint64_t>()), "a unit of one of cards:");
        const TriggerInfo& trigger = by_name(kTriggers, cue.at("when"));
        const uint64_t argument = cue.value("argument", uint64_t{0});
        if (trigger.argument == "-" && cue.contains("argument"))
            complain(fmt::format("when: {} takes no argument", trigger.name), "none");
        if (trigger.argument != "-" && !cue.contains("argument"))
            complain("argument is missing", std::string(trigger.argument));
        if (trigger.argument != "-" && argument > trigger.most)
            complain(fmt::format("argument {} does not fit when: {}", argument, trigger.name),
                     std::string(trigger.argument));
        if (trigger.number == MPULAB_TRIGGER_MARKER && cue.contains("argument") && markers_of(scenario, argument) == 0)
            complain(fmt::format("no step reaches marker {}", argument), "a step \"marker\" of that number");
        const bool on_time = trigger.number == MPULAB_TRIGGER_TIME;
        if (on_time && (cue.contains("every") || cue.contains("first")))
            complain("first and every count events, and time is none", "period");
        if (!on_time && cue.contains("period")) complain("period is for when: time", "every");
        const uint64_t times = cue.value("firings", uint64_t{1});
        if (on_time && times > 1 && !cue.contains("period")) complain("period is missing", "a time, e.g. 5ms");
        if (times == 1 && (cue.contains("every") || cue.contains("period")))
            complain("it fires once", "firings, or neither every nor period");
        const Json& value = cue.at(cue.at("verb").get<std::string>());
        if (value.is_boolean() && !value.get<bool>()) complain("an action that is not wanted", "true, or no such cue");
        if (times > 1 && cue.at("verb") == "inject" && cue.contains("jitter"))
            complain("bytes of repeated injections with jitter may overlap", "no jitter");
        firings += times;
    }
    if (firings > MPULAB_CUES_MAX_FIRINGS) {
        complaints.push_back({scenario.file.string(), 0, 0, fmt::format("the cues fire {} times", firings),
                              fmt::format("at most {}", MPULAB_CUES_MAX_FIRINGS)});
    }
}

Bytes compile_cues(const Scenario& scenario, uint32_t unit, Bytes& injected) {
    std::vector<mpulab_cue> cues;
    Bytes bytes;
    for (const Json& json : scenario.cues) {
        if (json.value("unit", 0u) != unit) continue;
        const std::string verb = json.at("verb");
        const ActionInfo& action = by_name(kActions, verb);
        mpulab_cue cue{};
        cue.trigger = by_name(kTriggers, json.at("when")).number;
        cue.argument = json.value("argument", 0u);
        cue.first = json.value("first", 1u);
        cue.firings = json.value("firings", 1u);
        if (cue.firings > 1)
            cue.every = json.value(cue.trigger == MPULAB_TRIGGER_TIME ? "period" : "every", uint64_t{1});
        cue.delay_ns = json.value("delay", uint64_t{0});
        cue.jitter_ns = json.value("jitter", uint64_t{0});
        cue.action = action.number;
        if (cue.action == MPULAB_ACTION_INJECT) {
            const Bytes payload = *parse_hex(json.at(verb).get<std::string>());
            cue.count = static_cast<uint32_t>(payload.size());
            cue.value = static_cast<uint32_t>(bytes.size());
            append(bytes, payload);
            for (uint32_t i = 0; i < cue.firings; ++i)
                append(injected, payload);
        } else {
            if (action.count != "-") cue.count = json.at(verb).get<uint32_t>();
            if (action.time != "-")
                cue.time_ns = json.value(action.count != "-" ? std::string("time") : verb, uint64_t{0});
            cue.value = json.value("value", 0u);
        }
        cues.push_back(cue);
    }
    return write_cues(scenario.seed + unit, std::move(cues), bytes); // two cards' cues do not jitter alike
}

CueReach cue_reach(ByteView section) {
    CueReach reach;
    if (section.empty()) return reach;
    const auto header = read_pod<mpulab_cues_header>(section, 0);
    for (uint32_t i = 0; i < header.cue_count; ++i) {
        const auto cue = read_pod<mpulab_cue>(section, sizeof header + i * sizeof(mpulab_cue));
        if (cue.trigger == MPULAB_TRIGGER_TIME) reach.first_ns = std::min(reach.first_ns, cue.delay_ns);
        for (const auto& [trigger, kind] : kTold) {
            if (trigger == cue.trigger) reach.kinds.insert(kind);
        }
    }
    return reach;
}

} // namespace mpulab
