// SPDX-License-Identifier: MIT
// A miniport's PCFILTER_DESCRIPTOR, checked and in the shape KS wants (reference portcls-midi.md §4). The descriptor
// itself stays the driver's; V62 names what is wrong with it.
#pragma once

#include "automation.hpp"

namespace portcls {

class Description {
  public:
    Description() = default;
    ~Description();
    Description(const Description&) = delete;
    Description& operator=(const Description&) = delete;

    /** STATUS_INVALID_PARAMETER: unusable; what is merely wrong is reported and carried. PASSIVE_LEVEL. */
    NTSTATUS build(PPCFILTER_DESCRIPTOR descriptor);

    ULONG pin_count() const { return pin_count_; }
    const KSPIN_DESCRIPTOR* ks_pins() const { return ks_pins_; }
    const PCPIN_DESCRIPTOR& pin(ULONG index) const;
    const KSTOPOLOGY& topology() const { return topology_; }
    const AutomationSets& filter_table() const { return filter_table_; }
    const AutomationSets& pin_table(ULONG pin) const { return pin_tables_[pin]; }
    /** The table that a property or event request is for: that of the node it names (KSPROPERTY_TYPE_TOPOLOGY), else
     * `own`, and `node` is kNoTarget. STATUS_INVALID_BUFFER_SIZE, STATUS_INVALID_PARAMETER: no such node. */
    NTSTATUS table_for(PIRP irp, const AutomationSets& own, const AutomationSets*& table, ULONG& node) const;

  private:
    NTSTATUS check(const PCFILTER_DESCRIPTOR& d);
    NTSTATUS check_pin(ULONG index);
    const PCNODE_DESCRIPTOR& node(ULONG index) const;

    PPCFILTER_DESCRIPTOR descriptor_ = nullptr;
    ULONG pin_count_ = 0;
    KSPIN_DESCRIPTOR* ks_pins_ = nullptr;
    GUID* node_types_ = nullptr;
    GUID* node_names_ = nullptr;
    KSTOPOLOGY topology_{};
    AutomationSets filter_table_;
    AutomationSets* pin_tables_ = nullptr;
    AutomationSets* node_tables_ = nullptr;
};

} // namespace portcls
