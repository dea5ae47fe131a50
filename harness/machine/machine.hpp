// SPDX-License-Identifier: MIT
// One machine under libvirt, from domain XML to the proof that its process is gone.
#pragma once

#include "machine/hypervisor.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace mpulab {

class Machine {
  public:
    /// `hypervisor` is connected before start(), and outlives the machine. `name`: of the domain, no two alike.
    Machine(const Hypervisor& hypervisor, std::string name);
    /// Ends the machine, if it still lives, and waits for that a bounded time.
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Of its domain.
    const std::string& name() const { return name_; }

    /// Starts the domain paused; blocks for libvirt's half second. Throws Error with QEMU's or libvirt's own reason and
    /// `qemu`, the emulator named in `xml`.
    void start(const std::string& xml, const std::filesystem::path& qemu);
    /// Lets the vCPUs run. Throws Error.
    void resume();

    /// QEMU's process, when libvirt runs inside this one; 0 otherwise. We are its reaper.
    int pid() const { return pid_; }
    /// CPU time QEMU has used, in clock ticks; empty when it cannot be known.
    std::optional<uint64_t> cpu_ticks() const;
    /// The whole text QEMU wrote to stderr and libvirt's record of its command line; empty without one.
    std::string qemu_log() const;

    /// Ends QEMU at once. Idempotent; may be called from any thread after start().
    void kill() const;

  private:
    [[noreturn]] void fail_start(const std::filesystem::path& qemu, const std::string& reason) const;
    void wait_gone() const;

    const Hypervisor& hypervisor_;
    std::string name_;
    DomainHandle domain_;
    int pid_ = 0;
};

} // namespace mpulab
