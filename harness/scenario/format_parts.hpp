// SPDX-License-Identifier: MIT
// Parts of the scenario format (scenario/format.cpp) that have files of their own.
#pragma once

#include "scenario/shape.hpp"

namespace mpulab {

inline constexpr int64_t kHour = 3'600'000'000'000; // ns: the most that most times of a scenario may be

inline constexpr int64_t kMaxSeeds = 10'000;

/// What the client does.
ShapePtr steps_shape();
/// What must hold.
ShapePtr checks_shape();

} // namespace mpulab
