// SPDX-License-Identifier: MIT
// Cue sections drawn from a seed, for tests of what holds for any of them.
#pragma once

#include "plan_bytes.hpp"
#include "test_card.hpp"

#include <algorithm>

// Up to six cues that inject bytes, at a time or at a marker.
inline Bytes random_injections(Lots& lots) {
    std::vector<mpulab_cue> cues;
    Bytes bytes;
    for (uint64_t i = lots.below(6); i > 0; --i) {
        const auto size = static_cast<uint32_t>(1 + lots.below(20));
        const auto trigger = static_cast<uint32_t>(lots.below(2));
        const auto marker = static_cast<uint32_t>(lots.below(3));
        cues.push_back(inject(trigger, trigger == MPULAB_TRIGGER_TIME ? 0 : marker, lots.below(300'000'000), size));
        for (uint32_t n = 0; n < size; ++n)
            bytes.push_back(lots.byte());
    }
    return cue_section(cues, bytes);
}

// A cue of any trigger and any action, most of them soon and often.
inline mpulab_cue random_cue(Lots& lots, Bytes& bytes) {
    struct Bounds {
        uint64_t least, most;
    };
    static constexpr uint64_t kArguments[] = {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) most,
#include "mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
    };
    static constexpr Bounds kFields[][3] = {
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    {{count_least, count_most}, {time_least, time_most}, {value_least, value_most}},
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    };
    const auto draw = [&lots](Bounds bounds, uint64_t spread) {
        return bounds.least + lots.below(std::min(bounds.most - bounds.least, spread) + 1);
    };
    const auto trigger = static_cast<uint32_t>(lots.below(std::size(kArguments)));
    const auto action = static_cast<uint32_t>(lots.below(std::size(kFields)));
    const Bounds(&fields)[3] = kFields[action];
    const bool by_time = trigger == MPULAB_TRIGGER_TIME;

    mpulab_cue entry = cue(trigger, action + 1);
    entry.argument = static_cast<uint32_t>(draw({0, kArguments[trigger]}, 3));
    entry.first = by_time ? 1 : static_cast<uint32_t>(1 + lots.below(5));
    if (lots.below(2) == 0) {
        entry.firings = static_cast<uint32_t>(2 + lots.below(40));
        entry.every = by_time ? 1'000 + lots.below(30'000'000) : 1 + lots.below(4);
    }
    if (by_time || lots.below(2) == 0) entry.delay_ns = lots.below(by_time ? 200'000'000 : 2'000'000);
    if (lots.below(3) == 0) entry.jitter_ns = lots.below(by_time ? 1'000 : 3'000'000);
    entry.count = static_cast<uint32_t>(draw(fields[0], 4));
    entry.time_ns = draw(fields[1], lots.below(2) == 0 ? 40'000 : 20'000'000);
    entry.value = static_cast<uint32_t>(draw(fields[2], 255));
    if (entry.action == MPULAB_ACTION_INJECT) {
        for (uint32_t n = 0; n < entry.count; ++n)
            bytes.push_back(lots.byte());
    }
    return entry;
}

// Up to twelve cues of any kind.
inline Bytes random_cues(Lots& lots) {
    std::vector<mpulab_cue> cues;
    Bytes bytes;
    for (uint64_t i = lots.below(13); i > 0; --i)
        cues.push_back(random_cue(lots, bytes));
    return cue_section(cues, bytes, lots.next());
}
