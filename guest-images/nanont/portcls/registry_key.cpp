// SPDX-License-Identifier: MIT
// IRegistryKey over the kernel's registry (Microsoft Learn: PcNewRegistryKey, IPort::NewRegistryKey, IRegistryKey;
// reference portcls-midi.md §3.4). Its methods are the Zw functions of the same names without their handle, and so are
// their failures: STATUS_OBJECT_NAME_NOT_FOUND, STATUS_BUFFER_TOO_SMALL, STATUS_BUFFER_OVERFLOW,
// STATUS_NO_MORE_ENTRIES, STATUS_ACCESS_DENIED, STATUS_KEY_DELETED. All of it at PASSIVE_LEVEL.
#include "adapter.hpp"
#include "aggregation.hpp"

namespace portcls {
namespace {

class RegistryKey final : public Aggregatable<IRegistryKey> {
  public:
    /** `key` is taken over. STATUS_INSUFFICIENT_RESOURCES: no memory, and the handle is closed. */
    static NTSTATUS create(PUNKNOWN outer, HANDLE key, PREGISTRYKEY* out) {
        auto* made = new (kObjectTag) RegistryKey(outer, key);
        if (!made) ZwClose(key);
        return hand_out(made, out);
    }

    STDMETHODIMP_(NTSTATUS)
    QueryKey(KEY_INFORMATION_CLASS what, PVOID out, ULONG room, PULONG result) override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        return ZwQueryKey(key_, what, out, room, result);
    }
    STDMETHODIMP_(NTSTATUS)
    EnumerateKey(ULONG index, KEY_INFORMATION_CLASS what, PVOID out, ULONG room, PULONG result) override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        return ZwEnumerateKey(key_, index, what, out, room, result);
    }
    STDMETHODIMP_(NTSTATUS)
    QueryValueKey(PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS what, PVOID out, ULONG room,
                  PULONG result) override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        return ZwQueryValueKey(key_, name, what, out, room, result);
    }
    STDMETHODIMP_(NTSTATUS)
    EnumerateValueKey(ULONG index, KEY_VALUE_INFORMATION_CLASS what, PVOID out, ULONG room, PULONG result) override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        return ZwEnumerateValueKey(key_, index, what, out, room, result);
    }
    STDMETHODIMP_(NTSTATUS) SetValueKey(PUNICODE_STRING name, ULONG type, PVOID data, ULONG bytes) override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        return ZwSetValueKey(key_, name, 0, type, data, bytes);
    }

    /** STATUS_INVALID_PARAMETER: no table. STATUS_OBJECT_NAME_NOT_FOUND: an entry that is required is not there. */
    STDMETHODIMP_(NTSTATUS) QueryRegistryValues(PRTL_QUERY_REGISTRY_TABLE table, PVOID context) override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        if (!table) return STATUS_INVALID_PARAMETER;
        return RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, static_cast<PCWSTR>(key_), table, context, nullptr);
    }

    /** Opens the subkey, or makes it; *disposition says which. */
    STDMETHODIMP_(NTSTATUS)
    NewSubKey(IRegistryKey** out, PUNKNOWN outer, ACCESS_MASK access, PUNICODE_STRING name, ULONG options,
              PULONG disposition) override {
        if (!out) return STATUS_INVALID_PARAMETER;
        *out = nullptr;
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        if (!name) return STATUS_INVALID_PARAMETER;
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, key_, nullptr);
        HANDLE key;
        const NTSTATUS status = ZwCreateKey(&key, access, &attributes, 0, nullptr, options, disposition);
        if (!NT_SUCCESS(status)) return status;
        return create(outer, key, out);
    }

    /** The object lets go of its handle: every further call is STATUS_INVALID_DEVICE_REQUEST. STATUS_ACCESS_DENIED: the
     * key was not opened for deletion. STATUS_CANNOT_DELETE: it has subkeys. */
    STDMETHODIMP_(NTSTATUS) DeleteKey() override {
        if (!usable()) return STATUS_INVALID_DEVICE_REQUEST;
        const NTSTATUS status = ZwDeleteKey(key_);
        if (!NT_SUCCESS(status)) return status;
        ZwClose(key_);
        key_ = nullptr;
        return status;
    }

  private:
    RegistryKey(PUNKNOWN outer, HANDLE key) : Aggregatable(outer), key_(key) {}
    ~RegistryKey() override {
        if (key_) ZwClose(key_);
    }
    bool usable() const { return at_passive("V01 IRegistryKey above PASSIVE_LEVEL") && key_; }

    HANDLE key_;
};

NTSTATUS open_key(ULONG type, ACCESS_MASK access, PVOID device, PVOID subdevice, POBJECT_ATTRIBUTES attributes,
                  ULONG options, PULONG disposition, HANDLE& key) {
    if (type == GeneralRegistryKey)
        return attributes ? ZwCreateKey(&key, access, attributes, 0, nullptr, options, disposition)
                          : STATUS_INVALID_PARAMETER;
    Adapter* adapter = adapter_of(static_cast<PDEVICE_OBJECT>(device));
    if (!adapter) return STATUS_INVALID_PARAMETER;
    switch (type) {
    case DeviceRegistryKey:
        return IoOpenDeviceRegistryKey(adapter->pdo, PLUGPLAY_REGKEY_DEVICE, access, &key);
    case DriverRegistryKey:
        return IoOpenDeviceRegistryKey(adapter->pdo, PLUGPLAY_REGKEY_DRIVER, access, &key);
    case HwProfileRegistryKey: {
        // "containing device or driver information", says the documentation
        const bool of_device = trace::choose(NANONT_CHOICE_PROFILE_KEY) == 1;
        return IoOpenDeviceRegistryKey(adapter->pdo,
                                       PLUGPLAY_REGKEY_CURRENT_HWPROFILE |
                                           (of_device ? PLUGPLAY_REGKEY_DEVICE : PLUGPLAY_REGKEY_DRIVER),
                                       access, &key);
    }
    case DeviceInterfaceRegistryKey: // of IPort::NewRegistryKey only: adapters pass no subdevice
        return subdevice ? open_interface_key(*adapter, static_cast<ISubdevice*>(subdevice), access, &key)
                         : STATUS_INVALID_PARAMETER;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

} // namespace
} // namespace portcls

using namespace portcls;

/** Opens a key, and makes a general one that is not there. STATUS_INVALID_PARAMETER: another type than those of the
 * documentation, or without what the type needs; else as ZwCreateKey or IoOpenDevice(Interface)RegistryKey.
 * PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewRegistryKey(PREGISTRYKEY* out, PUNKNOWN outer, ULONG type, ACCESS_MASK access,
                                             PVOID device, PVOID subdevice, POBJECT_ATTRIBUTES attributes,
                                             ULONG options, PULONG disposition) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    HANDLE key = nullptr;
    const NTSTATUS status = open_key(type, access, device, subdevice, attributes, options, disposition, key);
    if (!NT_SUCCESS(status)) return status;
    return RegistryKey::create(outer, key, out);
}
