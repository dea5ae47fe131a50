// SPDX-License-Identifier: MIT
// A device interface's place in the registry:
//
//   ...\Control\DeviceClasses\{category}\##?#ACPI#PNPB006#0#{category}        DeviceInstance
//   ...\##?#ACPI#PNPB006#0#{category}\#reference                              SymbolicLink
//   ...\#reference\Device Parameters                                          what AddReg of an INF's interface section
//   wrote
#include "cm/cm.hpp"
#include "ke/ke.hpp"
#include "property_store.hpp"

namespace nanont::io {
namespace {

constexpr size_t kSkipped = 4;                               // "\??\"
constexpr LCID kUserDefault = 0x400, kSystemDefault = 0x800; // documented: no locale of a property

struct Path {
    WCHAR text[kLongestKeyPath];
};

/// The interface's own key: "...\#reference", or "...\#" without a reference string.
void find_path(const Interface& item, Path& path) {
    const GUID& id = item.category;
    const size_t link_units = item.link_name.Length / sizeof(WCHAR) - kSkipped;
    const size_t name_units = item.name.Length / sizeof(WCHAR) - kSkipped;
    const WCHAR* name = item.name.Buffer + kSkipped;
    _snwprintf(path.text, RTL_NUMBER_OF(path.text),
               L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\DeviceClasses\\"
               L"{%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}\\##?#%.*ls\\#%.*ls",
               id.Data1, id.Data2, id.Data3, id.Data4[0], id.Data4[1], id.Data4[2], id.Data4[3], id.Data4[4],
               id.Data4[5], id.Data4[6], id.Data4[7], static_cast<int>(link_units), name,
               name_units > link_units ? static_cast<int>(name_units - link_units - 1) : 0,
               name_units > link_units ? name + link_units + 1 : L"");
    path.text[RTL_NUMBER_OF(path.text) - 1] = 0;
}

/// The path of an interface that is registered under `name`. False: there is none.
bool find_interface(const UNICODE_STRING& name, Path& path) {
    return with_interface(
        name, [](DeviceNode&, Interface& item, void* context) { find_path(item, *static_cast<Path*>(context)); },
        &path);
}

NTSTATUS append(Path& path, const WCHAR* text) {
    const size_t length = wcslen(path.text);
    if (length + wcslen(text) + 1 > RTL_NUMBER_OF(path.text)) {
        return STATUS_NAME_TOO_LONG;
    }
    RtlCopyMemory(path.text + length, text, (wcslen(text) + 1) * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/// The system's own properties of an interface (devpkey.h).
enum class Own { None, FriendlyName, Enabled, ClassGuid, ReferenceString, InstanceId };

Own own_property(const DEVPROPKEY& key) {
    static const GUID kInterface = {0x026e516e, 0xb814, 0x414b, {0x83, 0xcd, 0x85, 0x6d, 0x6f, 0xef, 0x48, 0x22}};
    const auto is = [&key](const GUID& id) { return RtlCompareMemory(&key.fmtid, &id, sizeof(GUID)) == sizeof(GUID); };
    if (key.pid == kInstanceId && is(kInstanceCategory)) {
        return Own::InstanceId;
    }
    const bool known = key.pid >= 2 && key.pid <= 5 && is(kInterface); // DEVPKEY_DeviceInterface_*
    return known ? static_cast<Own>(key.pid - 1) : Own::None;
}

/// A property that comes from the interface itself, copied out while it is sure to be there.
struct Shown {
    Own which;
    ULONG room;
    PVOID data;
    ULONG needed;
    DEVPROPTYPE type;
    NTSTATUS status;
};

void show(DeviceNode& node, Interface& item, void* context) {
    auto& shown = *static_cast<Shown*>(context);
    const auto give = [&shown](DEVPROPTYPE type, const void* value, SIZE_T size) {
        shown.type = type;
        shown.status = give_property(value, static_cast<ULONG>(size), shown.room, shown.data, shown.needed);
    };
    const auto give_text = [&give](const WCHAR* text) {
        give(DEVPROP_TYPE_STRING, text, (wcslen(text) + 1) * sizeof(WCHAR));
    };
    const DEVPROP_BOOLEAN enabled = item.enabled ? DEVPROP_TRUE : DEVPROP_FALSE;
    switch (shown.which) {
    case Own::ClassGuid:
        return give(DEVPROP_TYPE_GUID, &item.category, sizeof(GUID));
    case Own::InstanceId:
        return give_text(node.instance);
    case Own::ReferenceString:
        return give_text(item.name.Length > item.link_name.Length
                             ? item.name.Buffer + item.link_name.Length / sizeof(WCHAR) + 1
                             : L"");
    default:
        return give(DEVPROP_TYPE_BOOLEAN, &enabled, sizeof(enabled));
    }
}

/// Windows shows the value FriendlyName of an interface's key as that property, and keeps the property there.
NTSTATUS set_friendly_name(Path& path, DEVPROPTYPE type, ULONG size, const void* data) {
    if (type != DEVPROP_TYPE_STRING && type != DEVPROP_TYPE_EMPTY) {
        return STATUS_INVALID_PARAMETER;
    }
    const NTSTATUS status = append(path, L"\\Device Parameters");
    if (!NT_SUCCESS(status)) {
        return status;
    }
    cm::Guard guard;
    cm::Key* key = cm::make_path(path.text);
    const UNICODE_STRING name = cm::text_of(L"FriendlyName");
    if (key == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (type == DEVPROP_TYPE_STRING && data != nullptr) {
        return cm::set_value(*key, name, REG_SZ, data, size);
    }
    cm::Value* value = cm::find_value(*key, name);
    if (value == nullptr) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    cm::delete_value(*key, *value);
    return STATUS_SUCCESS;
}

} // namespace

void publish(const DeviceNode& node, const Interface& item) {
    Path path;
    find_path(item, path);
    cm::Guard guard;
    cm::Key* key = cm::make_path(path.text);
    if (key == nullptr) {
        return; // IoOpenDeviceInterfaceRegistryKey will say so
    }
    WCHAR link[kLongestKeyPath];
    _snwprintf(link, RTL_NUMBER_OF(link), L"\\\\?\\%.*ls",
               static_cast<int>(item.name.Length / sizeof(WCHAR) - kSkipped), item.name.Buffer + kSkipped);
    link[RTL_NUMBER_OF(link) - 1] = 0;
    cm::set_default_text(*key, L"SymbolicLink", link);
    cm::set_default_text(*key->parent, L"DeviceInstance", node.instance);
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

NTSTATUS NTAPI IoOpenDeviceInterfaceRegistryKey(PUNICODE_STRING SymbolicLinkName, ACCESS_MASK DesiredAccess,
                                                PHANDLE DeviceInterfaceKey) {
    *DeviceInterfaceKey = nullptr;
    Path path;
    if (!find_interface(*SymbolicLinkName, path)) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const NTSTATUS status = append(path, L"\\Device Parameters");
    return NT_SUCCESS(status) ? cm::open_path(path.text, DesiredAccess, true, *DeviceInterfaceKey) : status;
}

/// An alias is the interface of another category with the same device and reference string.
/// STATUS_OBJECT_NAME_NOT_FOUND: there is none. STATUS_INVALID_HANDLE: the name is no interface's. PASSIVE_LEVEL.
NTSTATUS NTAPI IoGetDeviceInterfaceAlias(PUNICODE_STRING SymbolicLinkName, CONST GUID* AliasInterfaceClassGuid,
                                         PUNICODE_STRING AliasSymbolicLinkName) {
    struct Search {
        const GUID* category;
        UNICODE_STRING* out;
        NTSTATUS status;
    } search{AliasInterfaceClassGuid, AliasSymbolicLinkName, STATUS_OBJECT_NAME_NOT_FOUND};
    const bool found = with_interface(
        *SymbolicLinkName,
        [](DeviceNode& node, Interface& item, void* context) {
            auto& wanted = *static_cast<Search*>(context);
            wanted.status = copy_alias(node, item, *wanted.category, *wanted.out);
        },
        &search);
    return found ? search.status : STATUS_INVALID_HANDLE;
}

/// STATUS_OBJECT_NAME_NOT_FOUND: the name is no interface's, or what is to be deleted is not there.
/// STATUS_UNSUCCESSFUL: the locale stands for another one. STATUS_NOT_IMPLEMENTED: one of the system's own. IRQL <=
/// APC_LEVEL.
NTSTATUS export_IoSetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY* PropertyKey,
                                                 LCID Lcid, ULONG, DEVPROPTYPE Type, ULONG Size,
                                                 PVOID Data) __asm__("IoSetDeviceInterfacePropertyData");
NTSTATUS export_IoSetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY* PropertyKey,
                                                 LCID Lcid, ULONG, DEVPROPTYPE Type, ULONG Size, PVOID Data) {
    Path path;
    if (!find_interface(*SymbolicLinkName, path)) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Lcid == kUserDefault || Lcid == kSystemDefault) {
        return STATUS_UNSUCCESSFUL;
    }
    switch (own_property(*PropertyKey)) {
    case Own::None:
        return set_property(path.text, *PropertyKey, Lcid, Type, Size, Data);
    case Own::FriendlyName:
        return set_friendly_name(path, Type, Size, Data);
    default:
        return STATUS_NOT_IMPLEMENTED; // not for drivers to set
    }
}

NTSTATUS export_IoGetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY* PropertyKey,
                                                 LCID Lcid, ULONG, ULONG Size, PVOID Data, PULONG RequiredSize,
                                                 PDEVPROPTYPE Type) __asm__("IoGetDeviceInterfacePropertyData");
NTSTATUS export_IoGetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY* PropertyKey,
                                                 LCID Lcid, ULONG, ULONG Size, PVOID Data, PULONG RequiredSize,
                                                 PDEVPROPTYPE Type) {
    Path path;
    if (!find_interface(*SymbolicLinkName, path)) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const Own own = own_property(*PropertyKey);
    if (own == Own::None) {
        return get_property(path.text, *PropertyKey, Lcid, Size, Data, *RequiredSize, *Type);
    }
    if (own != Own::FriendlyName) {
        Shown shown{own, Size, Data, 0, DEVPROP_TYPE_EMPTY, STATUS_OBJECT_NAME_NOT_FOUND};
        with_interface(*SymbolicLinkName, show, &shown);
        *RequiredSize = shown.needed;
        *Type = shown.type;
        return shown.status;
    }
    const NTSTATUS status = append(path, L"\\Device Parameters");
    return NT_SUCCESS(status) ? get_value_as_property(path.text, L"FriendlyName", Size, Data, *RequiredSize, *Type)
                              : status;
}

} // extern "C"
