// SPDX-License-Identifier: MIT
// What a run's cues wait for: it decides which snapshot is fresh to them.
#include "link/mpulab_link.h"
#include "scenario/plan.hpp"
#include "scenario/scenario_cues.hpp"

#include "support/catch.hpp"

using namespace mpulab;

namespace {

mpulab_cue cue(uint32_t trigger, uint64_t delay_ns = 0) {
    mpulab_cue made{};
    made.trigger = trigger;
    made.first = made.firings = 1;
    made.delay_ns = delay_ns;
    made.action = MPULAB_ACTION_ADD_IRQ;
    return made;
}

} // namespace

TEST_CASE("a run without cues waits for nothing") {
    const CueReach reach = cue_reach({});
    CHECK(reach.kinds.empty());
    CHECK(reach.first_ns == UINT64_MAX);
}

TEST_CASE("each trigger names the records that tell of its event") {
    const std::pair<uint32_t, std::set<uint16_t>> rows[] = {
        {MPULAB_TRIGGER_MARKER, {MPULAB_KIND_MARKER}},     {MPULAB_TRIGGER_IRQ, {MPULAB_KIND_IRQ, MPULAB_KIND_LATCH}},
        {MPULAB_TRIGGER_WIRE_OUT, {MPULAB_KIND_WIRE_OUT}}, {MPULAB_TRIGGER_WIRE_IN, {MPULAB_KIND_WIRE_IN}},
        {MPULAB_TRIGGER_READ, {MPULAB_KIND_REG_READ}},     {MPULAB_TRIGGER_WRITE, {MPULAB_KIND_REG_WRITE}},
        {MPULAB_TRIGGER_MODE, {MPULAB_KIND_MODE}},
    };
    for (const auto& [trigger, kinds] : rows) {
        const CueReach reach = cue_reach(write_cues(1, {cue(trigger, 5)}, {}));
        CHECK(reach.kinds == kinds);
        CHECK(reach.first_ns == UINT64_MAX); // its delay counts from the event
    }
}

TEST_CASE("every trigger there is is either a time or told by a record"){
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most)                                                       \
    {                                                                                                                  \
        const CueReach reach = cue_reach(write_cues(1, {cue(number)}, {}));                                            \
        CHECK(reach.kinds.empty() == (reach.first_ns == 0));                                                           \
    }
#include "probe/mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
}

TEST_CASE("of cues at a time the earliest counts") {
    const CueReach reach = cue_reach(
        write_cues(1, {cue(MPULAB_TRIGGER_TIME, 900), cue(MPULAB_TRIGGER_TIME, 300), cue(MPULAB_TRIGGER_MODE)}, {}));
    CHECK(reach.first_ns == 300);
    CHECK(reach.kinds == std::set<uint16_t>{MPULAB_KIND_MODE});
}
