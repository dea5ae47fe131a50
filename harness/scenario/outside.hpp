// SPDX-License-Identifier: MIT
// What a command line may set of a scenario that has no parameter for it: properties of the card, and some keys of the
// file. Names and values are those of the format.
#pragma once

#include "scenario/scenario.hpp"

namespace mpulab {

/// "rx-fifo", "dpc-delay": all that set_outside() takes.
std::vector<std::string> outside_names();

/// Puts `value` in place of the scenario's own. Throws Error with ExitCode::Usage when it does not fit; `where`:
/// "--set", for that.
void set_outside(Scenario& scenario, const std::string& name, const std::string& value, const char* where);

/// Error with ExitCode::Usage: `name` is neither one of `parameters` nor of outside_names(); the nearest is named.
[[noreturn]] void refuse_name(const std::string& name, std::vector<std::string> parameters, const char* where);

} // namespace mpulab
