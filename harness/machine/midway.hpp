// SPDX-License-Identifier: MIT
// Snapshots in the middle of a run: at a marker the machine is stopped, saved, put back to what was saved, and goes on.
// Card, guest and driver must not notice; the event log is that of the run without them.
#pragma once

#include "machine/machine_control.hpp"
#include "machine/run_recorder.hpp"

namespace mpulab {

class Midway {
  public:
    /// `markers`: in the order they are reached, no two alike; none: nothing is stopped. `control` has a snapshot
    /// store, and outlives this.
    Midway(MachineControl& control, std::vector<uint32_t> markers);

    /// The marker that stops the machine next; 0: none.
    uint32_t next() const { return taken_ == markers_.size() ? 0 : markers_[taken_]; }
    /// The machine stands at next(), `recorder` has read that from `link`: saves it and puts it back. Throws Error.
    void snapshot(RunRecorder& recorder, int link);
    /// How many were taken.
    size_t taken() const { return taken_; }

  private:
    MachineControl& control_;
    std::vector<uint32_t> markers_;
    size_t taken_ = 0;
};

} // namespace mpulab
