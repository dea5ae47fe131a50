// SPDX-License-Identifier: MIT
// Scores from anywhere: checking one touches nothing outside it, and one that is accepted can be walked to its end.
#include "score_check.hpp"

#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::vector<uint8_t> score(data, data + size);
    if (size >= sizeof(mpulab_score_header)) { // past the header's gates, or nearly every input would stop there
        std::memcpy(score.data(), MPULAB_SCORE_MAGIC, 8);
        const uint32_t fixed[] = {MPULAB_SCORE_VERSION, score[12], static_cast<uint32_t>(size), 0};
        std::memcpy(score.data() + 8, fixed, sizeof fixed);
    }
    const agent::ScoreFault fault = agent::check_score(score.data(), score.size());
    if (fault.reason) return 0;
    agent::ScoreWalk walk(score.data());
    agent::ScoreStep step{};
    const uint8_t* end = score.data() + sizeof(mpulab_score_header);
    while (walk.next(step)) {
        end = step.arguments + (step.head.size + 7u) / 8 * 8;
        if (step.arguments < score.data() || end > score.data() + score.size()) std::abort();
    }
    if (end != score.data() + score.size()) std::abort();
    return 0;
}
