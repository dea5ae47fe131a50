// SPDX-License-Identifier: MIT
// Where the workers of one `mpulab run` come from: one runtime folder, one connection to libvirt.
#pragma once

#include "machine/worker.hpp"

#include <memory>
#include <mutex>

namespace mpulab {

class WorkerPool {
  public:
    /// `libvirt_uri` empty: the embedded driver. Nothing is connected before the first worker is made.
    explicit WorkerPool(std::string libvirt_uri) : uri_(std::move(libvirt_uri)) {}

    /// A new worker for the machine; `spec.plan`: any valid plan. It must not outlive the pool. Any thread. Throws
    /// Error.
    std::unique_ptr<Worker> make(MachineSpec spec);

  private:
    const Hypervisor& connected(const std::filesystem::path& qemu);

    std::string uri_;
    std::mutex mutex_;
    std::optional<RuntimeDir> runtime_;
    std::optional<Hypervisor> hypervisor_;
    unsigned made_ = 0;
};

/// What one thread of a run keeps from one scenario to the next.
struct WorkerSlot {
    WorkerPool* pool = nullptr;
    std::string machine; // key of the worker's machine
    std::unique_ptr<Worker> worker;
};

} // namespace mpulab
