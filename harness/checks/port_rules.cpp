// SPDX-License-Identifier: MIT
#include "checks/port_rules.hpp"

#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kNothing = 0, kPorts = 1; // CmResourceType
constexpr uint64_t kTypeMask = 0xff;
constexpr size_t kMostDevices = 32, kMostRanges = 16; // of a device; the log of a guest may lie

/// Kernel and HAL look for hardware; what else touches ports is the driver, or PortCls' UART in a driver's place.
bool looks_for_hardware(const Module& module) {
    return module.name == "ntoskrnl.exe" || module.name == "hal.dll";
}

} // namespace

void PortRules::resource(const mpulab_record& record) {
    const uint64_t type = record.a & kTypeMask, device = record.a >> 8;
    if (type == kNothing) ranges_.erase(device);
    if (type != kPorts) return;
    if (ranges_.size() == kMostDevices && !ranges_.contains(device)) {
        too_many_ = true;
        return;
    }
    Ranges& ranges = ranges_[device];
    if (ranges.size() == kMostRanges) {
        too_many_ = true;
        return;
    }
    ranges.emplace_back(record.b, record.c);
}

// Nobody may be at a device's own ports: a list that is dealt to a driver says what is not so, a PCI function is off
// the bus. That is no foreign port.
bool PortRules::is_ours(uint64_t port) const {
    for (const auto& [device, ranges] : ranges_) {
        for (const auto& [first, count] : ranges) {
            if (port >= first && port - first < count) return true;
        }
    }
    return false;
}

std::string PortRules::what_is_ours() const {
    std::string text;
    for (const auto& [device, ranges] : ranges_) {
        for (const auto& [first, count] : ranges) {
            text += fmt::format("{}0x{:x} to 0x{:x}", text.empty() ? "" : ", ", first,
                                first + std::max<uint64_t>(count, 1) - 1);
        }
    }
    return text.empty() ? "no port: its device has none" : text;
}

void PortRules::no_device(const mpulab_record& record) {
    const Module* module = desk_.view().log.module_at(record.pc);
    if (module == nullptr || looks_for_hardware(*module)) return;
    desk_.judged(33);
    if (too_many_ || is_ours(record.a)) return;
    desk_.tell(33, record,
               fmt::format("port 0x{:x} is {}{}; it is not among the driver's, and no device has it", record.a,
                           (record.c & MPULAB_NO_DEVICE_WRITE) != 0 ? "written" : "read", desk_.at(record)),
               fmt::format("port 0x{:x}", record.a), what_is_ours());
}

} // namespace mpulab
