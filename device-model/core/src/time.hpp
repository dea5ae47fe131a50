// SPDX-License-Identifier: MIT
// Virtual time, as the caller gives it: nanoseconds since the machine's start.
#pragma once

#include <cstdint>

namespace mpulab {

using Nanoseconds = int64_t;

inline constexpr Nanoseconds kNever = INT64_MAX;

// `time` + `delay`, which stops at kNever: a restored state may hold any time, and none may wrap round.
constexpr Nanoseconds after(Nanoseconds time, Nanoseconds delay) {
    return time > kNever - delay ? kNever : time + delay;
}

} // namespace mpulab
