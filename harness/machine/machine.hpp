// SPDX-License-Identifier: MIT
// One machine under libvirt, from domain XML to the proof that its process is gone.
#pragma once

#include "machine/libvirt_event_loop.hpp"
#include "machine/libvirt_handle.hpp"
#include "machine/runtime_dir.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace mpulab {

inline constexpr const char* kDomainName = "mpulab";

class Machine {
  public:
    /// `uri` empty: libvirt's embedded driver in `runtime`; else that hypervisor (nothing of `runtime` is used).
    Machine(const RuntimeDir& runtime, std::string uri);
    /// Ends the machine, if it still lives, and waits for that a bounded time.
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

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
    bool embedded() const { return embedded_; }
    [[noreturn]] void fail_start(const std::filesystem::path& qemu, const std::string& reason) const;
    void wait_gone() const;

    const RuntimeDir& runtime_;
    bool embedded_;
    std::string uri_;
    std::optional<LibvirtEventLoop> loop_;
    ConnectionHandle connection_;
    DomainHandle domain_;
    int pid_ = 0;
};

} // namespace mpulab
