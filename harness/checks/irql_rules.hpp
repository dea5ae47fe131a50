// SPDX-License-Identifier: MIT
// What the driver's own code writes to CR8 (V04). KeRaiseIrql and KeLowerIrql are inline on amd64 and call nobody; QEMU
// tells each such write (patch 0008). Which of the two a write is, it does not show: IRQL may go up and down again as
// the driver likes, but not below what its caller, or a spin lock, relies on.
#pragma once

#include "checks/rule_desk.hpp"

#include <optional>

namespace mpulab {

class IrqlRules {
  public:
    IrqlRules(RuleDesk& desk, const OpenCalls& calls) : desk_(desk), calls_(calls) {}

    /// IRQL_WRITTEN.
    void written(const mpulab_record& record);
    /// LOCK_HELD. A lock is known when it is released.
    void lock_held(const mpulab_record& record);

  private:
    RuleDesk& desk_;
    const OpenCalls& calls_;
    std::map<uint8_t, mpulab_record> below_dispatch_; // by CPU: the last write that left it below DISPATCH_LEVEL
};

} // namespace mpulab
