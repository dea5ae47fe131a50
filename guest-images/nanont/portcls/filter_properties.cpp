// SPDX-License-Identifier: MIT
// Properties of a filter handle: the driver's automation tables first, then what a description answers by itself
// (reference portcls-midi.md §5.2, sizes and statuses).
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
    NTSTATUS status = call.leave(port.miniport()->DataRangeIntersection(pin->PinId, client, mine, room, data, &needed));
    if (status != STATUS_NOT_IMPLEMENTED) {
        if (NT_SUCCESS(status) && needed == 0xA5A5A5A5) {
            trace::finding(22, needed, sizeof(KSDATAFORMAT),
                           "V22 DataRangeIntersection succeeded and did not write *ResultantFormatLength");
            needed = room;
        }
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

const KSPROPERTY_SET Filter::kSets[] = {
    {&KSPROPSETID_Pin, SIZEOF_ARRAY(kPinItems), kPinItems, 0, nullptr},
    {&KSPROPSETID_Topology, SIZEOF_ARRAY(kTopologyItems), kTopologyItems, 0, nullptr},
};

NTSTATUS Filter::property(PIRP irp) {
    const Description& description = port_.filter_description();
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    auto* request = static_cast<PKSP_NODE>(stack->Parameters.DeviceIoControl.Type3InputBuffer);
    const AutomationSets* table = &description.filter_table();
    if (request && in >= sizeof(KSPROPERTY) && (request->Property.Flags & KSPROPERTY_TYPE_TOPOLOGY)) {
        if (in < sizeof(KSP_NODE)) return STATUS_INVALID_BUFFER_SIZE;
        table = description.node_table(request->NodeId);
        if (!table) return STATUS_INVALID_PARAMETER;
        if (port_.is_removed()) return STATUS_DEVICE_NOT_CONNECTED;
        return table->handle(irp);
    }
    NTSTATUS status = port_.is_removed() ? STATUS_PROPSET_NOT_FOUND : table->handle(irp);
    if (status != STATUS_PROPSET_NOT_FOUND && status != STATUS_NOT_FOUND) return status;
    NTSTATUS built_in = KsPropertyHandler(irp, SIZEOF_ARRAY(kSets), kSets);
    return built_in == STATUS_PROPSET_NOT_FOUND ? status : built_in;
}

NTSTATUS Filter::pin_property(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    const Description& description = of(irp).port_.filter_description();
    return KsPinPropertyHandler(irp, request, data, description.pin_count(), description.ks_pins());
}

NTSTATUS Filter::topology_property(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    return KsTopologyPropertyHandler(irp, request, data, &of(irp).port_.filter_description().topology());
}

NTSTATUS Filter::pin_instances(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    Filter& filter = of(irp);
    const Description& description = filter.port_.filter_description();
    ULONG pin = reinterpret_cast<PKSP_PIN>(request)->PinId;
    if (pin >= description.pin_count()) return STATUS_INVALID_PARAMETER;
    const PCPIN_DESCRIPTOR& it = description.pin(pin);
    if (request->Id == KSPROPERTY_PIN_NECESSARYINSTANCES) {
        *static_cast<ULONG*>(data) = it.MinFilterInstanceCount;
        irp->IoStatus.Information = sizeof(ULONG);
        return STATUS_SUCCESS;
    }
    bool global = request->Id == KSPROPERTY_PIN_GLOBALCINSTANCES;
    *static_cast<KSPIN_CINSTANCES*>(data) = {global ? it.MaxGlobalInstanceCount : it.MaxFilterInstanceCount,
                                             global ? filter.port_.pins_open(pin) : filter.pins_open(pin)};
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
