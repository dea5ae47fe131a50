// SPDX-License-Identifier: MIT
#include "scenario/format.hpp"

#include "agent/score.h"
#include "events/names.hpp"
#include "midi/traffic.hpp"
#include "probe/plan.h"
#include "scenario/choices.hpp"

#include <algorithm>
#include <string_view>

namespace mpulab {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;
constexpr int64_t kYear = 31'536'000'000'000'000;
constexpr int64_t kMs = 1'000'000;

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

ShapePtr steps() {
    const ShapePtr handle = text_shape();
    const Field expect{
        "expect", text_shape(), false,
        "the step's status: success (default), any, or one such as STATUS_INVALID_DEVICE_STATE, 0xc0000184"};
    const Field within{"within", time_shape(kMs, kHour), false, "how long it may take; default 5s"};
    const Field of_render{"of", handle, false, "the pin's name; default render"};
    const Field of_capture{"of", handle, false, "the pin's name; default capture"};
    const Field to_render{"to", handle, false, "the pin's name; default render"};
    const Field unit{"unit", number_shape(0, 254), false, "which device; default 0"};
    const Field as{"as", handle, false, "the name of what is opened; default: that word"};
    std::vector<std::string> requests;
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument) requests.push_back(scenario_word(#NAME));
#include "agent/score_requests.def"
#undef MPULAB_DEVICE_REQUEST

    return list_shape(
        verbs_shape({
            {"open",
             word_shape({"render", "capture"}),
             {as,
              {"pin", number_shape(0, 255), false, "its number; default: the first that streams MIDI that way"},
              expect,
              within},
             "a pin: where bytes go out to the driver, or come in from it"},
            {"open-device",
             text_shape(),
             {{"as", handle, true, "its name from here on"}, expect, within},
             "any device, symbolic link or interface, by its NT name"},
            {"state",
             word_shape({"stop", "acquire", "pause", "run"}),
             {of_render,
              {"exactly", flag_shape(), false,
               "one KSPROPERTY_CONNECTION_STATE; default: by the states between, as clients do"},
              expect,
              within},
             "KSSTATE of a pin"},
            {"write",
             bytes_shape(1, kMaxWriteBytes),
             {to_render,
              {"at", time_shape(0, kHour), false, "on the stream's clock; default 0: at once"},
              expect,
              within},
             "bytes to a render pin: one IOCTL_KS_WRITE_STREAM, which the next step does not wait for"},
            {"play",
             text_shape(),
             {to_render,
              {"at", time_shape(0, kHour), false, "where the song's start lies on the stream's clock; default 10ms"},
              expect,
              within},
             "a Standard MIDI File, as mpulab play does"},
            {"generate",
             word_shape(traffic_names()),
             {{"bytes", number_shape(1, 1'000'000), true, "about how many"},
              {"seed", number_shape(0, INT64_MAX), false, "of what is drawn; default: the run's"},
              {"pace", time_shape(0, kHour), false, "from one byte to the next; default 320us, the wire's own"},
              to_render,
              {"at", time_shape(0, kHour), false, "of the first byte on the stream's clock; default 10ms"},
              expect,
              within},
             "drawn MIDI: messages of a kind, always the same for a seed"},
            {"wait-writes", handle, {expect, within}, "until no write of that pin is in flight"},
            {"read",
             handle,
             {{"buffer", number_shape(16, 65'536), false, "bytes of each read; default 2056"},
              {"in-flight", number_shape(1, MPULAB_SCORE_MAX_PENDING), false, "how many are kept pending; default 4"},
              expect},
             "keep reads of a capture pin pending from now on"},
            {"wait-captured",
             number_shape(1, 1'000'000'000),
             {of_capture, expect, within},
             "until so many bytes have come"},
            {"stop-reading", handle, {expect, within}, "cancel the reads and wait for their end"},
            {"wait", time_shape(1, kHour), {}, "virtual time passes"},
            {"marker", number_shape(1, UINT32_MAX), {}, "a mark in the event log; cues may wait for it"},
            {"close", handle, {expect, within}, "close a pin or device"},
            {"device",
             word_shape(requests),
             {unit,
              {"argument", number_shape(0, UINT32_MAX), false,
               "set-power, query-power: D-state 0-3; sleep: S-state 1-4; start: unit whose resources it gets; "
               "fail-call: n; deal-resources: a number of resource_lists.def"},
              {"elsewhere", flag_shape(), false, "start: other addresses, of a PCI function"},
              expect,
              within},
             "one request of the PnP or power manager (guest-images/agent/score_requests.def)"},
            {"remove", number_shape(0, 254), {expect, within}, "query-remove, remove, unload"},
            {"ioctl",
             number_shape(0, UINT32_MAX),
             {{"to", handle, true, "name of the open device or pin"},
              {"input", bytes_shape(0, MPULAB_SCORE_MAX_IOCTL_BYTES), false, "what it is given"},
              {"output", number_shape(0, MPULAB_SCORE_MAX_IOCTL_BYTES), false, "room for the answer in bytes"},
              {"fill", bytes_shape(0, MPULAB_SCORE_MAX_IOCTL_BYTES), false, "what stands in the output buffer before"},
              {"pend", flag_shape(), false, "the next step begins at once"},
              expect,
              within},
             "an IOCTL with these bytes"},
            {"wait-ioctls", handle, {expect, within}, "until no IOCTL of that handle is in flight"},
            {"cancel", handle, {expect, within}, "cancel what that handle has in flight"},
        }),
        1, kMaxScenarioSteps);
}

ShapePtr checks() {
    std::vector<std::string> kinds;
    for (uint16_t kind = 1; kind < 256; ++kind) {
        if (const KindInfo* info = kind_info(kind)) kinds.emplace_back(info->name);
    }
    const ShapePtr kind = word_shape(kinds);
    const Field a{"a", number_shape(0, INT64_MAX), false, "only those whose word a is this (mpulab_link_kinds.def)"};
    const Field b{"b", number_shape(0, INT64_MAX), false, "only those whose word b is this"};
    const Field c{"c", number_shape(0, INT64_MAX), false, "only those whose word c is this"};
    const Field unit{"unit", number_shape(0, 254), false, "of which card; default: any"};
    const Field card_unit{"unit", number_shape(0, 254), false, "of which card; default 0"};
    const Field after{"after-marker", number_shape(1, UINT32_MAX), false, "only from that marker on"};
    const Field before{"before-marker", number_shape(1, UINT32_MAX), false, "only up to that marker"};
    return list_shape(
        verbs_shape({
            {"wire-equals",
             bytes_shape(0, kMaxWriteBytes, {"written", "nothing"}),
             {card_unit},
             "MIDI OUT carried these bytes and no others; written: what the steps wrote, in order"},
            {"wire-contains",
             bytes_shape(1, kMaxWriteBytes),
             {card_unit, {"times", number_shape(1, 1'000'000), false, "exactly so often; default: at least once"}},
             "these bytes one after the other on MIDI OUT"},
            {"captured-equals",
             bytes_shape(0, kMaxWriteBytes, {"injected", "written", "nothing"}),
             {},
             "the client read these bytes and no others; injected: what the cues inject, in order"},
            {"nothing-lost", flag_shape(), {}, "no byte was lost in the card"},
            {"interrupts",
             word_shape({"claimed"}),
             {card_unit,
              {"at-least", number_shape(0, INT64_MAX), false, "taken"},
              {"at-most", number_shape(0, INT64_MAX), false, "taken"},
              {"latency-p99", time_shape(1, kHour), false, "from the line's rise to the routine's entry at most"},
              {"latency-max", time_shape(1, kHour), false, "the same of the worst"}},
             "some were taken, and none that no routine claimed"},
            {"never", kind, {a, b, c, unit, after, before}, "no such record"},
            {"count",
             kind,
             {a,
              b,
              c,
              unit,
              after,
              before,
              {"exactly", number_shape(0, INT64_MAX), false, "so many"},
              {"at-least", number_shape(0, INT64_MAX), false, "so many"},
              {"at-most", number_shape(0, INT64_MAX), false, "so many"}},
             "how many such records; default: at least one"},
            {"follows",
             kind,
             {a,
              b,
              c,
              unit,
              after,
              before,
              {"each", kind, true, "the record it has to follow"},
              {"each-a", number_shape(0, INT64_MAX), false, "only those whose word a is this"},
              {"each-b", number_shape(0, INT64_MAX), false, "only those whose word b is this"},
              {"within", time_shape(1, kHour), true, "how soon after each of them"}},
             "after each record of one kind comes one of another"},
            {"finding", number_shape(1, 84), {}, "the guest reports this rule, V01 to V84; else no finding is allowed"},
        }),
        1, 1'000);
}

ShapePtr build() {
    const ShapePtr cue_list = cues();
    return map_shape({
        {"scenario", text_shape(), true, "what must hold, as a sentence"},
        {"why", text_shape(), false, "one line: where it comes from, what breaks it"},
        {"tags", list_shape(text_shape(), 0, 32), false, "for mpulab run --tag"},
        {"parameters", table_shape(values_shape(), 16), false,
         "name: value, or a list of values: then a run for each combination; ${name} in a value stands for it"},
        {"seed", number_shape(0, INT64_MAX), false, "of the run; default 0"},
        {"cpus", number_shape(1, 2), false, "processors; with 2 the seed makes the schedule"},
        {"package", text_shape(), false,
         "driver package, from this file's folder; default: the bundled one, or --package"},
        {"profile", text_shape(), false, "the Windows nanont says it is"},
        {"card", card(), false, "the card's properties"},
        {"choices", choices(), false, "answers where Windows is undocumented"},
        {"verifier", text_shape(), false,
         "rules that are on: all, none, or groups and rules as in deadlock,V16 or all,-V24 (mpulab rules lists them)"},
        {"known-issue",
         map_shape({{"reason", text_shape(), true, "why it fails"},
                    {"reference", text_shape(), true, "where it is tracked"}}),
         false, "it fails today: exit code 0, and an error when it passes"},
        {"cues", cue_list, false, "what the card does by itself"},
        {"red", cue_list, false, "cues that turn it red: with them added it must fail, which mpulab run --red shows"},
        {"steps", steps(), true,
         "what the client does, in order; pins still open at the end are closed, the device is removed"},
        {"checks", checks(), true, "what must hold, beside: a whole log, every step's status, no finding"},
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

nlohmann::ordered_json scenario_schema() {
    nlohmann::ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                                     {"$id", "https://mpulab.invalid/schema/scenario-1.json"},
                                     {"$comment", "SPDX-License-Identifier: MIT; written by mpulab run --schema"},
                                     {"title", "mpulab scenario"}};
    schema.update(json_schema(scenario_shape()));
    return schema;
}

std::string scenario_reference() {
    return markdown(scenario_shape());
}

} // namespace mpulab
