// SPDX-License-Identifier: MIT
// The checks a scenario names, over the event log.
#pragma once

#include "checks/check.hpp"
#include "scenario/scenario_run.hpp"

namespace mpulab {

/// What every scenario is judged by (a whole log, the status of each step, no finding but those it names), then its own
/// checks in their order.
std::vector<CheckResult> run_scenario_checks(const EventLog& log, const Scenario& scenario, const ScenarioRun& run);

} // namespace mpulab
