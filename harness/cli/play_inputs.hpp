// SPDX-License-Identifier: MIT
// What `mpulab play` makes of its command line: the machine and the plan, before anything runs in it but a first look.
#pragma once

#include "cli/first_look.hpp"
#include "cli/play.hpp"
#include "debug/gdb_script.hpp"
#include "report/result.hpp"
#include "scenario/choices.hpp"
#include "scenario/song_run.hpp"

#include <optional>

namespace mpulab {

/// Everything that is known before a machine is started.
struct Prepared {
    Song song;
    Guest guest;
    std::optional<FirstLook> look;
    Bytes plan;                        // empty: the driver did not start, there is nothing to play to
    std::vector<mpulab_choice> forced; // choices, by --choice
    SongRun run;
    MachineSpec spec;
    SymbolPath symbols;
    RunFacts facts;
    RuleSet rules_off;
    std::vector<PlanSection> guest_sections; // that every machine of this run gets
};

/// Reads the inputs, looks at the driver, compiles the song. Throws Error.
Prepared prepare(const PlayOptions& options);

/// The run's plan with these choices forced.
Bytes plan_of(const PlayOptions& options, const Prepared& p, const std::vector<mpulab_choice>& choices);

/// $MPULAB_WATCHDOG_MS, or the usual bounds; none under a debugger.
WatchdogLimits watchdog_limits(bool gdb);

} // namespace mpulab
