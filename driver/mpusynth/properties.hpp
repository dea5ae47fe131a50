// SPDX-License-Identifier: MIT
// The filter's own property: its counters (agent/counters.h).
#pragma once

#include "wdk.hpp"

namespace mpusynth {

extern const PCAUTOMATION_TABLE kFilterProperties;

} // namespace mpusynth
