// SPDX-License-Identifier: MIT
// Ports that are not the driver's (V33): what it was started with, and what it accessed where no device is.
#pragma once

#include "checks/rule_desk.hpp"

#include <map>
#include <utility>

namespace mpulab {

class PortRules {
  public:
    explicit PortRules(RuleDesk& desk) : desk_(desk) {}

    /// What a device has from here on.
    void resource(const mpulab_record& record);
    /// A register of a card was accessed: it could have been any port.
    void card_access() { desk_.judged(33); }
    /// Nobody is at the port.
    void no_device(const mpulab_record& record);

  private:
    using Ranges = std::vector<std::pair<uint64_t, uint64_t>>; // first port, how many

    bool is_ours(uint64_t port) const;
    std::string what_is_ours() const;

    RuleDesk& desk_;
    std::map<uint64_t, Ranges> ranges_; // by device
    bool too_many_ = false;             // more than are kept: nobody's port cannot be told any more
};

} // namespace mpulab
