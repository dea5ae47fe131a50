// SPDX-License-Identifier: MIT
// Typed properties of a device: the system's own (devpkey.h), which are those of IoGetDeviceProperty in another dress,
// and whatever a driver or its INF put beside them.
#include "ke/ke.hpp"
#include "property_store.hpp"

namespace nanont::io {
namespace {

/// One of the system's own.
struct Known {
    const GUID* category;
    ULONG pid;
    const WCHAR* value; // the value under Enum that holds it; nullptr: IoGetDeviceProperty has it
    DEVICE_REGISTRY_PROPERTY property;
    DEVPROPTYPE type; // GUID of a property that is text: the text is read
};

const GUID kDevice = {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}};
const GUID kContainer = {0x8c7ed206, 0x3f8a, 0x4827, {0xb3, 0xab, 0xae, 0x9e, 0x1f, 0xae, 0xfc, 0x6c}};

constexpr auto kNone = static_cast<DEVICE_REGISTRY_PROPERTY>(-1);
const Known kKnown[] = {
    {&kDevice, 2, L"DeviceDesc", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 3, L"HardwareID", kNone, DEVPROP_TYPE_STRING_LIST},
    {&kDevice, 4, L"CompatibleIDs", kNone, DEVPROP_TYPE_STRING_LIST},
    {&kDevice, 6, L"Service", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 9, L"Class", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 10, nullptr, DevicePropertyClassGuid, DEVPROP_TYPE_GUID},
    {&kDevice, 11, L"Driver", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 13, L"Mfg", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 14, L"FriendlyName", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 15, L"LocationInformation", kNone, DEVPROP_TYPE_STRING},
    {&kDevice, 16, nullptr, DevicePropertyPhysicalDeviceObjectName, DEVPROP_TYPE_STRING},
    {&kDevice, 18, nullptr, DevicePropertyUINumber, DEVPROP_TYPE_UINT32},
    {&kDevice, 21, nullptr, DevicePropertyBusTypeGuid, DEVPROP_TYPE_GUID},
    {&kDevice, 22, nullptr, DevicePropertyLegacyBusType, DEVPROP_TYPE_UINT32},
    {&kDevice, 23, nullptr, DevicePropertyBusNumber, DEVPROP_TYPE_UINT32},
    {&kDevice, 24, nullptr, DevicePropertyEnumeratorName, DEVPROP_TYPE_STRING},
    {&kDevice, 30, nullptr, DevicePropertyAddress, DEVPROP_TYPE_UINT32},
    {&kDevice, 33, nullptr, DevicePropertyRemovalPolicy, DEVPROP_TYPE_UINT32},
    {&kDevice, 36, nullptr, DevicePropertyInstallState, DEVPROP_TYPE_UINT32},
    {&kInstanceCategory, kInstanceId, nullptr, kNone, DEVPROP_TYPE_STRING},
    {&kContainer, 2, nullptr, DevicePropertyContainerID, DEVPROP_TYPE_GUID},
};

const Known* find(const DEVPROPKEY& key) {
    for (const Known& it : kKnown) {
        if (it.pid == key.pid && RtlCompareMemory(&key.fmtid, it.category, sizeof(GUID)) == sizeof(GUID)) {
            return &it;
        }
    }
    return nullptr;
}

/// A GUID that IoGetDeviceProperty has as text.
NTSTATUS give_guid(const DeviceNode& node, DEVICE_REGISTRY_PROPERTY property, ULONG room, PVOID data, ULONG& needed) {
    WCHAR text[48] = {};
    const NTSTATUS status = IoGetDeviceProperty(node.pdo, property, sizeof(text) - sizeof(WCHAR), text, &needed);
    if (!NT_SUCCESS(status)) {
        return status == STATUS_BUFFER_TOO_SMALL ? STATUS_OBJECT_NAME_NOT_FOUND : status; // longer than any GUID
    }
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    GUID guid;
    return NT_SUCCESS(RtlGUIDFromString(&string, &guid)) ? give_property(&guid, sizeof(guid), room, data, needed)
                                                         : STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS give_known(const DeviceNode& node, const WCHAR* path, const Known& it, ULONG room, PVOID data, ULONG& needed,
                    DEVPROPTYPE& type) {
    if (it.value != nullptr) {
        return get_value_as_property(path, it.value, room, data, needed, type);
    }
    type = it.type;
    needed = 0;
    if (it.pid == kInstanceId) {
        return give_property(node.instance, static_cast<ULONG>((wcslen(node.instance) + 1) * sizeof(WCHAR)), room, data,
                             needed);
    }
    const bool is_text = it.property == DevicePropertyClassGuid || it.property == DevicePropertyContainerID;
    return is_text ? give_guid(node, it.property, room, data, needed)
                   : IoGetDeviceProperty(node.pdo, it.property, room, data, &needed);
}

} // namespace
} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

/// STATUS_INVALID_PARAMETER: one of the system's own. STATUS_INVALID_DEVICE_REQUEST: no PDO. IRQL <= PASSIVE_LEVEL.
NTSTATUS NTAPI IoSetDevicePropertyData(PDEVICE_OBJECT Pdo, CONST DEVPROPKEY* PropertyKey, LCID Lcid, ULONG,
                                       DEVPROPTYPE Type, ULONG Size, PVOID Data) {
    const DeviceNode* node = node_of(Pdo);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (PropertyKey == nullptr || find(*PropertyKey) != nullptr) {
        return STATUS_INVALID_PARAMETER; // the system's own are not for drivers to set
    }
    WCHAR path[kLongestKeyPath];
    enum_path(*node, L"", path);
    return set_property(path, *PropertyKey, Lcid, Type, Size, Data);
}

/// STATUS_OBJECT_NAME_NOT_FOUND: the device has none of that key. STATUS_BUFFER_TOO_SMALL: *RequiredSize says how much.
/// STATUS_INVALID_DEVICE_REQUEST: no PDO. IRQL <= APC_LEVEL.
NTSTATUS NTAPI IoGetDevicePropertyData(PDEVICE_OBJECT Pdo, CONST DEVPROPKEY* PropertyKey, LCID Lcid, ULONG, ULONG Size,
                                       PVOID Data, PULONG RequiredSize, PDEVPROPTYPE Type) {
    const DeviceNode* node = node_of(Pdo);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    WCHAR path[kLongestKeyPath];
    enum_path(*node, L"", path);
    if (const Known* known = find(*PropertyKey)) {
        return give_known(*node, path, *known, Size, Data, *RequiredSize, *Type);
    }
    return get_property(path, *PropertyKey, Lcid, Size, Data, *RequiredSize, *Type);
}

} // extern "C"
