// SPDX-License-Identifier: MIT
// What a device is asked of itself: IoGetDeviceProperty, from its key under Enum and from its bus.
#include "bus_information.hpp"
#include "cm/cm.hpp"
#include "ke/ke.hpp"

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

NTSTATUS give_list(const CM_RESOURCE_LIST& list, ULONG room, PVOID buffer, PULONG result) {
    const size_t size = offsetof(CM_RESOURCE_LIST, List[0].PartialResourceList.PartialDescriptors) +
                        list.List[0].PartialResourceList.Count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
    return give(&list, size, room, buffer, result);
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
    return give_list(*list.list(), room, buffer, result);
}

/// What it was started with. STATUS_OBJECT_NAME_NOT_FOUND: nothing, or it is stopped.
NTSTATUS give_allocated(DeviceNode& node, ULONG room, PVOID buffer, PULONG result) {
    return node.raw.list()->Count != 0 ? give_list(*node.raw.list(), room, buffer, result)
                                       : STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS give_requirements(const DeviceNode& node, ULONG room, PVOID buffer, PULONG result) {
    RequirementsList list;
    const ULONG size = make_requirements(node, list);
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
                          DeviceProperty == DevicePropertyAddress || DeviceProperty == DevicePropertyUINumber ||
                          DeviceProperty == DevicePropertyResourceRequirements ||
                          DeviceProperty == DevicePropertyBusTypeGuid;
    if (node->is_root && of_a_bus) {
        return STATUS_OBJECT_NAME_NOT_FOUND; // it is on no bus, which would give it resources
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
        return give_requirements(*node, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBusTypeGuid: {
        PNP_BUS_INFORMATION bus{};
        bus_information(*node, bus);
        return give(&bus.BusTypeGuid, sizeof(GUID), BufferLength, PropertyBuffer, ResultLength);
    }
    case DevicePropertyAllocatedResources:
        return give_allocated(*node, BufferLength, PropertyBuffer, ResultLength);
    default:
        return STATUS_INVALID_PARAMETER_2; // documented: no property
    }
}

} // extern "C"
