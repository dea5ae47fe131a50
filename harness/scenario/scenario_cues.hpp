// SPDX-License-Identifier: MIT
// The cues of a scenario: a section of the plan for its card.
#pragma once

#include "common/bytes.hpp"
#include "scenario/scenario.hpp"

namespace mpulab {

/// Fields that their trigger or action does not take, markers that no step reaches.
void proofread_cues(const Scenario& scenario, std::vector<Complaint>& complaints);

/// The CUES section; `injected` gets the bytes that cues bring in at MIDI IN. Empty: there is no cue.
Bytes compile_cues(const Scenario& scenario, Bytes& injected);

} // namespace mpulab
