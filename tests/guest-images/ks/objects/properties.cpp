// SPDX-License-Identifier: MIT
// Properties that KS answers for an object: its topology, and a data intersection that is shown the pin's ranges too.
#include "objects.hpp"

namespace {

const GUID kTopologySet = {STATIC_KSPROPSETID_Topology};
const GUID kExtendedSet = {0x3a1c59a4, 0x21a4, 0x4a4c, {0x9d, 0x5e, 0x53, 0x0c, 0x6f, 0x1e, 0x88, 0x03}};
const GUID kNodeType = {0x3a1c59a4, 0x21a4, 0x4a4c, {0x9d, 0x5e, 0x53, 0x0c, 0x6f, 0x1e, 0x88, 0x04}};
constexpr ULONG kNoProperty = 77;

NTSTATUS NTAPI topology(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    static KSTOPOLOGY it{};
    it.TopologyNodesCount = 1;
    it.TopologyNodes = &kNodeType;
    return KsTopologyPropertyHandler(irp, reinterpret_cast<PKSPROPERTY>(request), data, &it);
}

/// What the extended handler was shown.
ULONG g_pairs;
PKSDATARANGE g_mine[] = {nullptr, nullptr};

/// Takes the client's range of 64 bytes with the second of the pin's.
NTSTATUS NTAPI intersect(PVOID context, PIRP, PKSP_PIN, PKSDATARANGE client, PKSDATARANGE mine, ULONG room, PVOID data,
                         PULONG size) {
    CHECK(context == &g_pairs);
    ++g_pairs;
    if (mine != g_mine[1] || client->Flags != 0) return STATUS_NO_MATCH;
    *size = sizeof(KSDATAFORMAT);
    if (room < sizeof(KSDATAFORMAT)) return STATUS_BUFFER_OVERFLOW;
    *static_cast<PKSDATAFORMAT>(data) = *client;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI intersection(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    static KSDATARANGE ranges[2];
    static KSPIN_DESCRIPTOR pin[1];
    g_mine[0] = &ranges[0];
    g_mine[1] = &ranges[1];
    pin[0].DataRangesCount = 2;
    pin[0].DataRanges = g_mine;
    return KsPinDataIntersectionEx(irp, reinterpret_cast<PKSP_PIN>(request), data, 1, pin, sizeof(KSPIN_DESCRIPTOR),
                                   intersect, &g_pairs);
}

struct Question {
    KSP_PIN pin;
    KSMULTIPLE_ITEM list;
    KSDATARANGE range;

    Question() {
        RtlZeroMemory(this, sizeof *this);
        pin.Property.Set = kExtendedSet;
        pin.Property.Flags = KSPROPERTY_TYPE_GET;
        list.Size = sizeof list + sizeof range;
        list.Count = 1;
        range.FormatSize = sizeof range;
    }
};

} // namespace

const KSPROPERTY_SET* more_properties() {
    static KSPROPERTY_ITEM of_topology[3], extended[1];
    const ULONG ids[] = {KSPROPERTY_TOPOLOGY_NODES, KSPROPERTY_TOPOLOGY_NAME, kNoProperty};
    for (ULONG i = 0; i < 3; ++i) {
        of_topology[i].PropertyId = ids[i];
        of_topology[i].GetPropertyHandler = topology;
        of_topology[i].MinProperty = sizeof(KSPROPERTY);
    }
    extended[0].GetPropertyHandler = intersection;
    extended[0].MinProperty = sizeof(KSPROPERTY);
    static KSPROPERTY_SET sets[kMoreSets];
    sets[0].Set = &kTopologySet;
    sets[0].PropertiesCount = 3;
    sets[0].PropertyItem = of_topology;
    sets[1].Set = &kExtendedSet;
    sets[1].PropertiesCount = 1;
    sets[1].PropertyItem = extended;
    return sets;
}

void topology_answers() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    struct {
        KSMULTIPLE_ITEM head;
        GUID nodes[1];
    } list{};
    const auto ask = [&](ULONG id, ULONG node, ULONG bytes) {
        KSP_NODE asked{};
        asked.Property.Set = kTopologySet;
        asked.Property.Id = id;
        asked.Property.Flags = KSPROPERTY_TYPE_GET;
        asked.NodeId = node;
        return root.send(IOCTL_KS_PROPERTY, &asked, bytes, &list, sizeof list);
    };
    CHECK_EQUAL(ask(KSPROPERTY_TOPOLOGY_NODES, 0, sizeof(KSPROPERTY)), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.Count, 1);
    CHECK(IsEqualGUIDAligned(list.nodes[0], kNodeType));
    CHECK_REFUSES(KsTopologyPropertyHandler, ask(KSPROPERTY_TOPOLOGY_NAME, 1, sizeof(KSP_NODE)),
                  STATUS_INVALID_PARAMETER);
    CHECK_REFUSES(KsTopologyPropertyHandler, ask(KSPROPERTY_TOPOLOGY_NAME, 0, sizeof(KSPROPERTY)),
                  STATUS_INVALID_BUFFER_SIZE);
    CHECK_REFUSES(KsTopologyPropertyHandler, ask(kNoProperty, 0, sizeof(KSPROPERTY)), STATUS_NOT_FOUND);
}

void extended_intersections() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    KSDATAFORMAT format{};
    const auto ask = [&](const Question& asked, ULONG bytes, ULONG room) {
        g_pairs = 0;
        return root.send(IOCTL_KS_PROPERTY, &asked, bytes, &format, room);
    };
    Question asked;
    CHECK_EQUAL(ask(asked, sizeof asked, sizeof format), STATUS_SUCCESS);
    CHECK_EQUAL(g_pairs, 2); // with each of the pin's ranges, until one is taken
    CHECK_EQUAL(root.returned, sizeof format);
    CHECK_EQUAL(format.FormatSize, sizeof format);
    CHECK_EQUAL(ask(asked, sizeof asked, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(root.returned, sizeof format);
    asked.range.Flags = 1;
    CHECK_REFUSES(KsPinDataIntersectionEx, ask(asked, sizeof asked, sizeof format), STATUS_NO_MATCH);
    CHECK_EQUAL(g_pairs, 2);
    CHECK_REFUSES(KsPinDataIntersectionEx, ask(asked, sizeof(KSP_PIN), sizeof format), STATUS_INVALID_BUFFER_SIZE);
    asked.range.FormatSize = 8; // no range is as small
    CHECK_REFUSES(KsPinDataIntersectionEx, ask(asked, sizeof asked, sizeof format), STATUS_INVALID_PARAMETER);
    asked = Question();
    asked.pin.PinId = 1;
    CHECK_REFUSES(KsPinDataIntersectionEx, ask(asked, sizeof asked, sizeof format), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(g_pairs, 0);
}
