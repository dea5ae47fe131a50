// SPDX-License-Identifier: MIT
// The one connection to libvirt that all machines of this process are made over.
#pragma once

#include "machine/libvirt_event_loop.hpp"
#include "machine/libvirt_handle.hpp"
#include "machine/runtime_dir.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace mpulab {

/// Refuses, before anything starts, a URI of --connect that cannot carry a run: of no QEMU driver, or of another host
/// (the link is a unix socket, and images and plans are named by their paths here). Empty: the embedded driver. Throws
/// Error with ExitCode::Usage.
void check_libvirt_uri(const std::string& uri);

/// What a machine's XML has to say to a daemon that would run QEMU as another user, and confine it: that it runs as
/// `uid`:`gid`, unconfined, for it reads our files and connects to our sockets. `capabilities`: of
/// virConnectGetCapabilities(). Empty: the daemon does neither. Pure.
std::string security_labels(const std::string& capabilities, unsigned uid, unsigned gid);

class Hypervisor {
  public:
    /// `uri` empty: libvirt's embedded driver in `runtime`; else that hypervisor (nothing of `runtime` is used by it).
    Hypervisor(const RuntimeDir& runtime, std::string uri);
    Hypervisor(const Hypervisor&) = delete;
    Hypervisor& operator=(const Hypervisor&) = delete;

    /// Connects; the first call, from one thread. `qemu`: the emulator of the machines to come. Throws Error.
    void connect(const std::filesystem::path& qemu);

    /// What connect() has made.
    virConnectPtr connection() const { return connection_.get(); }
    /// QEMU's processes are children of this one, and its to bury.
    bool embedded() const { return embedded_; }
    const RuntimeDir& runtime() const { return runtime_; }
    /// For the XML of its machines, once it is connected.
    const std::string& security_labels() const { return security_labels_; }

  private:
    const RuntimeDir& runtime_;
    bool embedded_;
    std::string uri_;
    std::string security_labels_;
    std::optional<LibvirtEventLoop> loop_;
    ConnectionHandle connection_; // goes before its loop
};

} // namespace mpulab
