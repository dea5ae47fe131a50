// SPDX-License-Identifier: MIT
// Properties and events of a filter handle: the driver's automation tables first, then what a description answers by
// itself (reference portcls-midi.md §5.2, sizes and statuses).
#include "filter.hpp"

#include "adapter.hpp"
#include "format_match.hpp"

namespace portcls {
namespace {

#define GET_ITEM(id, handler, min_property, min_data)                                                                  \
    { id, {handler}, min_property, min_data, {nullptr}, nullptr, 0, nullptr, nullptr, 0 }

/** Handler of KsPinDataIntersectionEx: the miniport is asked; STATUS_NOT_IMPLEMENTED means the default (§4.4). */
NTSTATUS intersect_ranges(PVOID context, PIRP, PKSP_PIN pin, PKSDATARANGE client, PKSDATARANGE mine, ULONG room,
                          PVOID data, PULONG size) {
    auto& port = *static_cast<Port*>(context);
    ULONG needed = 0xA5A5A5A5;
    trace::Call call(MPULAB_CALLBACK_DataRangeIntersection, pin->PinId);
    NTSTATUS status =
        call.run(*port.miniport(), &IMiniport::DataRangeIntersection, pin->PinId, client, mine, room, data, &needed);
    if (status != STATUS_NOT_IMPLEMENTED) {
        if (NT_SUCCESS(status) &&
            !trace::expect(22, needed != 0xA5A5A5A5, needed, sizeof(KSDATAFORMAT),
                           "V22 DataRangeIntersection succeeded and did not write *ResultantFormatLength"))
            needed = room;
        *size = status == STATUS_SUCCESS && needed > room ? room : needed;
        return status;
    }
    wire::DataFormat format{};
    if (!intersect(wire::load<wire::DataFormat>(client), wire::load<wire::DataFormat>(mine), format))
        return STATUS_NO_MATCH;
    *size = sizeof format;
    if (room == 0) return STATUS_BUFFER_OVERFLOW;
    if (room < sizeof format) return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(data, &format, sizeof format);
    return STATUS_SUCCESS;
}

} // namespace

const KSPROPERTY_ITEM Filter::kPinItems[] = {
    GET_ITEM(KSPROPERTY_PIN_CINSTANCES, pin_instances, sizeof(KSP_PIN), sizeof(KSPIN_CINSTANCES)),
    GET_ITEM(KSPROPERTY_PIN_CTYPES, pin_property, sizeof(KSPROPERTY), sizeof(ULONG)),
    GET_ITEM(KSPROPERTY_PIN_DATAFLOW, pin_property, sizeof(KSP_PIN), sizeof(ULONG)),
    GET_ITEM(KSPROPERTY_PIN_DATARANGES, pin_property, sizeof(KSP_PIN), 0),
    GET_ITEM(KSPROPERTY_PIN_DATAINTERSECTION, pin_intersection, sizeof(KSP_PIN) + sizeof(KSMULTIPLE_ITEM), 0),
    GET_ITEM(KSPROPERTY_PIN_INTERFACES, pin_property, sizeof(KSP_PIN), 0),
    GET_ITEM(KSPROPERTY_PIN_MEDIUMS, pin_property, sizeof(KSP_PIN), 0),
    GET_ITEM(KSPROPERTY_PIN_COMMUNICATION, pin_property, sizeof(KSP_PIN), sizeof(ULONG)),
    GET_ITEM(KSPROPERTY_PIN_GLOBALCINSTANCES, pin_instances, sizeof(KSP_PIN), sizeof(KSPIN_CINSTANCES)),
    GET_ITEM(KSPROPERTY_PIN_NECESSARYINSTANCES, pin_instances, sizeof(KSP_PIN), sizeof(ULONG)),
    GET_ITEM(KSPROPERTY_PIN_PHYSICALCONNECTION, pin_connection, sizeof(KSP_PIN), 0),
    GET_ITEM(KSPROPERTY_PIN_CATEGORY, pin_property, sizeof(KSP_PIN), sizeof(GUID)),
    GET_ITEM(KSPROPERTY_PIN_NAME, pin_property, sizeof(KSP_PIN), 0),
    GET_ITEM(KSPROPERTY_PIN_CONSTRAINEDDATARANGES, pin_property, sizeof(KSP_PIN), 0),
};

const KSPROPERTY_ITEM Filter::kTopologyItems[] = {
    GET_ITEM(KSPROPERTY_TOPOLOGY_CATEGORIES, topology_property, sizeof(KSPROPERTY), 0),
    GET_ITEM(KSPROPERTY_TOPOLOGY_NODES, topology_property, sizeof(KSPROPERTY), 0),
    GET_ITEM(KSPROPERTY_TOPOLOGY_CONNECTIONS, topology_property, sizeof(KSPROPERTY), 0),
    GET_ITEM(KSPROPERTY_TOPOLOGY_NAME, topology_property, sizeof(KSP_NODE), 0),
};

// mingw-w64's libksguid has another set's GUID under this name.
constexpr GUID kTopologySet = {STATIC_KSPROPSETID_Topology};

const KSPROPERTY_SET Filter::kSets[] = {
    {&KSPROPSETID_Pin, SIZEOF_ARRAY(kPinItems), kPinItems, 0, nullptr},
    {&kTopologySet, SIZEOF_ARRAY(kTopologyItems), kTopologyItems, 0, nullptr},
};

NTSTATUS Filter::property(PIRP irp) {
    const Description& description = port_.filter_description();
    const AutomationSets* table;
    ULONG node;
    NTSTATUS status = description.table_for(irp, description.filter_table(), table, node);
    if (!NT_SUCCESS(status)) return status;
    if (node != kNoTarget && port_.is_removed()) return STATUS_DEVICE_NOT_CONNECTED;
    return table->handle_with(irp, port_.is_removed(), kSets, SIZEOF_ARRAY(kSets));
}

/** Of a node's automation table, or the filter's own. PCEVENT_ITEM's page says that a filter is no target, and yet the
 * events of pins that nobody can open (KSEVENTSETID_PinCapsChange) have no other: a choice. */
NTSTATUS Filter::enable_event(PIRP irp) {
    struct PinEvent { // KSE_PIN
        KSEVENT event;
        ULONG pin, reserved;
    };
    if (port_.is_removed()) return STATUS_DEVICE_NOT_CONNECTED;
    const Description& description = port_.filter_description();
    const AutomationSets* table;
    EventTarget target{kNoTarget, kNoTarget};
    NTSTATUS status = description.table_for(irp, description.filter_table(), table, target.node);
    if (!NT_SUCCESS(status)) return status;
    if (target.node == kNoTarget && !table->events().empty()) {
        if (trace::choose(NANONT_CHOICE_FILTER_EVENTS) == 1) return STATUS_PROPSET_NOT_FOUND;
        const auto& request = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
        if (request.InputBufferLength >= sizeof(PinEvent) && request.Type3InputBuffer)
            target.pin = static_cast<const PinEvent*>(request.Type3InputBuffer)->pin;
    }
    return port_.events().enable(irp, table->events(), target);
}

NTSTATUS Filter::pin_property(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    Port& port = of(irp).port_;
    const Description& description = port.filter_description();
    if (request->Id == KSPROPERTY_PIN_NAME && port.pin_names() && !port.is_removed()) {
        auto* pin = reinterpret_cast<PKSP_PIN>(request);
        if (pin->PinId >= description.pin_count()) return STATUS_INVALID_PARAMETER;
        trace::Call call(MPULAB_CALLBACK_GetPinName, pin->PinId);
        NTSTATUS status = call.run(*port.pin_names(), &IPinName::GetPinName, irp, pin, data);
        if (status != STATUS_NOT_FOUND && status != STATUS_NOT_IMPLEMENTED) return status; // else the registry's
    }
    return KsPinPropertyHandler(irp, request, data, description.pin_count(), description.ks_pins());
}

NTSTATUS Filter::topology_property(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    return KsTopologyPropertyHandler(irp, request, data, &of(irp).port_.filter_description().topology());
}

NTSTATUS Filter::pin_instances(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    Filter& filter = of(irp);
    ULONG pin = reinterpret_cast<PKSP_PIN>(request)->PinId;
    if (pin >= filter.port_.filter_description().pin_count()) return STATUS_INVALID_PARAMETER;
    ControlGuard guard(filter.lock_);
    const PinCounts counts = filter.pin_counts(pin);
    if (request->Id == KSPROPERTY_PIN_NECESSARYINSTANCES) {
        *static_cast<ULONG*>(data) = counts.necessary;
        irp->IoStatus.Information = sizeof(ULONG);
        return STATUS_SUCCESS;
    }
    const bool global = request->Id == KSPROPERTY_PIN_GLOBALCINSTANCES;
    *static_cast<KSPIN_CINSTANCES*>(data) = {global ? counts.global_possible : counts.possible,
                                             global ? counts.global_current : counts.current};
    irp->IoStatus.Information = sizeof(KSPIN_CINSTANCES);
    return STATUS_SUCCESS;
}

NTSTATUS Filter::pin_intersection(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    Port& port = of(irp).port_;
    if (port.is_removed()) return STATUS_DEVICE_NOT_CONNECTED;
    return KsPinDataIntersectionEx(irp, reinterpret_cast<PKSP_PIN>(request), data,
                                   port.filter_description().pin_count(), port.filter_description().ks_pins(),
                                   sizeof(KSPIN_DESCRIPTOR), intersect_ranges, &port);
}

NTSTATUS Filter::pin_connection(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    Port& port = of(irp).port_;
    Adapter* adapter = port.is_removed() ? nullptr : adapter_of(port.device());
    if (!adapter) return STATUS_DEVICE_NOT_CONNECTED;
    return answer_physical_connection(*adapter, port.subdevice(), reinterpret_cast<PKSP_PIN>(request)->PinId, irp,
                                      data);
}

} // namespace portcls
