// SPDX-License-Identifier: MIT
// What the driver counts about one card. Each counter has one writer at a time (named behind it); readers may see a
// value that is a moment old.
#pragma once

#include <stdint.h>

#include "atomic.hpp"

namespace mpusynth {

struct Counters {
    Atomic<uint32_t> bytes_out;           // taken from the client; Output::write
    Atomic<uint32_t> bytes_out_dropped;   // taken and never given to the card; Output::finish
    Atomic<uint32_t> bytes_in;            // put into the capture queue; interrupt or poll
    Atomic<uint32_t> capture_overruns;    // found the capture queue full and are lost; interrupt or poll
    Atomic<uint32_t> interrupts;          // in which the card had a byte; interrupt
    Atomic<uint32_t> spurious_interrupts; // in which it had none; interrupt
    Atomic<uint32_t> resets;              // RESET commands written; PASSIVE_LEVEL
};

} // namespace mpusynth
