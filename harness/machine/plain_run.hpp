// SPDX-License-Identifier: MIT
// One guest run as a plain QEMU process, without libvirt: for looks at a driver that shall cost a tenth of a second.
#pragma once

#include "common/error.hpp"
#include "machine/session.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace mpulab {

struct PlainRunRequest {
    MachineSpec spec;          // its link chardev is set here
    std::filesystem::path log; // where the event log goes
    WatchdogLimits watchdog;
    std::vector<uint32_t> snapshots = {}; // markers at which the machine is saved and put back (machine/midway.hpp)
};

struct PlainRunOutcome {
    std::optional<Error> trouble; // empty: RUN_ENDED came
    std::string sha256;           // of the event log
    uint64_t records = 0;
    double seconds = 0;
    size_t snapshots = 0; // that were taken in the middle of it
};

/// May be called from several threads at once. Runs to RUN_ENDED, to the end of QEMU, or until the watchdog's limit of
/// silence. No QEMU is left on return; should this process die, the kernel ends it. Throws Error when QEMU cannot be
/// started at all.
PlainRunOutcome run_plainly(const PlainRunRequest& request);

/// The same from a command line as qemu_command() makes it; its link goes to `log`, whatever it says. Snapshots lie
/// beside the log while it runs.
PlainRunOutcome run_command(std::vector<std::string> command, const std::filesystem::path& log,
                            const WatchdogLimits& watchdog, const std::vector<uint32_t>& snapshots = {});

} // namespace mpulab
