// SPDX-License-Identifier: MIT
#pragma once

#include "scenario/scenario_run.hpp"

namespace mpulab {

/// Markers that checks name and no step reaches; bounds that nothing can meet; keys without the one they belong to.
void proofread_checks(const Scenario& scenario, std::vector<Complaint>& complaints);

/// Pins that captured-equals names and no step of `run` reads from; several cards, and none is named.
void proofread_captures(const Scenario& scenario, const ScenarioRun& run, std::vector<Complaint>& complaints);

} // namespace mpulab
