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
    std::map<uint32_t, Bytes> cues; // CUES section of each card that has some
    bool wire = true;
    std::set<uint64_t> may_fail;                 // score steps whose failure the check "steps" passes over
    std::map<uint64_t, ExpectedStatus> expected; // of score steps; all others must succeed
    std::map<uint64_t, std::string> steps;       // where each score step comes from: "write (a.yaml:12)"
    std::vector<uint32_t> snapshots;             // markers at which the machine is saved and put back
    // By card:
    std::map<uint32_t, Bytes> written;  // to render pins, in order
    std::map<uint32_t, Bytes> injected; // by cues, in the order they are written down
    /// A pin that was read from, by its name.
    struct ReadPin {
        uint32_t unit = 0;        // card
        std::set<uint64_t> steps; // score steps that began it
    };
    std::map<std::string, ReadPin> read_pins;
};

/// What is wrong with a scenario beyond its form: handles nobody opened, markers nobody reaches, files that are not
/// there. All of it is known before anything boots.
void proofread(const Scenario& scenario, std::vector<Complaint>& complaints);

/// `targets`: the pins of the driver it is run with; `wire`: the package has a card under it. Throws Error when the
/// driver has no pin of a kind that a step opens, or the score becomes too large; NotForPackage when it is about a card
/// and there is none.
ScenarioRun compile_scenario(const Scenario& scenario, const SongTargets& targets, bool wire);

} // namespace mpulab
