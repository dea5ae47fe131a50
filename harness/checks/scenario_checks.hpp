// SPDX-License-Identifier: MIT
// The checks a scenario names, over the event log.
#pragma once

#include "checks/check.hpp"
#include "scenario/scenario_run.hpp"

namespace mpulab {

/// A run of a scenario, as checks see it.
RunView scenario_view(const EventLog& log, const Scenario& scenario, const ScenarioRun& run);

/// What every scenario is judged by (a whole log, the status of each step, no finding but those it names), then its own
/// checks in their order. `view`: scenario_view().
std::vector<CheckResult> run_scenario_checks(const RunView& view, const Scenario& scenario, const ScenarioRun& run);

} // namespace mpulab
