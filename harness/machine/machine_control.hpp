// SPDX-License-Identifier: MIT
// What is done to a machine over QEMU's monitor while it stands: snapshots, and the probe's properties.
#pragma once

#include "machine/qmp_client.hpp"

namespace mpulab {

class MachineControl {
  public:
    MachineControl() = default;
    explicit MachineControl(QmpClient monitor) : monitor_(std::move(monitor)) {}

    // All of them throw Error with QEMU's reason, or when it does not answer within ten seconds.

    /// `file`: a new one that belongs to no disk, where QEMU keeps snapshots. Nothing of it has to outlive the machine.
    void make_snapshot_store(const std::filesystem::path& file);
    /// Of a machine that stands; one of the same tag is replaced.
    void save(const std::string& tag) { human("savevm " + tag); }
    void load(const std::string& tag) { human("loadvm " + tag); }
    void forget(const std::string& tag) { human("delvm " + tag); }

    /// The probe's next run (device-model/README.md).
    void set_plan(const std::filesystem::path& plan);
    /// The milestone (MPULAB_PHASE_*) and the marker that stop the machine; 0: none does.
    void stop_at_phase(uint64_t phase) { stop_at("stop-at", phase, phase_); }
    void stop_at_marker(uint64_t marker) { stop_at("stop-at-marker", marker, marker_); }

    /// Only asks for it: QEMU writes to the link with everything else waiting, so that even the answer to this may come
    /// only after somebody has read.
    void go_on() { monitor_.send("cont"); }
    /// A machine that a guest stops is stopped at that instruction; QEMU's state says so a moment later.
    void await_stop();

  private:
    void human(const std::string& command);
    void finish_job(const char* id);
    void set(const char* property, const nlohmann::json& value);
    void stop_at(const char* property, uint64_t number, uint64_t& now);

    QmpClient monitor_;
    uint64_t phase_ = 0; // what the probe was told last
    uint64_t marker_ = 0;
};

} // namespace mpulab
