// SPDX-License-Identifier: MIT
// Where in the code a finding is: the addresses its text names, and the stack it was told on.
#pragma once

#include "checks/log_rules.hpp"

namespace mpulab {

/// The places of `finding`, each once: those that its text names as module+0x…, in their order, then the innermost
/// frame of its stack in the module `driver`. They have no lines yet. Empty: the log does not say, which is so of a
/// rule that PortCls finds broken when the driver has already returned.
std::vector<CodePlace> find_places(const RuleFinding& finding, const EventLog& log, const std::string& driver);

} // namespace mpulab
