// SPDX-License-Identifier: MIT
#include "cli/worker_pool.hpp"

#include <fmt/format.h>

namespace mpulab {

const Hypervisor& WorkerPool::connected(const std::filesystem::path& qemu) {
    if (hypervisor_) return *hypervisor_;
    runtime_.emplace(RuntimeDir::create(RuntimeDir::default_base()));
    hypervisor_.emplace(*runtime_, uri_);
    try {
        hypervisor_->connect(qemu);
    } catch (...) {
        hypervisor_.reset(); // the next one tries again, and is told the same
        throw;
    }
    return *hypervisor_;
}

std::unique_ptr<Worker> WorkerPool::make(MachineSpec spec) {
    unsigned number = 0;
    const Hypervisor* hypervisor = nullptr;
    {
        const std::lock_guard lock(mutex_);
        hypervisor = &connected(spec.qemu);
        number = ++made_;
        spec.initrd = runtime_->without_space(spec.initrd);
    }
    auto folder = runtime_->path() / fmt::format("w{}", number);
    return std::make_unique<Worker>(*hypervisor, std::move(spec), std::move(folder), number);
}

} // namespace mpulab
