// SPDX-License-Identifier: MIT
// Which scenarios a command line means.
#pragma once

#include "cli/run.hpp"
#include "scenario/scenario.hpp"

namespace mpulab {

/// All that the command line selects, ordered by path and place, whole and sound. Throws Error: what is wrong with the
/// files has been printed to stderr, all of it; or nothing is selected.
std::vector<Scenario> select_scenarios(const RunOptions& options);

/// "2/5". Throws Error.
Shard parse_shard(const std::string& text);

} // namespace mpulab
