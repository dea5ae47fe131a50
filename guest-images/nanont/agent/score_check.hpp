// SPDX-License-Identifier: MIT
// All of a score is checked before any of it is played: it comes from outside the guest. Pure; the format is
// guest-images/agent/score.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <score.h>

namespace agent {

/** What is wrong with a score. step 0: its header. */
struct ScoreFault {
    const char* reason; /* NULL: nothing is */
    uint32_t step;
    uint64_t seen, expected;
};

/** Checks every byte's meaning: header, each step's opcode, sizes, flags, padding and arguments, and that slots are
 * opened before they are used, as what they are. `score` must be 8-aligned. Returns {} for a good score. */
ScoreFault check_score(const uint8_t* score, size_t bytes);

/** One step of a score that check_score() has passed. */
struct ScoreStep {
    uint32_t number; /* 1.. */
    mpulab_step head;
    const uint8_t* arguments; /* 8-aligned, head.size bytes */
};

/** Walks a checked score. */
class ScoreWalk {
  public:
    explicit ScoreWalk(const uint8_t* score);
    bool next(ScoreStep& step);

  private:
    const uint8_t* at_;
    uint32_t count_;
    uint32_t number_ = 0;
};

/** Name of an opcode, as score.h spells it after MPULAB_OP_. */
const char* opcode_name(uint16_t opcode);

} // namespace agent
