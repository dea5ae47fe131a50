// SPDX-License-Identifier: MIT
// A driver's PCAUTOMATION_TABLE turned into KS property sets and event sets; the properties' one handler builds the
// PCPROPERTY_REQUEST and calls the driver (reference portcls-midi.md §4.1, appendix B).
#pragma once

#include "event_list.hpp"

namespace portcls {

class AutomationSets {
  public:
    AutomationSets() = default;
    ~AutomationSets();
    AutomationSets(const AutomationSets&) = delete;
    AutomationSets& operator=(const AutomationSets&) = delete;

    /** Takes the property and event items of `table` (NULL: none). STATUS_INVALID_PARAMETER: an item size is not a
     * multiple of 8, or too small; methods, which WDM audio does not support (PCMETHOD_ITEM), are named and left out.
     * PASSIVE_LEVEL. */
    NTSTATUS build(const PCAUTOMATION_TABLE* table, const char* owner);

    /** Tries the request; STATUS_PROPSET_NOT_FOUND when the table has nothing for it. */
    NTSTATUS handle(PIRP irp) const;

    /** Tries the table, unless the device is `removed` and its driver no longer asked, and then what the port answers
     * itself. Asked which sets there are (KSPROPERTY_TYPE_SETSUPPORT of GUID_NULL), both answer together. */
    NTSTATUS handle_with(PIRP irp, bool removed, const KSPROPERTY_SET* built_in, ULONG count) const;

    const EventSets& events() const { return events_; }

  private:
    struct Item {
        KSPROPERTY_ITEM ks; // first: ks.sys steps over sizeof(Item)
        const PCPROPERTY_ITEM* pc;
    };
    NTSTATUS list_sets(PIRP irp, const KSPROPERTY_SET* built_in, ULONG count) const;
    static NTSTATUS call_driver(PIRP irp, PKSIDENTIFIER request, PVOID data);

    KSPROPERTY_SET* sets_ = nullptr;
    Item* items_ = nullptr;
    ULONG set_count_ = 0;
    EventSets events_;
};

} // namespace portcls
