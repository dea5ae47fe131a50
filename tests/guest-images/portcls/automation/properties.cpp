// SPDX-License-Identifier: MIT
#include "automation.hpp"

#include <initializer_list>

namespace {

KSP_NODE for_node(ULONG id, ULONG flags, ULONG node) {
    KSP_NODE asked{};
    asked.Property = {{{kSet, id, flags}}};
    asked.NodeId = node;
    return asked;
}

/// A thread does it while the client waits.
VOID NTAPI complete_late(PVOID) {
    for (ULONG i = 0; i < 1000 && !*const_cast<PPCPROPERTY_REQUEST volatile*>(&g_pended); ++i)
        pause(1);
    PPCPROPERTY_REQUEST request = g_pended;
    pause(20); // the client waits
    CHECK(request != nullptr);
    CHECK_EQUAL(PcCompletePendingPropertyRequest(nullptr, STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
    if (request) {
        CHECK_EQUAL(PcCompletePendingPropertyRequest(request, STATUS_PENDING), STATUS_INVALID_PARAMETER);
        *static_cast<ULONG*>(request->Value) = 99;
        request->ValueSize = sizeof(ULONG);
        CHECK_EQUAL(PcCompletePendingPropertyRequest(request, STATUS_SUCCESS), STATUS_SUCCESS);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

} // namespace

void node_properties() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    for (Object* object : {&filter, &pin}) {
        ULONG value = 0;
        KSP_NODE asked = for_node(kCounted, KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_TOPOLOGY, kNamedNode);
        CHECK_EQUAL(object->send(IOCTL_KS_PROPERTY, &asked, sizeof asked, &value, sizeof value), STATUS_SUCCESS);
        CHECK_EQUAL(value, 4711);
        CHECK_EQUAL(g_asked.property_node, kNamedNode);
        CHECK_EQUAL(object->send(IOCTL_KS_PROPERTY, &asked, sizeof(KSPROPERTY), &value, sizeof value),
                    STATUS_INVALID_BUFFER_SIZE);
        asked = for_node(kCounted, KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_TOPOLOGY, kTypedNode); // without a table
        CHECK_EQUAL(object->send(IOCTL_KS_PROPERTY, &asked, sizeof asked, &value, sizeof value),
                    STATUS_PROPSET_NOT_FOUND);
        asked = for_node(kCounted, KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_TOPOLOGY, kNodes);
        CHECK_EQUAL(object->send(IOCTL_KS_PROPERTY, &asked, sizeof asked, &value, sizeof value),
                    STATUS_INVALID_PARAMETER);
        asked = for_node(kCounted, KSPROPERTY_TYPE_GET, 0);
        CHECK_EQUAL(object->send(IOCTL_KS_PROPERTY, &asked, sizeof(KSPROPERTY), &value, sizeof value), STATUS_SUCCESS);
        CHECK_EQUAL(g_asked.property_node, ULONG(-1));
    }
    CHECK_EQUAL(g_asked.properties, 4);
}

void pending_properties() {
    Object filter;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    g_pended = nullptr;
    OtherThread thread(complete_late, nullptr);
    ULONG value = 0;
    KSPROPERTY asked{{{kSet, kPended, KSPROPERTY_TYPE_GET}}};
    CHECK_EQUAL(filter.send(IOCTL_KS_PROPERTY, &asked, sizeof asked, &value, sizeof value), STATUS_SUCCESS);
    CHECK_EQUAL(value, 99);
    CHECK_EQUAL(filter.returned, sizeof(ULONG));
}

/// KSPROPERTY_TYPE_SETSUPPORT of GUID_NULL: the driver's set, and behind it those that the port answers itself.
void property_sets() {
    const GUID kPin = {STATIC_KSPROPSETID_Pin}, kTopology = {STATIC_KSPROPSETID_Topology},
               kConnection = {STATIC_KSPROPSETID_Connection};
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    const KSPROPERTY all{{{{}, 0, KSPROPERTY_TYPE_SETSUPPORT}}};
    GUID sets[4] = {};
    CHECK_EQUAL(filter.send(IOCTL_KS_PROPERTY, &all, sizeof all, nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(filter.returned, 3 * sizeof(GUID));
    CHECK_EQUAL(filter.send(IOCTL_KS_PROPERTY, &all, sizeof all, sets, sizeof(GUID)), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(filter.send(IOCTL_KS_PROPERTY, &all, sizeof all, sets, sizeof sets), STATUS_SUCCESS);
    CHECK_EQUAL(filter.returned, 3 * sizeof(GUID));
    CHECK(IsEqualGUIDAligned(sets[0], kSet) && IsEqualGUIDAligned(sets[1], kPin) &&
          IsEqualGUIDAligned(sets[2], kTopology));
    CHECK_EQUAL(pin.send(IOCTL_KS_PROPERTY, &all, sizeof all, sets, sizeof sets), STATUS_SUCCESS);
    CHECK_EQUAL(pin.returned, 2 * sizeof(GUID));
    CHECK(IsEqualGUIDAligned(sets[0], kSet) && IsEqualGUIDAligned(sets[1], kConnection));
    const KSPROPERTY none{{{{}, 0, KSPROPERTY_TYPE_GET}}};
    CHECK_EQUAL(filter.send(IOCTL_KS_PROPERTY, &none, sizeof none, sets, sizeof sets), STATUS_PROPSET_NOT_FOUND);
}

/// "The WDM audio subsystem does not currently support methods" (PCMETHOD_ITEM).
void methods() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    const KSMETHOD asked{{{kSet, 0, KSMETHOD_TYPE_SEND}}};
    const KSMETHOD support{{{kSet, 0, KSMETHOD_TYPE_SETSUPPORT}}};
    for (Object* object : {&filter, &pin}) {
        CHECK_EQUAL(object->send(IOCTL_KS_METHOD, &asked, sizeof asked, nullptr, 0), STATUS_PROPSET_NOT_FOUND);
        CHECK_EQUAL(object->send(IOCTL_KS_METHOD, &support, sizeof support, nullptr, 0), STATUS_PROPSET_NOT_FOUND);
    }
    CHECK_EQUAL(g_asked.methods, 0);
}
