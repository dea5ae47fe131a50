// SPDX-License-Identifier: MIT
// The `Io` of hardware.hpp in a driver: port accesses and the kernel's clock.
#pragma once

#include "wdk.hpp"

#include <stdint.h>

namespace mpusynth {

class KernelIo {
  public:
    KernelIo() = default;
    explicit KernelIo(PUCHAR base) : base_(base) {}

    uint8_t read(uint32_t offset) const { return READ_PORT_UCHAR(base_ + offset); }
    void write(uint32_t offset, uint8_t value) const { WRITE_PORT_UCHAR(base_ + offset, value); }
    void stall_us(uint32_t us) const { KeStallExecutionProcessor(us); }
    uint64_t now_100ns() const { return PcGetTimeInterval(0); }

    _IRQL_requires_max_(APC_LEVEL) void sleep_ms(uint32_t ms) const {
        LARGE_INTEGER interval;
        interval.QuadPart = -10'000 * static_cast<LONGLONG>(ms);
        KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }

  private:
    PUCHAR base_ = nullptr; // a port number, as the kit's port functions want it
};

} // namespace mpusynth
