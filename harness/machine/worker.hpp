// SPDX-License-Identifier: MIT
// A machine kept warm: it runs plan after plan, each from a snapshot. The event log of a run in it is that of a fresh
// boot, byte for byte; what a run left behind is gone with the next restore.
#pragma once

#include "link/mpulab_codes.h"
#include "machine/machine.hpp"
#include "machine/machine_control.hpp"
#include "machine/plain_run.hpp"

#include <functional>
#include <set>

namespace mpulab {

class RunRecorder;

struct WarmRun {
    std::filesystem::path plan; // absolute
    std::filesystem::path log;
    /// Records (MPULAB_KIND_*) of events that its cues count: a snapshot with one of them before it is of no use.
    std::set<uint16_t> counted;
    /// Virtual time of the first thing its cues do at a time: no snapshot after it is of use.
    uint64_t first_cue_ns = UINT64_MAX;
    /// The alternative of choice `number` that this run takes: a snapshot made with another is of no use.
    std::function<uint32_t(uint32_t number, uint32_t alternatives)> alternative;
    WatchdogLimits watchdog;
    std::vector<uint32_t> snapshots = {}; // markers at which the machine is saved and put back (machine/midway.hpp)
};

class Worker {
  public:
    /// Starts the machine, paused before its first instruction. `spec.plan` is any valid plan; `folder` a private one
    /// for its snapshots, gone with it; `number` tells workers of one hypervisor apart. Throws Error.
    Worker(const Hypervisor& hypervisor, MachineSpec spec, std::filesystem::path folder, unsigned number);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// One run, as run_plainly() makes it. The first from a milestone boots up to it, takes a snapshot there, goes on,
    /// and is made once more out of the snapshot: when the two logs differ the snapshot is discarded, named, and
    /// the log that came out of it left beside the run's.
    PlainRunOutcome run(const WarmRun& request);

    /// false: its QEMU is gone, beyond use, or has made as many runs as a worker makes; another one has to be made.
    bool usable() const { return usable_ && runs_ < kMostRuns; }
    const std::string& xml() const { return xml_; }

    /// QEMU's cache of translations grows by some 0.1 MB a run (measured) and is 1 GB when it starts afresh.
    static constexpr unsigned kMostRuns = 2'000;

  private:
    struct Choice {
        uint32_t number, taken, alternatives;
    };
    struct Snapshot {
        std::string tag;
        uint64_t phase = 0;
        uint64_t time_ns = 0;
        Bytes prefix; // header and records up to it
        std::vector<Choice> choices;
        std::set<uint16_t> kinds; // of the prefix's records
        bool proven = false;
        bool bad = false;
    };

    void accept_link();
    void load(const std::string& tag, const std::filesystem::path& plan, uint64_t stop_at);

    Snapshot* find(uint64_t phase, const WarmRun& request);
    static bool of_use(const Snapshot& snapshot, const WarmRun& request);
    void take_snapshot(uint64_t phase, Bytes prefix);
    void prove(Snapshot& snapshot, const WarmRun& request, const std::string& sha256);
    void prove_power_on(const WarmRun& request);

    PlainRunOutcome attempt(RunRecorder recorder, const std::function<size_t(RunRecorder&)>& make);
    PlainRunOutcome from_power_on(const WarmRun& request, uint64_t take);
    PlainRunOutcome from_snapshot(const Snapshot& snapshot, const WarmRun& request);
    size_t record(RunRecorder& recorder, uint64_t take, const std::vector<uint32_t>& markers);

    std::filesystem::path folder_;
    std::vector<uint64_t> phases_; // where snapshots are of use, the best first
    std::string xml_;
    FileDescriptor listener_;
    FileDescriptor link_;
    Machine machine_;
    MachineControl control_;
    std::vector<Snapshot> snapshots_;
    bool untouched_ = true; // has not run yet
    bool power_on_proven_ = false;
    std::string first_sha256_; // of the run it was untouched for
    bool usable_ = true;
    unsigned runs_ = 0;
};

} // namespace mpulab
