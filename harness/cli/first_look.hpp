// SPDX-License-Identifier: MIT
// A first look at a driver: it is started in a machine of its own, and what it registered is read from the event log. A
// song is compiled for the filter and the pins that are there, before the machine that plays it has its first
// instruction.
#pragma once

#include "cli/guest.hpp"
#include "events/event_log.hpp"
#include "inspect/offers.hpp"
#include "machine/plain_run.hpp"
#include "scenario/plan.hpp"

#include <optional>

namespace mpulab {

struct FirstLook {
    PlainRunOutcome outcome;
    std::optional<EventLog> log; // empty: nothing was recorded
    Bytes log_bytes;             // the log's file, whole
    std::vector<OfferedSubdevice> offers;
    bool started = false; // START_DEVICE succeeded and the run came to its end

    double start_ms = 0; // virtual: power-on to driver started
};

/// Boots `guest` in the machine `spec` with a score that only waits, so that what the driver does from a thread of its
/// own is seen, too. `options`: further plan sections (profile, choices). Throws Error when QEMU cannot be started.
FirstLook look_at_driver(const Guest& guest, MachineSpec spec, std::vector<PlanSection> options,
                         WatchdogLimits watchdog);

} // namespace mpulab
