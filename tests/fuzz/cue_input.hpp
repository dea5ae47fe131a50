// SPDX-License-Identifier: MIT
// A CUES section out of a fuzzer's bytes: header and offsets right, every field within its bounds but where the input
// wants one that is not, so that both the parser and what lies behind it are reached.
#pragma once

#include "plan.h"

#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

struct CueInput {
    std::vector<uint8_t> section;
    bool has_faults = false; // any cue but INJECT: what STATUS and the line show is then theirs
};

// `next` gives the input's next byte.
template <typename Next> CueInput make_cues(Next&& next) {
    struct Bounds {
        uint64_t least, most;
    };
    static constexpr uint64_t kArguments[] = {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) most,
#include "mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
    };
    static constexpr Bounds kFields[][3] = {
#define MPULAB_ACTION(number, NAME, name, text, c, least_c, most_c, t, least_t, most_t, v, least_v, most_v)            \
    {{least_c, most_c}, {least_t, most_t}, {least_v, most_v}},
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    };
    const auto within = [&next](Bounds bounds) { // near an end, mostly: a count of millions is a long run, no new path
        const uint64_t room = bounds.most - bounds.least;
        const uint64_t step = next();
        return bounds.least + (step * step * step < room ? step * step * step % 4096
                               : room == 0               ? 0
                                                         : step % (room + 1));
    };

    CueInput made;
    const size_t count = next() % 8;
    const auto table_end = static_cast<uint32_t>(sizeof(mpulab_cues_header) + count * sizeof(mpulab_cue));
    mpulab_cues_header header = {};
    std::memcpy(header.magic, MPULAB_CUES_MAGIC, sizeof header.magic);
    header.version = MPULAB_CUES_VERSION;
    header.size = table_end + 4;
    header.cue_count = static_cast<uint32_t>(count);
    header.seed = next();
    made.section.resize(header.size, 0x90);
    std::memcpy(made.section.data(), &header, sizeof header);
    for (size_t i = 0; i < count; ++i) {
        mpulab_cue cue = {};
        cue.trigger = next() % std::size(kArguments);
        cue.argument = static_cast<uint32_t>(next() % 4 % (kArguments[cue.trigger] + 1));
        const bool by_time = cue.trigger == MPULAB_TRIGGER_TIME;
        const uint8_t shape = next();
        cue.first = by_time ? 1 : 1u + shape % 4;
        cue.firings = shape & 16 ? 2u + next() : 1;
        cue.every = cue.firings == 1 ? 0 : by_time ? 1'000u + 1'000u * next() : 1u + next() % 4;
        cue.delay_ns = shape & 32 ? uint64_t{next()} * next() * 1'000 : 0;
        cue.jitter_ns = shape & 64 ? uint64_t{next()} * 4 : 0;
        const uint32_t action = next() % std::size(kFields);
        cue.action = action + 1;
        cue.count = static_cast<uint32_t>(within(kFields[action][0]));
        cue.time_ns = within(kFields[action][1]);
        cue.value = static_cast<uint32_t>(within(kFields[action][2]));
        if (cue.action == MPULAB_ACTION_INJECT) {
            cue.count = 1 + cue.count % 4;
            cue.value = table_end;
        } else {
            made.has_faults = true;
        }
        std::memcpy(made.section.data() + sizeof header + i * sizeof cue, &cue, sizeof cue);
        if (shape & 128) made.section[sizeof header + i * sizeof cue + next() % sizeof cue] ^= next();
    }
    if (next() == 0xff) made.section[next() % made.section.size()] ^= next();
    return made;
}
