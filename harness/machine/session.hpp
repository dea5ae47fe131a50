// SPDX-License-Identifier: MIT
// One guest run: machine up, link read into the event log, machine down. Watches, judges nothing.
#pragma once

#include "common/error.hpp"
#include "link/log_writer.hpp"
#include "link/mpulab_link.h"
#include "machine/spec.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace mpulab {

/// Host-time bounds. They catch hung processes only: a guest bounds itself, in virtual time.
struct WatchdogLimits {
    std::chrono::milliseconds stalled{10'000}; // no record and no CPU used: QEMU hangs
    std::chrono::milliseconds silent{60'000};  // no record though CPU is used: the guest spins, or never started
    bool enabled = true;                       // off under a debugger
    uint64_t most_log_bytes = kMostLogBytes;   // a guest that has no end would fill the disk
};

struct SessionRequest {
    MachineSpec spec;          // its link chardev and gdb socket are set by the session
    std::string libvirt_uri;   // empty: embedded
    std::filesystem::path log; // where the event log goes
    WatchdogLimits watchdog;
    bool gdb = false; // offer a gdbstub
    /// Called for each record, in order, on the thread of run_session().
    std::function<void(const mpulab_record&)> on_record;
    /// Called when the machine holds for a debugger; the argument is the gdbstub's socket.
    std::function<void(const std::filesystem::path&)> on_hold;
};

struct SessionOutcome {
    std::optional<Error> trouble; // empty: RUN_ENDED came
    std::string sha256;           // of the event log, also of one that stops early
    uint64_t records = 0;
    std::string xml; // the domain as it was started
    std::string qemu_log;
    std::chrono::duration<double> start_time{}; // call → machine runs
    std::chrono::duration<double> run_time{};   // machine runs → RUN_ENDED
};

/// Runs to the end, to trouble, or to a stopping signal (trouble with ExitCode::Interrupted). On return no QEMU, socket
/// or runtime folder is left. Throws Error when not even the preparations worked.
SessionOutcome run_session(SessionRequest request);

} // namespace mpulab
