// SPDX-License-Identifier: MIT
// What the driver counts about one card: the property of agent/counters.h, kept. Each counter has one writer at a time;
// readers may see a value that is a moment old.
#pragma once

#include <stdint.h>

#include "agent/counters.h"
#include "atomic.hpp"

namespace mpusynth {

struct Counters {
#define MPULAB_COUNTER(name, text) Atomic<uint32_t> name;
#include "agent/counters.def"
#undef MPULAB_COUNTER

    /// As a client gets them. Any IRQL.
    [[nodiscard]] mpulab_counters snapshot() const {
        mpulab_counters now = {};
        now.size = sizeof now;
        now.version = MPULAB_COUNTERS_VERSION;
#define MPULAB_COUNTER(name, text) now.name = name.load_relaxed() % MPULAB_COUNTER_NONE;
#include "agent/counters.def"
#undef MPULAB_COUNTER
        return now;
    }
};

} // namespace mpusynth
