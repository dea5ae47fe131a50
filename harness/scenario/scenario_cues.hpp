// SPDX-License-Identifier: MIT
// The cues of a scenario: a section of the plan for its card.
#pragma once

#include "common/bytes.hpp"
#include "scenario/scenario.hpp"

#include <algorithm>
#include <set>

namespace mpulab {

/// Fields that their trigger or action does not take, markers that no step reaches.
void proofread_cues(const Scenario& scenario, std::vector<Complaint>& complaints);

/// The CUES section of card `unit`; `injected` gets the bytes that cues bring in at its MIDI IN. Empty: there is no
/// cue.
Bytes compile_cues(const Scenario& scenario, uint32_t unit, Bytes& injected);

/// What the cues of a run wait for: a machine in which something of it has happened is not fresh to them.
struct CueReach {
    std::set<uint16_t> kinds;       // MPULAB_KIND_* that tell of events they count
    uint64_t first_ns = UINT64_MAX; // the earliest of those that act at a time

    /// Those of another card, too.
    void add(const CueReach& other) {
        kinds.insert(other.kinds.begin(), other.kinds.end());
        first_ns = std::min(first_ns, other.first_ns);
    }
};

/// Of a CUES section as compile_cues() makes it.
CueReach cue_reach(ByteView section);

} // namespace mpulab
