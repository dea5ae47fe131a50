// SPDX-License-Identifier: MIT
#include "scenario/format_parts.hpp"

#include "events/names.hpp"
#include "link/mpulab_link.h"
#include "scenario/format.hpp"
#include "scenario/ks_states.hpp"
#include "scenario/scenario.hpp"

#include <set>

namespace mpulab {
namespace {

std::vector<std::string> callbacks() {
    return {
#define MPULAB_CALLBACK(value, name, text) #name,
#include "link/mpulab_callbacks.def"
#undef MPULAB_CALLBACK
    };
}

std::vector<std::string> register_rules() {
    return {
#define MPULAB_REGISTER_RULE(NAME, name, text) name,
#include "checks/register_rules.def"
#undef MPULAB_REGISTER_RULE
    };
}

std::string register_rules_text() {
    std::string all = "the driver keeps a rule about the card's registers.";
#define MPULAB_REGISTER_RULE(NAME, name, text) all += std::string(" ") + name + ": " + (text) + ".";
#include "checks/register_rules.def"
#undef MPULAB_REGISTER_RULE
    all.pop_back();
    return all;
}

/// "latency-p50" … "latency-max" (checks/bounds.hpp).
void add_time_bounds(std::vector<Field>& fields, const std::string& what, const std::string& text) {
    const ShapePtr time = time_shape(1, kHour);
    for (const char* percent : {"50", "95", "99"})
        fields.push_back({what + "-p" + percent, time, false, text + ": so much at most, percentile " + percent});
    fields.push_back({what + "-max", time, false, text + ": so much at most, the worst"});
}

/// A number, or a name that this word has in records of some kind; of which one, proofread_checks() sees to.
ShapePtr record_word_shape(int word) {
    std::set<std::string> names;
    for (uint16_t kind = 1; kind < kKindLimit; ++kind) {
        for (const std::string& name : word_names(kind, word))
            names.insert(name);
    }
    return number_shape(0, INT64_MAX, {names.begin(), names.end()});
}

} // namespace

ShapePtr checks_shape() {
    std::vector<std::string> kinds;
    for (uint16_t kind = 1; kind < kKindLimit; ++kind) {
        if (const KindInfo* info = kind_info(kind)) kinds.emplace_back(info->name);
    }
    const ShapePtr kind = word_shape(kinds);
    const ShapePtr number = number_shape(0, INT64_MAX);
    const ShapePtr word_a = record_word_shape(0);
    const ShapePtr word_b = record_word_shape(1);
    const Field a{
        "a", word_a, false,
        "only those whose word a is this: a number (mpulab_link_kinds.def), or one of the names that some words have"};
    const Field b{"b", word_b, false, "only those whose word b is this"};
    const Field c{"c", record_word_shape(2), false, "only those whose word c is this"};
    const Field unit{"unit", number_shape(0, 254), false, "of which card; default: any"};
    const Field card_unit{"unit", number_shape(0, 254), false, "of which card; default 0"};
    const Field after{"after-marker", number_shape(1, UINT32_MAX), false, "only from that marker on"};
    const Field before{"before-marker", number_shape(1, UINT32_MAX), false, "only up to that marker"};
    std::vector<Field> interrupt_fields = {
        card_unit, {"at-least", number, false, "taken"}, {"at-most", number, false, "taken"}};
    add_time_bounds(interrupt_fields, "latency", "from the line's rise to the routine's entry");
    add_time_bounds(interrupt_fields, "duration", "from the routine's entry to its return");
    interrupt_fields.insert(interrupt_fields.end(),
                            {{"unserviced", time_shape(1, kHour), false,
                              "no rise of the line stands longer before a routine or a read of DATA meets it"},
                             {"bytes-least", number, false, "bytes that each claimed interrupt brought at least"},
                             {"bytes-most", number, false, "bytes that each claimed interrupt brought at most"},
                             {"storm", number, false, "so many at most in any stretch of within:, claimed or not"},
                             {"within", time_shape(1, kHour), false, "with storm: how long that stretch is"}});
    std::vector<Field> callback_fields = {after,
                                          before,
                                          {"at-least", number, false, "calls"},
                                          {"at-most", number, false, "calls"},
                                          {"irql-least", number_shape(0, 15), false, "IRQL it is called at, at least"},
                                          {"irql-most", number_shape(0, 15), false, "IRQL it is called at, at most"}};
    add_time_bounds(callback_fields, "duration", "from its entry to its return");
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
             {{"of", text_shape(), false, "the pin's name, with what its card was given; default: all that was read"}},
             "the client read these bytes and no others; injected: what the cues inject, in order"},
            {"nothing-lost", flag_shape(), {}, "no byte was lost in the card"},
            {"interrupts", word_shape({"claimed", kOverSeeds}), interrupt_fields,
             "claimed: some were taken, and none that no routine claimed; over-seeds: the bounds hold for those of all "
             "seeds together"},
            {"fifo",
             word_shape({"rx", "tx"}),
             {card_unit,
              {"at-most", number, false, "bytes it ever held"},
              {"at-least", number, false, "bytes it held at its fullest"},
              {"overruns", number, false, "bytes at most that found no room; default 0"}},
             "how full a FIFO of the card became; tx: what the host wrote, rx: what came from MIDI IN"},
            {"registers", word_shape(register_rules()), {card_unit, after, before}, register_rules_text()},
            {"callback", word_shape(callbacks()), callback_fields,
             "calls of one of the driver's entry points (mpulab_callbacks.def)"},
            {"states",
             list_shape(word_shape({kKsStates.begin(), kKsStates.end()}), 1, 1'000),
             {{"stream", number_shape(1, UINT32_MAX), false, "in the order in which NewStream made them; default 1"},
              after,
              before},
             "the states that the driver's stream was set to, all of them in order"},
            {"never",
             kind,
             {a,
              b,
              c,
              unit,
              after,
              before,
              {"between", kind, false, "only after such a record, up to the next of and:"},
              {"between-a", word_a, false, "only those whose word a is this"},
              {"between-b", word_b, false, "only those whose word b is this"},
              {"and", kind, false, "what ends a stretch that between: began; without one it goes on to the end"},
              {"and-a", word_a, false, "only those whose word a is this"},
              {"and-b", word_b, false, "only those whose word b is this"}},
             "no such record"},
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
              {"each-a", word_a, false, "only those whose word a is this"},
              {"each-b", word_b, false, "only those whose word b is this"},
              {"within", time_shape(1, kHour), true, "how soon after each of them"}},
             "after each record of one kind comes one of another"},
            {"finding", number_shape(1, 84), {}, "the guest reports this rule, V01 to V84; else no finding is allowed"},
        }),
        1, 1'000);
}

} // namespace mpulab
