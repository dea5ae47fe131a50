// SPDX-License-Identifier: MIT
#include "description.hpp"

#include "module/trace.hpp"

#include <initializer_list>

namespace portcls {
namespace {

constexpr ULONG kMaxPins = 256;
constexpr ULONG kMaxNodes = 1024;
constexpr ULONG kMaxConnections = 4096;
constexpr ULONG kMaxRangeBytes = 65536;

struct Pair {
    ULONG node, pin;
};

void v62(ULONG seen, ULONG expected, const char* text) {
    trace::finding(62, seen, expected, text);
    DbgPrint("portcls.sys: filter descriptor: %s (seen %u, expected %u)\n", text, seen, expected);
}

NTSTATUS unusable(ULONG seen, ULONG expected, const char* text) {
    v62(seen, expected, text);
    return STATUS_INVALID_PARAMETER;
}

AutomationSets* new_tables(ULONG count) {
    return static_cast<AutomationSets*>( // all-zero is the empty set
        allocate_zeroed((count ? count : 1) * sizeof(AutomationSets), kObjectTag.value));
}

void free_tables(AutomationSets* tables, ULONG count) {
    if (!tables) return;
    for (ULONG i = 0; i < count; ++i)
        tables[i].~AutomationSets();
    ExFreePoolWithTag(tables, kObjectTag.value);
}

} // namespace

Description::~Description() {
    free_tables(pin_tables_, pin_count_);
    free_tables(node_tables_, topology_.TopologyNodesCount);
    if (ks_pins_) ExFreePoolWithTag(ks_pins_, kObjectTag.value);
    if (node_types_) ExFreePoolWithTag(node_types_, kObjectTag.value);
    if (node_names_) ExFreePoolWithTag(node_names_, kObjectTag.value);
}

const PCPIN_DESCRIPTOR& Description::pin(ULONG index) const {
    return *reinterpret_cast<const PCPIN_DESCRIPTOR*>(reinterpret_cast<const UCHAR*>(descriptor_->Pins) +
                                                      static_cast<SIZE_T>(index) * descriptor_->PinSize);
}

const PCNODE_DESCRIPTOR& Description::node(ULONG index) const {
    return *reinterpret_cast<const PCNODE_DESCRIPTOR*>(reinterpret_cast<const UCHAR*>(descriptor_->Nodes) +
                                                       static_cast<SIZE_T>(index) * descriptor_->NodeSize);
}

NTSTATUS Description::table_for(PIRP irp, const AutomationSets& own, const AutomationSets*& table, ULONG& node) const {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    const auto* request = static_cast<PKSP_NODE>(stack->Parameters.DeviceIoControl.Type3InputBuffer);
    table = &own;
    node = kNoTarget;
    static_assert(KSPROPERTY_TYPE_TOPOLOGY == KSEVENT_TYPE_TOPOLOGY && sizeof(KSP_NODE) == sizeof(KSE_NODE));
    if (!request || in < sizeof(KSPROPERTY) || !(request->Property.Flags & KSPROPERTY_TYPE_TOPOLOGY))
        return STATUS_SUCCESS;
    if (in < sizeof(KSP_NODE)) return STATUS_INVALID_BUFFER_SIZE;
    if (request->NodeId >= topology_.TopologyNodesCount) return STATUS_INVALID_PARAMETER;
    node = request->NodeId;
    table = &node_tables_[node];
    return STATUS_SUCCESS;
}

NTSTATUS Description::check(const PCFILTER_DESCRIPTOR& d) {
    if (d.PinCount == 0 || d.PinCount > kMaxPins || !d.Pins)
        return unusable(d.PinCount, kMaxPins, "PinCount is 0 or too large, or Pins is NULL");
    if (d.PinSize < sizeof(PCPIN_DESCRIPTOR) || d.PinSize % 8)
        return unusable(d.PinSize, sizeof(PCPIN_DESCRIPTOR), "PinSize is below PCPIN_DESCRIPTOR or no multiple of 8");
    if (d.NodeCount > kMaxNodes || (d.NodeCount && !d.Nodes))
        return unusable(d.NodeCount, kMaxNodes, "NodeCount is too large, or Nodes is NULL");
    if (d.NodeCount && (d.NodeSize < sizeof(PCNODE_DESCRIPTOR) || d.NodeSize % 8))
        return unusable(d.NodeSize, sizeof(PCNODE_DESCRIPTOR),
                        "NodeSize is below PCNODE_DESCRIPTOR or no multiple of 8");
    if (d.ConnectionCount > kMaxConnections || (d.ConnectionCount && !d.Connections))
        return unusable(d.ConnectionCount, kMaxConnections, "ConnectionCount is too large, or Connections is NULL");
    if (d.CategoryCount && !d.Categories) return unusable(d.CategoryCount, 0, "Categories is NULL");
    for (ULONG i = 0; i < d.ConnectionCount; ++i) {
        const PCCONNECTION_DESCRIPTOR& c = d.Connections[i];
        for (auto [at, end] : {Pair{c.FromNode, c.FromNodePin}, Pair{c.ToNode, c.ToNodePin}})
            if (at == PCFILTER_NODE ? end >= d.PinCount : at >= d.NodeCount)
                v62(at == PCFILTER_NODE ? end : at, at == PCFILTER_NODE ? d.PinCount : d.NodeCount,
                    "a connection leads to a pin or node that is not there");
    }
    return STATUS_SUCCESS;
}

NTSTATUS Description::check_pin(ULONG index) {
    const PCPIN_DESCRIPTOR& p = pin(index);
    const KSPIN_DESCRIPTOR& k = p.KsPinDescriptor;
    if (k.DataRangesCount && !k.DataRanges) return unusable(index, 0, "DataRanges of a pin is NULL");
    for (ULONG i = 0; i < k.DataRangesCount; ++i)
        if (!k.DataRanges[i] || k.DataRanges[i]->FormatSize < sizeof(KSDATARANGE) ||
            k.DataRanges[i]->FormatSize > kMaxRangeBytes)
            return unusable(index, sizeof(KSDATARANGE), "a data range of a pin is NULL or has a wrong FormatSize");
    if ((k.InterfacesCount && !k.Interfaces) || (k.MediumsCount && !k.Mediums))
        return unusable(index, 0, "Interfaces or Mediums of a pin is NULL");
    if (k.DataFlow != KSPIN_DATAFLOW_IN && k.DataFlow != KSPIN_DATAFLOW_OUT)
        v62(k.DataFlow, KSPIN_DATAFLOW_IN, "DataFlow of a pin is neither IN nor OUT");
    if (k.Communication == KSPIN_COMMUNICATION_SINK && p.MaxFilterInstanceCount == 0)
        v62(0, 1, "a streaming pin allows 0 instances");
    return STATUS_SUCCESS;
}

NTSTATUS Description::build(PPCFILTER_DESCRIPTOR descriptor) {
    descriptor_ = descriptor;
    trace::judged(62);
    const PCFILTER_DESCRIPTOR& d = *descriptor;
    NTSTATUS status = check(d);
    if (!NT_SUCCESS(status)) return status;
    for (ULONG i = 0; i < d.PinCount; ++i)
        if (!NT_SUCCESS(status = check_pin(i))) return status;

    ks_pins_ = static_cast<KSPIN_DESCRIPTOR*>(allocate_zeroed(d.PinCount * sizeof(KSPIN_DESCRIPTOR), kObjectTag.value));
    const SIZE_T node_bytes = (d.NodeCount ? d.NodeCount : 1) * sizeof(GUID);
    node_types_ = static_cast<GUID*>(allocate_zeroed(node_bytes, kObjectTag.value));
    node_names_ = static_cast<GUID*>(allocate_zeroed(node_bytes, kObjectTag.value));
    pin_tables_ = new_tables(d.PinCount);
    node_tables_ = new_tables(d.NodeCount);
    if (!ks_pins_ || !node_types_ || !node_names_ || !pin_tables_ || !node_tables_)
        return STATUS_INSUFFICIENT_RESOURCES;
    pin_count_ = d.PinCount;
    topology_ = {d.CategoryCount,   d.Categories,
                 d.NodeCount,       node_types_,
                 d.ConnectionCount, reinterpret_cast<const KSTOPOLOGY_CONNECTION*>(d.Connections),
                 node_names_,       0};
    static_assert(sizeof(KSTOPOLOGY_CONNECTION) == sizeof(PCCONNECTION_DESCRIPTOR));

    // No memory is no fault of the description.
    const auto malformed = [&status] { return status != STATUS_SUCCESS && status != STATUS_INSUFFICIENT_RESOURCES; };
    status = filter_table_.build(d.AutomationTable, "filter");
    if (malformed()) return unusable(0, 0, "the filter's automation table is malformed");
    if (status != STATUS_SUCCESS) return status;
    for (ULONG i = 0; i < d.PinCount; ++i) {
        ks_pins_[i] = pin(i).KsPinDescriptor;
        status = pin_tables_[i].build(pin(i).AutomationTable, "pin");
        if (malformed()) return unusable(i, 0, "a pin's automation table is malformed");
        if (status != STATUS_SUCCESS) return status;
    }
    for (ULONG i = 0; i < d.NodeCount; ++i) {
        if (node(i).Type)
            node_types_[i] = *node(i).Type;
        else
            v62(i, 0, "a node has no type");
        node_names_[i] = node(i).Name ? *node(i).Name : node_types_[i]; // PCNODE_DESCRIPTOR: the type names it then
        status = node_tables_[i].build(node(i).AutomationTable, "node");
        if (malformed()) return unusable(i, 0, "a node's automation table is malformed");
        if (status != STATUS_SUCCESS) return status;
    }
    return STATUS_SUCCESS;
}

} // namespace portcls
