// SPDX-License-Identifier: MIT
// The two lists of plan.h as tables: what a cue's trigger and action are called, and which values their fields take.
#pragma once

#include "../../probe/plan.h"

#include <cstddef>
#include <cstdint>

namespace mpulab {

// What one field of a cue takes. `what` is "-" where the field is not used; least and most are 0 then.
struct CueField {
    const char* what;
    uint64_t least;
    uint64_t most;
};

struct CueTrigger {
    uint32_t number;
    const char* name;
    CueField argument;
};

struct CueAction {
    uint32_t number;
    const char* name;
    CueField count;
    CueField time;
    CueField value;
};

inline constexpr CueTrigger kCueTriggers[] = {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) {number, name, {argument, 0, most}},
#include "../../probe/mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
};

inline constexpr CueAction kCueActions[] = {
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    {number, name, {count, count_least, count_most}, {time, time_least, time_most}, {value, value_least, value_most}},
#include "../../probe/mpulab_cue_actions.def"
#undef MPULAB_ACTION
};

// nullptr: no such number.
constexpr const CueTrigger* find_trigger(uint32_t number) {
    for (const CueTrigger& trigger : kCueTriggers) {
        if (trigger.number == number) return &trigger;
    }
    return nullptr;
}
constexpr const CueAction* find_action(uint32_t number) {
    for (const CueAction& action : kCueActions) {
        if (action.number == number) return &action;
    }
    return nullptr;
}

// Bits of one word stand for triggers, of another for actions in force.
inline constexpr uint32_t kCueNumberLimit = 32;
static_assert([] {
    for (const CueTrigger& trigger : kCueTriggers) {
        if (trigger.number >= kCueNumberLimit) return false;
    }
    for (const CueAction& action : kCueActions) {
        if (action.number >= kCueNumberLimit) return false;
    }
    return true;
}());

} // namespace mpulab
