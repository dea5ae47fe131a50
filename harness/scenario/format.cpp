// SPDX-License-Identifier: MIT
#include "scenario/format.hpp"

#include "probe/plan.h"
#include "scenario/choices.hpp"
#include "scenario/format_parts.hpp"
#include "scenario/scenario.hpp"
#include "scenario/sources.hpp"

#include <algorithm>
#include <string_view>

namespace mpulab {
namespace {

constexpr int64_t kYear = 31'536'000'000'000'000;

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words(1);
    for (const char c : text) {
        if (c == '|') {
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    return words;
}

ShapePtr card() {
    std::vector<Field> fields = {
        {"device", word_shape({"isa-mpu401", "pci-mpu401"}), false,
         "the card, as QEMU names it; default: by the package"},
        {"iobase", number_shape(0x100, 0xfffe), false, "isa-mpu401: first of its two ports"},
        {"irq", number_shape(3, 15), false, "isa-mpu401: interrupt line"},
        {"bar", word_shape({"io", "memory"}), false, "pci-mpu401: what BAR 0 is"},
        {kIoCostKey, time_shape(0, static_cast<int64_t>(kMostIoCostNs)), false,
         "what the rules about time charge for each access to its registers, on top of instructions; default 1us"},
        {"msi", word_shape({"on", "off", "auto"}), false, "pci-mpu401: whether the guest may choose MSI over INTx"},
    };
#define MPULAB_CHOICE(field, name, fallback, words, help)                                                              \
    fields.push_back({name, word_shape(split(words)), false, help});
#define MPULAB_SWITCH(field, name, fallback, help) fields.push_back({name, word_shape({"on", "off"}), false, help});
#define MPULAB_NUMBER(field, name, fallback, lowest, highest, help)                                                    \
    fields.push_back({name, number_shape(lowest, highest), false, help});
#include "core/include/mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    return map_shape(std::move(fields));
}

ShapePtr choices() {
    std::vector<Field> fields;
    for (const ChoiceInfo& choice : known_choices()) {
        std::string text = choice.what + ":";
        for (size_t i = 0; i < choice.alternatives.size(); ++i)
            text += (i == 0 ? " " : ", ") + std::to_string(i) + " " + choice.alternatives[i];
        fields.push_back(
            {choice.name, number_shape(0, static_cast<int64_t>(choice.alternatives.size()) - 1), false, text});
    }
    return map_shape(std::move(fields));
}

/// When a cue acts: the fields that all actions share.
std::vector<Field> when() {
    std::vector<std::string> triggers;
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) triggers.push_back(name);
#include "probe/mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
    return {
        {"when", word_shape(triggers), true, "the event that fires it (device-model/core/CUES.md)"},
        {"argument", number_shape(0, UINT32_MAX), false,
         "which marker, register (0 DATA, 1 STATUS or COMMAND) or mode (1 UART)"},
        {"first", number_shape(1, UINT32_MAX), false, "the event's n-th time fires it; default 1"},
        {"firings", number_shape(1, 1'000'000), false, "how often it fires; default 1"},
        {"every", number_shape(1, UINT32_MAX), false, "with several firings: every so many times; default 1"},
        {"period", time_shape(1'000, kHour), false, "with several firings and when: time, from one to the next"},
        {"delay", time_shape(0, kYear), false, "from the event to the action"},
        {"jitter", time_shape(0, kHour), false, "so much more at most, drawn by the seed"},
        {"unit", number_shape(0, static_cast<int64_t>(kMaxCards) - 1), false, "of which card; default 0"},
    };
}

/// Behind an action's name stands what it has: bytes, a count, a time; "true" when it has nothing.
ShapePtr cues() {
    std::vector<Verb> actions;
    const std::vector<Field> moment = when();
    const auto add = [&](const char* name, const char* text, std::string_view count_is, int64_t count_least,
                         int64_t count_most, std::string_view time_is, int64_t time_least, int64_t time_most,
                         std::string_view value_is, int64_t value_least, int64_t value_most) {
        Verb verb{name, flag_shape(), moment, text};
        const bool inject = std::string_view(name) == "inject";
        if (inject) {
            verb.value = bytes_shape(1, kMaxWriteBytes);
        } else if (count_is != "-") {
            verb.value = number_shape(count_least, count_most);
            verb.text += "; how many " + std::string(count_is);
        } else if (time_is != "-") {
            verb.value = time_shape(time_least, time_most);
            verb.text += "; " + std::string(time_is);
        }
        if (!inject && count_is != "-" && time_is != "-")
            verb.fields.push_back({"time", time_shape(time_least, time_most), true, std::string(time_is)});
        if (!inject && value_is != "-")
            verb.fields.push_back({"value", number_shape(value_least, value_most), true, std::string(value_is)});
        actions.push_back(std::move(verb));
    };
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    add(name, text, count, count_least, count_most, time, time_least, time_most, value, value_least, value_most);
#include "probe/mpulab_cue_actions.def"
#undef MPULAB_ACTION
    return list_shape(verbs_shape(std::move(actions)), 0, 1'000);
}

ShapePtr build() {
    const ShapePtr cue_list = cues();
    const ShapePtr one_card = card();
    return map_shape({
        {"scenario", text_shape(), true, "what must hold, as a sentence"},
        {"include", list_shape(text_shape(), 0, kMaxIncludes), false,
         "files, from this file's folder, that are read before this one: their tags, cues, red cues, steps and checks "
         "come "
         "before its own, of parameters, card and choices what this file says counts, as of all else; they take no "
         "scenario, why, package and known-issue"},
        {"why", text_shape(), false, "one line: where it comes from, what breaks it"},
        {"tags", list_shape(text_shape(), 0, 32), false, "for mpulab run --tag"},
        {"parameters", table_shape(values_shape(), 16), false,
         "name: value, or a list of values: then a run for each combination; ${name} in a value stands for it"},
        {"seed", number_shape(0, INT64_MAX), false, "of the run; default 0"},
        {"seeds", number_shape(1, kMaxSeeds), false,
         "so many runs, of this seed and those that follow it, and their interrupts' percentiles together; default 1"},
        {"cpus", number_shape(1, 2), false, "processors; with 2 the seed makes the schedule"},
        {"slice", number_shape(kMinSlice, kMaxSlice), false,
         "with 2 processors, which take turns: instructions of the longest turn, a tenth of it those of the shortest; "
         "short ones part what one driver's instruction leaves to the next; default 5000"},
        {"dpc-delay", time_shape(0, MPULAB_MAX_DPC_DELAY_US * int64_t{1'000}), false,
         "how late each DPC of the driver, portcls and ks comes at least, as behind another driver's; whole "
         "microseconds"},
        {"package", text_shape(), false,
         "driver package, from this file's folder; default: the bundled one, or --package"},
        {"profile", text_shape(), false, "the Windows nanont says it is"},
        {"card", one_card, false, "the card's properties"},
        {"cards", list_shape(one_card, 1, static_cast<int64_t>(kMaxCards)), false,
         "in place of card: several, all of one device; the first is unit 0"},
        {"choices", choices(), false, "answers where Windows is undocumented"},
        {"verifier", text_shape(), false,
         "rules that are on: all, none, or groups and rules as in deadlock,V16 or all,-V24 (mpulab rules lists them)"},
        {"known-issue",
         map_shape({{"reason", text_shape(), true, "why it fails"},
                    {"reference", text_shape(), true, "where it is tracked"}}),
         false, "it fails today: exit code 0, and an error when it passes"},
        {"cues", cue_list, false, "what the card does by itself"},
        {"red", cue_list, false, "cues that turn it red: with them added it must fail, which mpulab run --red shows"},
        {"steps", steps_shape(), false,
         "what the client does, in order; pins still open at the end are closed, the device is removed"},
        {"checks", checks_shape(), false, "what must hold, beside: a whole log, every step's status, no finding"},
    });
}

} // namespace

std::string scenario_word(std::string_view name) {
    std::string word;
    for (const char c : name)
        word += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return word;
}

const Shape& scenario_shape() {
    static const ShapePtr shape = build();
    return *shape;
}

const Shape& included_shape() {
    static const ShapePtr shape = [] {
        std::vector<Field> fields;
        for (const Field& field : scenario_shape().fields) {
            const std::string_view own[] = {"scenario", "why", "package", "known-issue"};
            if (std::find(std::begin(own), std::end(own), field.name) == std::end(own)) fields.push_back(field);
        }
        return map_shape(std::move(fields));
    }();
    return *shape;
}

nlohmann::ordered_json scenario_schema() {
    nlohmann::ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                                     {"$id", "https://mpulab.invalid/schema/scenario-1.json"},
                                     {"$comment", "SPDX-License-Identifier: MIT; written by mpulab run --schema"},
                                     {"title", "mpulab scenario"}};
    schema.update(json_schema(scenario_shape()));
    // What a scenario has to have may be in a file that it includes.
    schema["anyOf"] = {{{"required", {"steps", "checks"}}}, {{"required", nlohmann::ordered_json::array({"include"})}}};
    return schema;
}

std::string scenario_reference() {
    return markdown(scenario_shape());
}

} // namespace mpulab
