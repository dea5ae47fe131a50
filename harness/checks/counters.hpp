// SPDX-License-Identifier: MIT
// What the driver counted, as it answered the property of agent/counters.h at the end of the run.
#pragma once

#include "agent/counters.h"
#include "events/event_log.hpp"
#include "scenario/song_run.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mpulab {

struct DriverCounters {
    std::optional<mpulab_counters> counters; // what a shorter answer lacks is MPULAB_COUNTER_NONE
    std::string absent;                      // why there are none, when that is no fault
    std::string wrong;                       // what is wrong with the answer
    std::optional<uint64_t> record;          // the step's end
    uint64_t begun = UINT64_MAX;             // record of its beginning: what came before it is counted
};

DriverCounters driver_counters(const EventLog& log, const SongRun& run);

/// Each by its name, in the structure's order; empty: not counted by this driver.
std::vector<std::pair<std::string, std::optional<uint32_t>>> counter_values(const mpulab_counters& counters);

} // namespace mpulab
