// SPDX-License-Identifier: MIT
// libvirt's event loop on a thread of its own: the embedded driver talks to QEMU's monitor through it.
#pragma once

#include <atomic>
#include <thread>

namespace mpulab {

class LibvirtEventLoop {
  public:
    /// Registers libvirt's default loop (once per process) and starts it. Throws Error.
    LibvirtEventLoop();
    ~LibvirtEventLoop();
    LibvirtEventLoop(const LibvirtEventLoop&) = delete;
    LibvirtEventLoop& operator=(const LibvirtEventLoop&) = delete;

  private:
    std::atomic<bool> stop_{false};
    int wake_timer_ = -1;
    std::thread thread_;
};

} // namespace mpulab
