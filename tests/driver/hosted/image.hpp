// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

/// A driver image mapped into this process: relocated, bound, protected as its sections say. Throws std::runtime_error
/// with what was wrong.
class HostedImage {
  public:
    /// `resolve(module, function)`: the address to bind; nullptr refuses the image.
    using Resolve = std::function<void*(const std::string& module, const std::string& function)>;

    HostedImage(const std::filesystem::path& file, const Resolve& resolve);
    ~HostedImage();
    HostedImage(const HostedImage&) = delete;
    HostedImage& operator=(const HostedImage&) = delete;

    [[nodiscard]] void* entry() const { return base_ + entry_; }
    [[nodiscard]] bool contains(uintptr_t address) const {
        return address - reinterpret_cast<uintptr_t>(base_) < size_;
    }
    /// What the loader does after a successful DriverEntry: whoever comes back to INIT, faults.
    void discard_init();

  private:
    uint8_t* base_ = nullptr;
    size_t size_ = 0;
    uint32_t entry_ = 0;
    uint32_t init_ = 0, init_size_ = 0;
};
