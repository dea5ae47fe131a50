// SPDX-License-Identifier: MIT
#include "properties.hpp"

#include "miniport.hpp"

namespace mpusynth {
namespace {

const GUID kCountersSet = MPULAB_COUNTERS_SET;
constexpr ULONG kCountersAccess = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;

/// Puts `size` bytes into the request's value, or says how many they are, as every KS property does.
NTSTATUS answer(PPCPROPERTY_REQUEST request, const void* value, ULONG size) {
    const ULONG room = request->ValueSize;
    request->ValueSize = size;
    if (room == 0) return STATUS_BUFFER_OVERFLOW;
    if (room < size) return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(request->Value, value, size);
    return STATUS_SUCCESS;
}

/// Whoever has room for no more than its first member gets that: the access flags.
NTSTATUS answer_basic_support(PPCPROPERTY_REQUEST request) {
    KSPROPERTY_DESCRIPTION description = {};
    description.AccessFlags = kCountersAccess;
    description.DescriptionSize = sizeof description;
    const bool flags_only = request->ValueSize >= sizeof(ULONG) && request->ValueSize < sizeof description;
    return answer(request, &description, flags_only ? sizeof(ULONG) : sizeof description);
}

/// PASSIVE_LEVEL, the client's thread. The port has checked the verb against the item's flags.
NTSTATUS NTAPI on_counters(PPCPROPERTY_REQUEST request) {
    if ((request->Verb & KSPROPERTY_TYPE_BASICSUPPORT) != 0) return answer_basic_support(request);
    if ((request->Verb & KSPROPERTY_TYPE_GET) == 0) return STATUS_INVALID_DEVICE_REQUEST;
    // What IPort::Init was given.
    auto* miniport = static_cast<MidiMiniport*>(reinterpret_cast<PMINIPORTMIDI>(request->MajorTarget));
    const mpulab_counters now = miniport->counters().snapshot();
    return answer(request, &now, sizeof now);
}

const PCPROPERTY_ITEM kItems[] = {
    {&kCountersSet, MPULAB_COUNTERS_ID, PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT, on_counters}};

} // namespace

const PCAUTOMATION_TABLE kFilterProperties = {
    sizeof(PCPROPERTY_ITEM), sizeof kItems / sizeof kItems[0], kItems, 0, 0, nullptr, 0, 0, nullptr, 0};

} // namespace mpusynth
