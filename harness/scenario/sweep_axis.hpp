// SPDX-License-Identifier: MIT
// One axis of a sweep: a name and the values it takes, as they are written on a command line.
#pragma once

#include <string>
#include <vector>

namespace mpulab {

struct SweepAxis {
    std::string name;
    std::vector<std::string> values;
};

inline constexpr size_t kMaxSweepValues = 10'000; // of an axis, and of all combinations

/// "rx-fifo=1..64", "depth=1..64:4" (in steps), "late=0..4ms" (a unit for all), "msi=on,off". Throws Error with
/// ExitCode::Usage.
SweepAxis parse_sweep_axis(const std::string& text);

} // namespace mpulab
