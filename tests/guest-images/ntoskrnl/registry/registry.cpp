// SPDX-License-Identifier: MIT
#include "registry.hpp"

PDEVICE_OBJECT g_pdo;

NTSTATUS open_key(HANDLE& key, const WCHAR* path, ACCESS_MASK access, HANDLE root) {
    Attributes attributes(path, root);
    return ZwOpenKey(&key, access, &attributes);
}

NTSTATUS create_key(HANDLE& key, const WCHAR* path, HANDLE root, ULONG options, ULONG* disposition) {
    Attributes attributes(path, root);
    return ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, nullptr, options, disposition);
}

NTSTATUS Data::read(HANDLE key, const WCHAR* name) {
    ULONG needed = 0;
    return ZwQueryValueKey(key, Name(name), KeyValuePartialInformation, this, sizeof *this, &needed);
}

bool Data::is(ULONG type, const void* bytes, ULONG size) const {
    return head.Type == type && head.DataLength == size && RtlCompareMemory(head.Data, bytes, size) == size;
}

namespace {

PDEVICE_OBJECT g_below;

NTSTATUS NTAPI pnp(PDEVICE_OBJECT, PIRP irp) {
    if (IoGetCurrentIrpStackLocation(irp)->MinorFunction == IRP_MN_START_DEVICE) {
        static const Case kCases[] = {{"key_paths", key_paths},
                                      {"key_creation", key_creation},
                                      {"key_deletion", key_deletion},
                                      {"key_information", key_information},
                                      {"key_links", key_links},
                                      {"key_rights", key_rights},
                                      {"value_set_and_query", value_set_and_query},
                                      {"value_information", value_information},
                                      {"value_enumeration", value_enumeration},
                                      {"value_limits", value_limits},
                                      {"rtl_small_functions", rtl_small_functions},
                                      {"rtl_query_direct", rtl_query_direct},
                                      {"rtl_query_routines", rtl_query_routines},
                                      {"rtl_query_failures", rtl_query_failures},
                                      {"loaded_text", loaded_text},
                                      {"device_keys", device_keys},
                                      {"device_properties", device_properties},
                                      {"interface_keys", interface_keys},
                                      {"closed_keys", closed_keys},
                                      {"entries_cut_short", entries_cut_short},
                                      {"refused_interfaces", refused_interfaces}};
        run_cases(kCases);
        DbgPrint("semantics: all cases ran\n");
    }
    IoSkipCurrentIrpStackLocation(irp);
    return IofCallDriver(g_below, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    PDEVICE_OBJECT device = nullptr;
    const NTSTATUS status = IoCreateDevice(driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    g_pdo = pdo;
    g_below = IoAttachDeviceToDeviceStack(device, pdo);
    device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    // RegistryPath is the service key's real name.
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE key = nullptr;
    CHECK_EQUAL(ZwOpenKey(&key, KEY_READ, &attributes), STATUS_SUCCESS);
    Data type;
    CHECK_EQUAL(type.read(key, L"Type"), STATUS_SUCCESS);
    CHECK_EQUAL(type.number(), 1);
    ZwClose(key);
    DbgPrint("registry: service key %wZ, driver object %wZ\n", path, &driver->DriverName);
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    return STATUS_SUCCESS;
}
