// SPDX-License-Identifier: MIT
// KSSTATE moves one step at a time (reference portcls-midi.md §2.4, §2.10). Pure.
#pragma once

#include <stdint.h>

namespace portcls {

inline constexpr uint32_t kStateCount = 4; /* STOP 0, ACQUIRE 1, PAUSE 2, RUN 3 */

/** Walks from `state` to `target` by calling `step(next)`, which answers a status (>= 0: success). The first failure on
 * the way up walks back to where it began and is returned; failures on the way down cannot be honoured and are ignored.
 * `state` follows every step. */
template <class Step> int32_t walk_state(uint32_t& state, uint32_t target, Step step) {
    const uint32_t origin = state;
    while (state < target) {
        int32_t status = step(state + 1);
        if (status < 0) {
            while (state > origin) {
                step(state - 1);
                --state;
            }
            return status;
        }
        ++state;
    }
    while (state > target) {
        step(state - 1);
        --state;
    }
    return 0;
}

} // namespace portcls
