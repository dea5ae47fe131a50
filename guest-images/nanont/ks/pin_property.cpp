// SPDX-License-Identifier: MIT
// The properties of KSPROPSETID_Pin and KSPROPSETID_Topology that a description alone answers.
#include "list_query.hpp"
#include "name.hpp"
#include "range_list.hpp"

namespace {

const KSPIN_INTERFACE kStandardInterface{{{{STATIC_KSINTERFACESETID_Standard}, KSINTERFACE_STANDARD_STREAMING, 0}}};
const KSPIN_MEDIUM kStandardMedium{{{{STATIC_KSMEDIUMSETID_Standard}, KSMEDIUM_STANDARD_DEVIO, 0}}};

NTSTATUS answer_value(PIRP irp, PVOID data, const void* value, ULONG bytes) {
    bool fill;
    NTSTATUS status = ks::answer_size(irp, data, bytes, fill);
    if (fill) RtlCopyMemory(data, value, bytes);
    return status;
}

NTSTATUS answer_ranges(PIRP irp, PVOID data, ULONG count, const PKSDATARANGE* ranges) {
    ULONG needed = sizeof(KSMULTIPLE_ITEM);
    for (ULONG i = 0; i < count; ++i)
        needed += ks::align8(ranges[i]->FormatSize);
    bool fill;
    NTSTATUS status = ks::answer_size(irp, data, needed, fill);
    if (!fill) return status;
    auto* list = static_cast<KSMULTIPLE_ITEM*>(data);
    list->Size = needed;
    list->Count = count;
    auto* at = reinterpret_cast<UCHAR*>(list + 1);
    for (ULONG i = 0; i < count; ++i) {
        RtlCopyMemory(at, ranges[i], ranges[i]->FormatSize);
        at += ks::align8(ranges[i]->FormatSize);
    }
    return status;
}

const KSPIN_DESCRIPTOR& descriptor_at(const KSPIN_DESCRIPTOR* first, ULONG size, ULONG index) {
    return *reinterpret_cast<const KSPIN_DESCRIPTOR*>(reinterpret_cast<const UCHAR*>(first) +
                                                      static_cast<SIZE_T>(index) * size);
}

} // namespace

/** A list of equal items as KSMULTIPLE_ITEM. */
KSDDKAPI NTSTATUS NTAPI KsHandleSizedListQuery(PIRP irp, ULONG count, ULONG item_size, const VOID* items) {
    PVOID value = irp->AssociatedIrp.SystemBuffer;
    ULONG needed = sizeof(KSMULTIPLE_ITEM) + count * item_size;
    bool fill;
    NTSTATUS status = ks::answer_size(irp, value, needed, fill);
    if (!fill) return status;
    auto* list = static_cast<KSMULTIPLE_ITEM*>(value);
    list->Size = needed;
    list->Count = count;
    RtlCopyMemory(list + 1, items, static_cast<SIZE_T>(count) * item_size);
    return status;
}

/** Answers the pin properties that follow from descriptors. STATUS_NOT_FOUND for the others: instance counts and
 * physical connections belong to the filter. */
KSDDKAPI NTSTATUS NTAPI KsPinPropertyHandler(PIRP irp, PKSPROPERTY property, PVOID data, ULONG count,
                                             const KSPIN_DESCRIPTOR* descriptors) {
    if (property->Id == KSPROPERTY_PIN_CTYPES) return answer_value(irp, data, &count, sizeof count);
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.InputBufferLength < sizeof(KSP_PIN))
        return STATUS_INVALID_BUFFER_SIZE;
    ULONG pin = reinterpret_cast<PKSP_PIN>(property)->PinId;
    if (pin >= count) return STATUS_INVALID_PARAMETER;
    const KSPIN_DESCRIPTOR& it = descriptors[pin];
    switch (property->Id) {
    case KSPROPERTY_PIN_DATAFLOW:
        return answer_value(irp, data, &it.DataFlow, sizeof(ULONG));
    case KSPROPERTY_PIN_COMMUNICATION:
        return answer_value(irp, data, &it.Communication, sizeof(ULONG));
    case KSPROPERTY_PIN_DATARANGES:
        return answer_ranges(irp, data, it.DataRangesCount, it.DataRanges);
    case KSPROPERTY_PIN_CONSTRAINEDDATARANGES:
        return it.ConstrainedDataRangesCount
                   ? answer_ranges(irp, data, it.ConstrainedDataRangesCount, it.ConstrainedDataRanges)
                   : answer_ranges(irp, data, it.DataRangesCount, it.DataRanges);
    case KSPROPERTY_PIN_INTERFACES:
        return it.InterfacesCount
                   ? KsHandleSizedListQuery(irp, it.InterfacesCount, sizeof(KSPIN_INTERFACE), it.Interfaces)
                   : KsHandleSizedListQuery(irp, 1, sizeof(KSPIN_INTERFACE), &kStandardInterface);
    case KSPROPERTY_PIN_MEDIUMS:
        return it.MediumsCount ? KsHandleSizedListQuery(irp, it.MediumsCount, sizeof(KSPIN_MEDIUM), it.Mediums)
                               : KsHandleSizedListQuery(irp, 1, sizeof(KSPIN_MEDIUM), &kStandardMedium);
    case KSPROPERTY_PIN_CATEGORY:
        return it.Category ? answer_value(irp, data, it.Category, sizeof(GUID)) : STATUS_NOT_FOUND;
    case KSPROPERTY_PIN_NAME:
        return ks::answer_name(irp, data, it.Name, it.Category);
    default:
        return STATUS_NOT_FOUND;
    }
}

/** Offers each range of the client to `handler` together with each range of the pin until one is accepted.
 * STATUS_NO_MATCH when none is. The value's room and the size it needs travel through `handler`. */
KSDDKAPI NTSTATUS NTAPI KsPinDataIntersectionEx(PIRP irp, PKSP_PIN pin, PVOID data, ULONG count,
                                                const KSPIN_DESCRIPTOR* descriptors, ULONG descriptor_size,
                                                PFNKSINTERSECTHANDLEREX handler, PVOID context) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG room = stack->Parameters.DeviceIoControl.OutputBufferLength;
    if (in < sizeof(KSP_PIN) + sizeof(KSMULTIPLE_ITEM)) return STATUS_INVALID_BUFFER_SIZE;
    if (pin->PinId >= count) return STATUS_INVALID_PARAMETER;
    const KSPIN_DESCRIPTOR& it = descriptor_at(descriptors, descriptor_size, pin->PinId);
    auto* list = reinterpret_cast<UCHAR*>(pin + 1);
    ks::RangeWalk walk(list, in - static_cast<ULONG>(sizeof(KSP_PIN)));
    uint32_t offset;
    while (walk.next(offset))
        for (ULONG mine = 0; mine < it.DataRangesCount; ++mine) {
            ULONG size = room;
            NTSTATUS status = handler(context, irp, pin, reinterpret_cast<PKSDATARANGE>(list + offset),
                                      it.DataRanges[mine], room, data, &size);
            if (status == STATUS_NO_MATCH) continue;
            irp->IoStatus.Information = status == STATUS_SUCCESS || status == STATUS_BUFFER_OVERFLOW ? size : 0;
            return status;
        }
    return walk.broken() ? STATUS_INVALID_PARAMETER : STATUS_NO_MATCH;
}

/** As above with the older handler, which finds the pin's ranges by itself. */
KSDDKAPI NTSTATUS NTAPI KsPinDataIntersection(PIRP irp, PKSP_PIN pin, PVOID data, ULONG count, const KSPIN_DESCRIPTOR*,
                                              PFNKSINTERSECTHANDLER handler) {
    ULONG in = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.InputBufferLength;
    if (in < sizeof(KSP_PIN) + sizeof(KSMULTIPLE_ITEM)) return STATUS_INVALID_BUFFER_SIZE;
    if (pin->PinId >= count) return STATUS_INVALID_PARAMETER;
    auto* list = reinterpret_cast<UCHAR*>(pin + 1);
    ks::RangeWalk walk(list, in - static_cast<ULONG>(sizeof(KSP_PIN)));
    uint32_t offset;
    while (walk.next(offset)) {
        NTSTATUS status = handler(irp, pin, reinterpret_cast<PKSDATARANGE>(list + offset), data);
        if (status != STATUS_NO_MATCH) return status;
    }
    return walk.broken() ? STATUS_INVALID_PARAMETER : STATUS_NO_MATCH;
}

/** KSPROPSETID_Topology: categories, nodes, connections, node names. */
KSDDKAPI NTSTATUS NTAPI KsTopologyPropertyHandler(PIRP irp, PKSPROPERTY property, PVOID data,
                                                  const KSTOPOLOGY* topology) {
    switch (property->Id) {
    case KSPROPERTY_TOPOLOGY_CATEGORIES:
        return KsHandleSizedListQuery(irp, topology->CategoriesCount, sizeof(GUID), topology->Categories);
    case KSPROPERTY_TOPOLOGY_NODES:
        return KsHandleSizedListQuery(irp, topology->TopologyNodesCount, sizeof(GUID), topology->TopologyNodes);
    case KSPROPERTY_TOPOLOGY_CONNECTIONS:
        return KsHandleSizedListQuery(irp, topology->TopologyConnectionsCount, sizeof(KSTOPOLOGY_CONNECTION),
                                      topology->TopologyConnections);
    case KSPROPERTY_TOPOLOGY_NAME: {
        if (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.InputBufferLength < sizeof(KSP_NODE))
            return STATUS_INVALID_BUFFER_SIZE;
        const ULONG node = reinterpret_cast<PKSP_NODE>(property)->NodeId;
        if (node >= topology->TopologyNodesCount) return STATUS_INVALID_PARAMETER;
        const GUID* name = topology->TopologyNodesNames ? &topology->TopologyNodesNames[node] : nullptr;
        return ks::answer_name(irp, data, name, &topology->TopologyNodes[node]);
    }
    default:
        return STATUS_NOT_FOUND;
    }
}
