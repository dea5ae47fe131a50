// SPDX-License-Identifier: MIT
// A scenario as a machine gets it: score and cues, and what its checks need to know of them.
#pragma once

#include "scenario/scenario.hpp"
#include "scenario/song_targets.hpp"

#include <set>

namespace mpulab {

/// What a step's status must be, and not success.
struct ExpectedStatus {
    std::string step; // "close (a.yaml:12)"
    uint32_t status = 0;
};

struct ScenarioRun {
    Bytes score;
    Bytes cues; // CUES section for card 0; empty: none
    bool wire = true;
    std::set<uint64_t> may_fail;                 // score steps whose failure the check "steps" passes over
    std::map<uint64_t, ExpectedStatus> expected; // of score steps; all others must succeed
    std::map<uint64_t, std::string> steps;       // where each score step comes from: "write (a.yaml:12)"
    Bytes written;                               // to render pins, in order
    Bytes injected;                              // by cues, in the order they are written down
};

/// What is wrong with a scenario beyond its form: handles nobody opened, markers nobody reaches, files that are not
/// there. All of it is known before anything boots.
void proofread(const Scenario& scenario, std::vector<Complaint>& complaints);

/// `targets`: the pins of the driver it is run with; `wire`: the package has a card under it. Throws Error when the
/// driver has no pin of a kind that a step opens, or the score becomes too large.
ScenarioRun compile_scenario(const Scenario& scenario, const SongTargets& targets, bool wire);

} // namespace mpulab
