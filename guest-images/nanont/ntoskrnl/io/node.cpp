// SPDX-License-Identifier: MIT
// A device's two keys in the registry:
//
//   ...\Enum\ACPI\PNPB006\0                                   what it is; Device Parameters below it is its hardware
//   key
//   ...\Control\Class\{4d36e96c-e325-11ce-bfc1-08002be10318}\0000   its driver's settings, the software key
#include "cm/cm.hpp"
#include "io.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr WCHAR kControlSet[] = L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet";
constexpr WCHAR kProfile[] =
    L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current\\System\\CurrentControlSet";
constexpr WCHAR kMedia[] = L"{4d36e96c-e325-11ce-bfc1-08002be10318}";

bool same_id(const WCHAR* a, const char* b) {
    size_t i = 0;
    for (; a[i] != 0 && b[i] != '\0'; ++i) {
        if (RtlUpcaseUnicodeChar(a[i]) != RtlUpcaseUnicodeChar(static_cast<UCHAR>(b[i]))) {
            return false;
        }
    }
    return a[i] == 0 && b[i] == '\0';
}

} // namespace

size_t multi_text_units(const WCHAR* texts) {
    size_t units = 0;
    while (texts[units] != 0) {
        units += wcslen(texts + units) + 1;
    }
    return units + 1;
}

bool has_hardware_id(const DeviceNode& node, const char* id) {
    for (const WCHAR* at = node.hardware_ids; *at != 0; at += wcslen(at) + 1) {
        if (same_id(at, id)) {
            return true;
        }
    }
    return false;
}

void enum_path(const DeviceNode& node, const WCHAR* rest, WCHAR (&path)[kLongestKeyPath]) {
    _snwprintf(path, kLongestKeyPath, L"%ls\\Enum\\%ls%ls", kControlSet, node.instance, rest);
    path[kLongestKeyPath - 1] = 0;
}

bool enum_text(const DeviceNode& node, const WCHAR* name, WCHAR* out, size_t room) {
    WCHAR path[kLongestKeyPath];
    enum_path(node, L"", path);
    cm::Guard guard;
    cm::Key* key = nullptr;
    if (!NT_SUCCESS(cm::walk_path(cm::text_of(path), false, key, nullptr))) {
        return false;
    }
    const cm::Value* value = cm::find_value(*key, cm::text_of(name));
    if (value == nullptr || value->type != REG_SZ || value->size > (room - 1) * sizeof(WCHAR)) {
        return false;
    }
    RtlZeroMemory(out, room * sizeof(WCHAR));
    RtlCopyMemory(out, value->data, value->size);
    return true;
}

void publish(const DeviceNode& node) {
    WCHAR path[kLongestKeyPath];
    WCHAR driver[sizeof(kMedia) / sizeof(WCHAR) + 8];
    _snwprintf(driver, RTL_NUMBER_OF(driver), L"%ls\\%04lu", kMedia, static_cast<ULONG>(node.machine.unit));
    enum_path(node, L"", path);
    cm::Guard guard;
    cm::Key* key = cm::make_path(path);
    if (key == nullptr) {
        return; // IoOpenDeviceRegistryKey will say so
    }
    cm::set_default_text(*key, L"DeviceDesc", node.device_id);
    cm::set_default(*key, L"HardwareID", REG_MULTI_SZ, node.hardware_ids,
                    multi_text_units(node.hardware_ids) * sizeof(WCHAR));
    cm::set_default_text(*key, L"Class", L"MEDIA");
    cm::set_default_text(*key, L"ClassGUID", kMedia);
    cm::set_default_text(*key, L"Driver", driver);
    enum_path(node, L"\\Device Parameters", path);
    cm::make_path(path);
    _snwprintf(path, RTL_NUMBER_OF(path), L"%ls\\Control\\Class\\%ls", kControlSet, driver);
    cm::make_path(path);
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

NTSTATUS NTAPI IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType, ACCESS_MASK DesiredAccess,
                                       PHANDLE DevInstRegKey) {
    *DevInstRegKey = nullptr;
    const bool in_profile = (DevInstKeyType & PLUGPLAY_REGKEY_CURRENT_HWPROFILE) != 0;
    const ULONG kind = DevInstKeyType & ~ULONG{PLUGPLAY_REGKEY_CURRENT_HWPROFILE};
    if (kind != PLUGPLAY_REGKEY_DEVICE && kind != PLUGPLAY_REGKEY_DRIVER) {
        return STATUS_INVALID_PARAMETER;
    }
    const DeviceNode* node = node_of(DeviceObject);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    WCHAR path[kLongestKeyPath];
    const WCHAR* root = in_profile ? kProfile : kControlSet;
    if (kind == PLUGPLAY_REGKEY_DEVICE) {
        _snwprintf(path, RTL_NUMBER_OF(path), L"%ls\\Enum\\%ls%ls", root, node->instance,
                   in_profile ? L"" : L"\\Device Parameters");
    } else {
        WCHAR driver[128];
        if (!enum_text(*node, L"Driver", driver, RTL_NUMBER_OF(driver))) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        _snwprintf(path, RTL_NUMBER_OF(path), L"%ls\\Control\\Class\\%ls", root, driver);
    }
    path[kLongestKeyPath - 1] = 0;
    return cm::open_path(path, DesiredAccess, true, *DevInstRegKey);
}

} // extern "C"
