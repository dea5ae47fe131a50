// SPDX-License-Identifier: MIT
// One scenario from its machine to its result.
#pragma once

#include "cli/run.hpp"
#include "cli/run_record.hpp"
#include "cli/worker_pool.hpp"
#include "scenario/scenario.hpp"

namespace mpulab {

class LookCache;

struct RunOutcome {
    RunFacts facts;
    Judgement judgement;
    std::string document; // result.json
};

/// What a driver registered, looked at once for all scenarios that run it in the same machine.
std::shared_ptr<LookCache> make_look_cache();

/// Never throws for what is wrong with the run: that is its judgement. May be called from several threads at once.
/// `slot`: where the run's worker is, or is put; nullptr: it gets a machine of its own.
RunOutcome run_scenario(const RunOptions& options, const Scenario& scenario, LookCache& looks, WorkerSlot* slot);

/// Runs whose keys are equal can share a worker.
std::string machine_key(const RunOptions& options, const Scenario& scenario);

} // namespace mpulab
