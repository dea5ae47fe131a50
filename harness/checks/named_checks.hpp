// SPDX-License-Identifier: MIT
// Checks that a scenario names, one or two a file. `check` is the scenario's entry as YamlReader gives it
// (scenario/format_checks.cpp has its keys).
#pragma once

#include "checks/check.hpp"
#include "checks/interrupts.hpp"

#include <nlohmann/json.hpp>
#include <span>

namespace mpulab {

CheckResult check_interrupt_bounds(const RunView& view, const nlohmann::json& check);
CheckResult check_interrupts_over_seeds(const InterruptStatistics& numbers, const nlohmann::json& check);
CheckResult check_fifo(const RunView& view, const nlohmann::json& check);
CheckResult check_registers(const RunView& view, const nlohmann::json& check);
CheckResult check_callback(const RunView& view, const nlohmann::json& check);
CheckResult check_states(const RunView& view, const nlohmann::json& check);
CheckResult check_count(const EventLog& log, const nlohmann::json& check); // never, count
CheckResult check_follows(const EventLog& log, const nlohmann::json& check);

/// Where a check stands, for its name: "wire-equals:12".
std::string name_of_check(const nlohmann::json& check);

/// The records a check looks at: from after-marker to before-marker, where it names them.
std::span<const mpulab_record> between_markers(const EventLog& log, const nlohmann::json& check);

} // namespace mpulab
