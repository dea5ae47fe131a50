// SPDX-License-Identifier: MIT
// A driver's PCAUTOMATION_TABLE turned into KS property sets, whose one handler builds the PCPROPERTY_REQUEST and calls
// the driver (reference portcls-midi.md §4.1, appendix B).
#pragma once

#include "module/pool.hpp"

namespace portcls {

class AutomationSets {
  public:
    AutomationSets() = default;
    ~AutomationSets();
    AutomationSets(const AutomationSets&) = delete;
    AutomationSets& operator=(const AutomationSets&) = delete;

    /** Takes the property items of `table` (NULL: none). STATUS_INVALID_PARAMETER: its item size is not a multiple of
     * 8, or below PCPROPERTY_ITEM; methods and events are named and left out. PASSIVE_LEVEL. */
    NTSTATUS build(const PCAUTOMATION_TABLE* table, const char* owner);

    /** Tries the request; STATUS_PROPSET_NOT_FOUND when the table has nothing for it. */
    NTSTATUS handle(PIRP irp) const;

  private:
    struct Item {
        KSPROPERTY_ITEM ks; // first: ks.sys steps over sizeof(Item)
        const PCPROPERTY_ITEM* pc;
    };
    static NTSTATUS call_driver(PIRP irp, PKSIDENTIFIER request, PVOID data);

    KSPROPERTY_SET* sets_ = nullptr;
    Item* items_ = nullptr;
    ULONG set_count_ = 0;
};

} // namespace portcls
