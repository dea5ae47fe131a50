// SPDX-License-Identifier: MIT
// Device interfaces: names under which a device shows what it can do, and by which clients open it.
//
//   \??\ACPI#PNPB006#0#{category}\reference
//
// A symbolic link stands for all of it but \reference, which reaches the driver as the file's name.
#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"
#include "notification.hpp"
#include "vf/registered.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kTag = tag("IoIf");
constexpr size_t kLongestName = 256;

ke::Mutex g_mutex;

Interface* interface_at(LIST_ENTRY* entry) {
    return CONTAINING_RECORD(entry, Interface, link);
}

Interface* find(DeviceNode& node, const UNICODE_STRING& name) {
    for (LIST_ENTRY* entry = node.interfaces.Flink; entry != &node.interfaces; entry = entry->Flink) {
        if (RtlEqualUnicodeString(&interface_at(entry)->name, &name, TRUE)) {
            return interface_at(entry);
        }
    }
    return nullptr;
}

bool link_in_use(DeviceNode& node, const UNICODE_STRING& link_name) {
    for (LIST_ENTRY* entry = node.interfaces.Flink; entry != &node.interfaces; entry = entry->Flink) {
        const Interface* item = interface_at(entry);
        if (item->enabled && RtlEqualUnicodeString(&item->link_name, &link_name, TRUE)) {
            return true;
        }
    }
    return false;
}

/// The name in `text` (kLongestName + 1 units); the length of its first part goes to `link_length`. False: too long.
bool make_name(const DeviceNode& node, const GUID& category, PUNICODE_STRING reference, WCHAR* text,
               size_t& link_length) {
    const int length = _snwprintf(text, kLongestName, L"\\??\\%ls#{%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}",
                                  node.instance, category.Data1, category.Data2, category.Data3, category.Data4[0],
                                  category.Data4[1], category.Data4[2], category.Data4[3], category.Data4[4],
                                  category.Data4[5], category.Data4[6], category.Data4[7]);
    if (length <= 0) {
        return false;
    }
    link_length = static_cast<size_t>(length);
    for (size_t i = 4; i < link_length; ++i) {
        text[i] = text[i] == L'\\' ? L'#' : text[i];
    }
    size_t total = link_length;
    if (reference != nullptr && reference->Length != 0) {
        const size_t units = reference->Length / sizeof(WCHAR);
        if (units > kLongestName - total - 1) {
            return false;
        }
        text[total] = L'\\';
        RtlCopyMemory(text + total + 1, reference->Buffer, units * sizeof(WCHAR));
        total += 1 + units;
    }
    text[total] = 0;
    return true;
}

bool copy_out(const UNICODE_STRING& name, UNICODE_STRING& out) {
    out.Buffer = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, name.Length + sizeof(WCHAR), kTag));
    if (out.Buffer == nullptr) {
        return false;
    }
    RtlCopyMemory(out.Buffer, name.Buffer, name.Length);
    out.Buffer[name.Length / sizeof(WCHAR)] = 0;
    out.Length = name.Length;
    out.MaximumLength = static_cast<USHORT>(name.Length + sizeof(WCHAR));
    return true;
}

NTSTATUS enable(DeviceNode& node, Interface& item) {
    if (item.enabled) {
        return STATUS_OBJECT_NAME_EXISTS;
    }
    if (!link_in_use(node, item.link_name)) {
        UNICODE_STRING device = ob::name_of(node.pdo);
        const NTSTATUS status = IoCreateSymbolicLink(&item.link_name, &device);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    item.enabled = true;
    interface_changed(item.category, item.name, true);
    return STATUS_SUCCESS;
}

NTSTATUS disable(DeviceNode& node, Interface& item) {
    if (!item.enabled) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    item.enabled = false;
    interface_changed(item.category, item.name, false);
    if (!link_in_use(node, item.link_name)) {
        return IoDeleteSymbolicLink(&item.link_name);
    }
    return STATUS_SUCCESS;
}

bool wanted(const Interface& item, const GUID& category, ULONG flags) {
    return (item.enabled || (flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE) != 0) &&
           RtlCompareMemory(&item.category, &category, sizeof(GUID)) == sizeof(GUID);
}

/// Calls `action` for every item that is wanted, device after device, in the order they were registered.
template <typename Action> void for_each(const GUID& category, PDEVICE_OBJECT only, ULONG flags, Action action) {
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (only != nullptr && node->pdo != only) {
            continue;
        }
        for (LIST_ENTRY* entry = node->interfaces.Flink; entry != &node->interfaces; entry = entry->Flink) {
            if (wanted(*interface_at(entry), category, flags)) {
                action(*interface_at(entry));
            }
        }
    }
}

} // namespace

void disable_interfaces(DeviceNode& node) {
    ke::MutexGuard lock(g_mutex);
    for (LIST_ENTRY* entry = node.interfaces.Flink; entry != &node.interfaces; entry = entry->Flink) {
        disable(node, *interface_at(entry));
    }
}

bool with_interface(const UNICODE_STRING& name, void (*action)(DeviceNode& node, Interface& item, void* context),
                    void* context) {
    ke::MutexGuard lock(g_mutex);
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (Interface* item = find(*node, name)) {
            action(*node, *item, context);
            return true;
        }
    }
    return false;
}

NTSTATUS copy_alias(DeviceNode& node, const Interface& item, const GUID& category, UNICODE_STRING& out) {
    const auto skipped = static_cast<USHORT>(item.link_name.Length + sizeof(WCHAR));
    const auto length = static_cast<USHORT>(item.name.Length > skipped ? item.name.Length - skipped : 0);
    UNICODE_STRING reference{length, length, item.name.Buffer + skipped / sizeof(WCHAR)};
    WCHAR text[kLongestName + 1];
    size_t link_length = 0;
    if (!make_name(node, category, &reference, text, link_length)) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    const Interface* alias = find(node, name);
    if (alias == nullptr) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return copy_out(alias->name, out) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

void forget_interfaces(DeviceNode& node) {
    {
        ke::MutexGuard lock(g_mutex);
        for (LIST_ENTRY* entry = node.interfaces.Flink; entry != &node.interfaces; entry = entry->Flink) {
            const Interface& item = *interface_at(entry);
            if (item.enabled_from != nullptr) {
                vf::judge_interface(item.enabled_from, item.enabled);
            }
        }
    }
    disable_interfaces(node);
    ke::MutexGuard lock(g_mutex);
    while (LIST_ENTRY* entry = List::pop_front(node.interfaces)) {
        ExFreePool(interface_at(entry)->name.Buffer);
        ExFreePool(interface_at(entry));
    }
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

/// STATUS_OBJECT_NAME_EXISTS, which is a success: it is registered already. STATUS_INVALID_DEVICE_REQUEST: no PDO, or a
/// separator in the reference string. STATUS_NAME_TOO_LONG, STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
NTSTATUS NTAPI IoRegisterDeviceInterface(PDEVICE_OBJECT PhysicalDeviceObject, CONST GUID* InterfaceClassGuid,
                                         PUNICODE_STRING ReferenceString, PUNICODE_STRING SymbolicLinkName) {
    DeviceNode* node = node_of(PhysicalDeviceObject);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    for (USHORT i = 0; ReferenceString != nullptr && i < ReferenceString->Length / sizeof(WCHAR); ++i) {
        if (ReferenceString->Buffer[i] == L'\\' || ReferenceString->Buffer[i] == L'/') {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
    }
    WCHAR text[kLongestName + 1];
    size_t link_length = 0;
    if (!make_name(*node, *InterfaceClassGuid, ReferenceString, text, link_length)) {
        return STATUS_NAME_TOO_LONG;
    }
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, text);
    ke::MutexGuard lock(g_mutex);
    Interface* item = find(*node, name);
    const NTSTATUS status = item != nullptr ? STATUS_OBJECT_NAME_EXISTS : STATUS_SUCCESS;
    if (item == nullptr) {
        item = static_cast<Interface*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Interface), kTag));
        if (item == nullptr) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *item = {};
        item->category = *InterfaceClassGuid;
        if (!copy_out(name, item->name)) {
            ExFreePool(item);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        const auto link_bytes = static_cast<USHORT>(link_length * sizeof(WCHAR));
        item->link_name = {link_bytes, link_bytes, item->name.Buffer};
        List::push_back(node->interfaces, item->link);
        publish(*node, *item);
    }
    return copy_out(item->name, *SymbolicLinkName) ? status : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS NTAPI IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable) {
    const void* from = __builtin_return_address(0);
    ke::MutexGuard lock(g_mutex);
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (Interface* item = find(*node, *SymbolicLinkName)) {
            const NTSTATUS status = Enable ? enable(*node, *item) : disable(*node, *item);
            if (status == STATUS_SUCCESS && Enable) {
                item->enabled_from = ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from)) ? from : nullptr;
            }
            return status;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

/// STATUS_INVALID_DEVICE_REQUEST: a device that is no PDO. STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
NTSTATUS NTAPI IoGetDeviceInterfaces(CONST GUID* InterfaceClassGuid, PDEVICE_OBJECT PhysicalDeviceObject, ULONG Flags,
                                     PWSTR* SymbolicLinkList) {
    if (PhysicalDeviceObject != nullptr && node_of(PhysicalDeviceObject) == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    ke::MutexGuard lock(g_mutex);
    size_t units = 1;
    for_each(*InterfaceClassGuid, PhysicalDeviceObject, Flags,
             [&](const Interface& item) { units += item.name.Length / sizeof(WCHAR) + 1; });
    auto* list = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, (units + 1) * sizeof(WCHAR), kTag));
    if (list == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PWSTR at = list;
    for_each(*InterfaceClassGuid, PhysicalDeviceObject, Flags, [&](const Interface& item) {
        const size_t length = item.name.Length / sizeof(WCHAR);
        RtlCopyMemory(at, item.name.Buffer, item.name.Length);
        at[length] = 0;
        at += length + 1;
    });
    at[0] = 0;
    if (at == list) {
        at[1] = 0;
    }
    *SymbolicLinkList = list;
    return STATUS_SUCCESS;
}

} // extern "C"
