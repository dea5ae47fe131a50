// SPDX-License-Identifier: MIT
// What a device is asked of itself: IoGetDeviceProperty from its key under Enum, typed properties beside it.
#include "cm/cm.hpp"
#include "io.hpp"
#include "ke/ke.hpp"
#include "property_store.hpp"
#include "resources.hpp"

namespace nanont::io {
namespace {

/// Writes a property; the documented way round when it does not fit.
NTSTATUS give(const void* value, size_t size, ULONG room, PVOID buffer, PULONG result) {
    *result = static_cast<ULONG>(size);
    if (room < size) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(buffer, value, size);
    return STATUS_SUCCESS;
}

NTSTATUS give_text(const WCHAR* text, ULONG room, PVOID buffer, PULONG result) {
    return give(text, (wcslen(text) + 1) * sizeof(WCHAR), room, buffer, result);
}

NTSTATUS give_number(ULONG number, ULONG room, PVOID buffer, PULONG result) {
    return give(&number, sizeof(number), room, buffer, result);
}

NTSTATUS give_value(const DeviceNode& node, const WCHAR* name, ULONG room, PVOID buffer, PULONG result) {
    WCHAR path[kLongestKeyPath];
    enum_path(node, L"", path);
    cm::Guard guard;
    cm::Key* key = nullptr;
    const cm::Value* value = nullptr;
    if (NT_SUCCESS(cm::walk_path(cm::text_of(path), false, key, nullptr))) {
        value = cm::find_value(*key, cm::text_of(name));
    }
    return value != nullptr ? give(value->data, value->size, room, buffer, result) : STATUS_OBJECT_NAME_NOT_FOUND;
}

/// The value of the key under Enum that holds a property; nullptr: none does.
const WCHAR* value_name(DEVICE_REGISTRY_PROPERTY property) {
    switch (property) {
    case DevicePropertyDeviceDescription:
        return L"DeviceDesc";
    case DevicePropertyHardwareID:
        return L"HardwareID";
    case DevicePropertyCompatibleIDs:
        return L"CompatibleIDs";
    case DevicePropertyClassName:
        return L"Class";
    case DevicePropertyClassGuid:
        return L"ClassGUID";
    case DevicePropertyDriverKeyName:
        return L"Driver";
    case DevicePropertyManufacturer:
        return L"Mfg";
    case DevicePropertyFriendlyName:
        return L"FriendlyName";
    case DevicePropertyLocationInformation:
        return L"LocationInformation";
    case DevicePropertyContainerID:
        return L"ContainerID";
    default:
        return nullptr;
    }
}

NTSTATUS give_resources(const DeviceNode& node, bool translated, ULONG room, PVOID buffer, PULONG result) {
    if (node.is_root) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const ULONG vector = translated && node.machine.irq != MPULAB_IRQ_NONE ? HalGetIsaVector(node.machine.irq) : 0;
    ResourceList list;
    if (node.is_pci) {
        make_pci_resources(node.pci, translated, list);
    } else {
        make_resources(node.machine, vector, list);
    }
    const ULONG count = list.list()->List[0].PartialResourceList.Count;
    const size_t size = offsetof(CM_RESOURCE_LIST, List[0].PartialResourceList.PartialDescriptors) +
                        count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
    return give(list.list(), size, room, buffer, result);
}

NTSTATUS give_object_name(const DeviceNode& node, ULONG room, PVOID buffer, PULONG result) {
    WCHAR text[64] = {};
    const UNICODE_STRING name = ob::name_of(node.pdo);
    if (name.Length + sizeof(WCHAR) > sizeof(text)) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlCopyMemory(text, name.Buffer, name.Length);
    return give_text(text, room, buffer, result);
}

NTSTATUS give_enumerator(const DeviceNode& node, ULONG room, PVOID buffer, PULONG result) {
    WCHAR text[RTL_NUMBER_OF(node.device_id)] = {};
    for (size_t i = 0; node.device_id[i] != 0 && node.device_id[i] != L'\\'; ++i) {
        text[i] = node.device_id[i];
    }
    return give_text(text, room, buffer, result);
}

/// DEVPKEY_Device_*: properties that Windows keeps as values of the key under Enum.
const WCHAR* value_of_property(const DEVPROPKEY& key) {
    static const GUID kDevice = {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}};
    static const struct {
        ULONG pid;
        const WCHAR* value;
    } kKnown[] = {{2, L"DeviceDesc"}, {3, L"HardwareID"},    {4, L"CompatibleIDs"},
                  {6, L"Service"},    {9, L"Class"},         {11, L"Driver"},
                  {13, L"Mfg"},       {14, L"FriendlyName"}, {15, L"LocationInformation"}};
    if (RtlCompareMemory(&key.fmtid, &kDevice, sizeof(GUID)) != sizeof(GUID)) {
        return nullptr;
    }
    for (const auto& known : kKnown) {
        if (known.pid == key.pid) {
            return known.value;
        }
    }
    return nullptr;
}

} // namespace
} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty,
                                   ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength) {
    *ResultLength = 0;
    DeviceNode* node = node_of(DeviceObject);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (const WCHAR* value = value_name(DeviceProperty)) {
        return give_value(*node, value, BufferLength, PropertyBuffer, ResultLength);
    }
    constexpr ULONG kInstalled = 0; // InstallStateInstalled
    switch (DeviceProperty) {
    case DevicePropertyPhysicalDeviceObjectName:
        return give_object_name(*node, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyEnumeratorName:
        return give_enumerator(*node, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBootConfiguration:
        return give_resources(*node, false, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBootConfigurationTranslated:
        return give_resources(*node, true, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyInstallState:
        return give_number(kInstalled, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyRemovalPolicy:
        return give_number(RemovalPolicyExpectNoRemoval, BufferLength, PropertyBuffer, ResultLength);
    default:
        break;
    }
    const bool of_a_bus = DeviceProperty == DevicePropertyLegacyBusType || DeviceProperty == DevicePropertyBusNumber ||
                          DeviceProperty == DevicePropertyAddress || DeviceProperty == DevicePropertyUINumber;
    if (node->is_root && of_a_bus) {
        return STATUS_OBJECT_NAME_NOT_FOUND; // it is on no bus
    }
    switch (DeviceProperty) {
    case DevicePropertyLegacyBusType:
        return give_number(node->is_pci ? PCIBus : Isa, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBusNumber:
        return give_number(node->is_pci ? node->pci.bus : 0, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyAddress:
        if (node->is_pci) { // device and function, as the bus says in its capabilities
            return give_number((node->pci.slot & 0x1f) << 16 | node->pci.slot >> 5, BufferLength, PropertyBuffer,
                               ResultLength);
        }
        return give_number(node->machine.unit, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyUINumber:
        return give_number(node->machine.unit, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyResourceRequirements:
    case DevicePropertyBusTypeGuid:
    case DevicePropertyAllocatedResources:
        return STATUS_OBJECT_NAME_NOT_FOUND; // a device may be without them
    default:
        return STATUS_INVALID_PARAMETER_2; // documented: no property
    }
}

NTSTATUS NTAPI IoSetDevicePropertyData(PDEVICE_OBJECT Pdo, CONST DEVPROPKEY* PropertyKey, LCID Lcid, ULONG,
                                       DEVPROPTYPE Type, ULONG Size, PVOID Data) {
    const DeviceNode* node = node_of(Pdo);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (PropertyKey == nullptr || value_of_property(*PropertyKey) != nullptr) {
        return STATUS_INVALID_PARAMETER; // the system's own are not for drivers to set
    }
    WCHAR path[kLongestKeyPath];
    enum_path(*node, L"", path);
    return set_property(path, *PropertyKey, Lcid, Type, Size, Data);
}

NTSTATUS NTAPI IoGetDevicePropertyData(PDEVICE_OBJECT Pdo, CONST DEVPROPKEY* PropertyKey, LCID Lcid, ULONG, ULONG Size,
                                       PVOID Data, PULONG RequiredSize, PDEVPROPTYPE Type) {
    const DeviceNode* node = node_of(Pdo);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    WCHAR path[kLongestKeyPath];
    enum_path(*node, L"", path);
    if (const WCHAR* value = value_of_property(*PropertyKey)) {
        return get_value_as_property(path, value, Size, Data, *RequiredSize, *Type);
    }
    return get_property(path, *PropertyKey, Lcid, Size, Data, *RequiredSize, *Type);
}

} // extern "C"
