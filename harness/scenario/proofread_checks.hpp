// SPDX-License-Identifier: MIT
#pragma once

#include "scenario/scenario.hpp"

namespace mpulab {

/// Markers that checks name and no step reaches; bounds that nothing can meet; keys without the one they belong to.
void proofread_checks(const Scenario& scenario, std::vector<Complaint>& complaints);

} // namespace mpulab
