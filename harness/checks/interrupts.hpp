// SPDX-License-Identifier: MIT
// Interrupts in numbers.
#pragma once

#include "checks/distribution.hpp"
#include "events/event_log.hpp"
#include "machine/spec.hpp"

#include <cstdint>

namespace mpulab {

struct InterruptStatistics {
    uint64_t taken = 0;          // INTERRUPT records that an ISR claimed
    uint64_t polled = 0;         // those that none did, because the byte they came for had been polled away
    uint64_t spurious = 0;       // those that none did, and there was no such byte
    uint64_t first_spurious = 0; // its record's number
    uint64_t rises = 0;          // times the card's line rose
    Distribution latency_ns;     // of rises that the driver's InterruptRoutine answered: rise → CALL_ENTER
    Distribution duration_ns;    // of calls of it: CALL_ENTER → CALL_LEAVE
    Distribution accesses;       // of calls of it: register accesses inside, to any card
    Distribution charged_ns;     // of calls of it: duration and what its accesses are charged with
    Distribution bytes;          // of calls that claimed the interrupt: reads of DATA inside
    uint64_t unserviced_ns = 0;  // the longest that a rise stood before a routine or a read met it, or the log ended
    uint64_t unserviced_at = 0;  // record where that was over
    uint64_t slowest = 0;        // record of the CALL_ENTER with the worst latency
    uint64_t longest = 0;        // record of the CALL_LEAVE with the longest duration

    /// Another run's, too; records' numbers stay the first run's.
    void add(const InterruptStatistics& other);
};

/// Of one card. A rise that comes while an earlier one is unanswered counts from the earlier one; one whose byte was
/// polled away before a routine ran counts in `rises` only. An interrupt whose routines touch only other cards is
/// theirs. `io_cost_ns`: what an access is charged with.
InterruptStatistics interrupt_statistics(const EventLog& log, uint32_t unit, uint64_t io_cost_ns = kDefaultIoCostNs);

/// The most interrupts, claimed or not, within any stretch of `within_ns`; `last` becomes the record of the last of
/// them.
uint64_t densest_interrupts(const EventLog& log, uint32_t unit, uint64_t within_ns, uint64_t& last);

} // namespace mpulab
