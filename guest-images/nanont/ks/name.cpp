// SPDX-License-Identifier: MIT
// Where names stand (Microsoft Learn: "Friendly Names for Audio Endpoint Devices", PCNODE_DESCRIPTOR): value Name of a
// key that is called as the GUID, under MediaCategories of the device's software key (from Windows 10 1809 on), then
// under HKLM\SYSTEM\CurrentControlSet\Control\MediaCategories.
#include "name.hpp"

#include "list_query.hpp"

#include "module/pool.hpp"
#include "module/windows.hpp"

#include <initializer_list>

namespace ks {
namespace {

constexpr ULONG kNamesOfDevices = 17763; // Windows 10 1809, "RS5"
constexpr ULONG kMostBytes = 1024;

/** A key that is closed when the scope ends. */
class Key {
  public:
    Key() = default;
    ~Key() {
        if (handle) ZwClose(handle);
    }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;

    NTSTATUS open(HANDLE parent, PCUNICODE_STRING path) {
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, const_cast<PUNICODE_STRING>(path),
                                   OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, parent, nullptr);
        return ZwOpenKey(&handle, KEY_READ, &attributes);
    }

    HANDLE handle = nullptr;
};

/** The value Name of MediaCategories\{guid} below `root`, in the buffer's Data. */
bool read_name(HANDLE root, PCWSTR categories, PCUNICODE_STRING guid, PKEY_VALUE_PARTIAL_INFORMATION value) {
    UNICODE_STRING path, name;
    RtlInitUnicodeString(&path, categories);
    RtlInitUnicodeString(&name, L"Name");
    Key all, one;
    if (!NT_SUCCESS(all.open(root, &path)) || !NT_SUCCESS(one.open(all.handle, guid))) return false;
    ULONG needed = 0;
    NTSTATUS status = ZwQueryValueKey(one.handle, &name, KeyValuePartialInformation, value, kMostBytes, &needed);
    return NT_SUCCESS(status) && value->Type == REG_SZ && value->DataLength >= sizeof(WCHAR);
}

bool device_key(PDEVICE_OBJECT device, Key& key) {
    if (windows_build() < kNamesOfDevices) return false;
    PDEVICE_OBJECT pdo = IoGetDeviceAttachmentBaseRef(device);
    NTSTATUS status = pdo == device ? STATUS_NO_SUCH_DEVICE // removed: it is in no stack any more
                                    : IoOpenDeviceRegistryKey(pdo, PLUGPLAY_REGKEY_DRIVER, KEY_READ, &key.handle);
    ObDereferenceObject(pdo);
    return NT_SUCCESS(status);
}

} // namespace

NTSTATUS answer_name(PIRP irp, PVOID data, const GUID* name, const GUID* kind) {
    PoolBuffer<KEY_VALUE_PARTIAL_INFORMATION> value(kMostBytes + sizeof(WCHAR));
    if (!value) return STATUS_INSUFFICIENT_RESOURCES;
    Key of_device;
    const bool has_own = device_key(IoGetCurrentIrpStackLocation(irp)->DeviceObject, of_device);
    bool found = false;
    for (const GUID* wanted : {name, kind}) {
        UNICODE_STRING guid;
        if (found || !wanted || !NT_SUCCESS(RtlStringFromGUID(*wanted, &guid))) continue;
        found = (has_own && read_name(of_device.handle, L"MediaCategories", &guid, value.get())) ||
                read_name(nullptr, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\MediaCategories", &guid,
                          value.get());
        RtlFreeUnicodeString(&guid);
    }
    if (!found) return STATUS_NOT_FOUND;
    auto* text = reinterpret_cast<PWCH>(value->Data);
    ULONG length = value->DataLength / sizeof(WCHAR);
    while (length > 0 && text[length - 1] == 0)
        --length; // one zero ends it, however it was written
    text[length] = 0;
    bool fill;
    const ULONG bytes = (length + 1) * static_cast<ULONG>(sizeof(WCHAR));
    NTSTATUS status = answer_size(irp, data, bytes, fill);
    if (fill) RtlCopyMemory(data, text, bytes);
    return status;
}

} // namespace ks
