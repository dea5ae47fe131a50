// SPDX-License-Identifier: MIT
// Interrupts in numbers.
#pragma once

#include "events/event_log.hpp"

#include <cstdint>

namespace mpulab {

struct InterruptStatistics {
    uint64_t taken = 0;          // INTERRUPT records that an ISR claimed
    uint64_t polled = 0;         // those that none did, because the byte they came for had been polled away
    uint64_t spurious = 0;       // those that none did, and there was no such byte
    uint64_t first_spurious = 0; // its record's number
    uint64_t rises = 0;          // times the card's line rose
    uint64_t latencies = 0;      // rises that the driver's InterruptRoutine answered; of these, rise → CALL_ENTER:
    uint64_t min_ns = 0;
    uint64_t p50_ns = 0;
    uint64_t p99_ns = 0;
    uint64_t max_ns = 0;
};

/// Of one card. A rise that comes while an earlier one is unanswered counts from the earlier one; one whose byte was
/// polled away before a routine ran counts in `rises` only.
InterruptStatistics interrupt_statistics(const EventLog& log, uint32_t unit);

} // namespace mpulab
