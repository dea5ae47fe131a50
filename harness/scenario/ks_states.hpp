// SPDX-License-Identifier: MIT
#pragma once

#include <array>

namespace mpulab {

/// What a scenario calls the KSSTATEs (ks.h: KSSTATE_STOP is 0 … KSSTATE_RUN 3).
inline constexpr std::array<const char*, 4> kKsStates = {"stop", "acquire", "pause", "run"};

} // namespace mpulab
