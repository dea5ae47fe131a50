// SPDX-License-Identifier: MIT
// What a card that no bus reports gets: one range and one interrupt of the INF's LogConfig sections ("INF LogConfig
// Directive", learn.microsoft.com).
#pragma once

#include "package/inf_facts.hpp"
#include "package/inf_lint.hpp"

#include <optional>

namespace mpulab {

struct AssignedResources {
    std::string section; // that offers them
    uint32_t first_port = 0;
    uint32_t last_port = 0;
    std::optional<uint32_t> irq; // none: the section has no IRQConfig
};

/// The section as `choose_log_config` wants it.
InfLogConfig read_log_config(const InfSection& section);

/// What Windows' setup could not read in that section: a priority that is not there or unknown, ports and interrupts
/// that are no numbers. Memory and DMA lines are passed over, as below.
std::vector<InfFinding> lint_log_config(const InfSection& section);

/// The first offer, in the sections' order, that has the card's settings; where the card's are not said (empty), the
/// offer's first; interrupts that this machine has for itself (0, 1, 2, 8, 9, 13) are passed over then. Throws Error: a
/// line that cannot be read, or no offer has those settings. Memory and DMA lines are left to cards that have such.
AssignedResources choose_log_config(const std::vector<InfLogConfig>& configs, std::optional<uint32_t> port,
                                    std::optional<uint32_t> irq);

} // namespace mpulab
