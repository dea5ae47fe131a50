// SPDX-License-Identifier: MIT
// keys.sys: a PortCls adapter that uses its registry keys while it starts, rightly and wrongly, and prints every
// answer: PcNewRegistryKey, IPort::NewRegistryKey, IRegistryKey (Microsoft Learn). Its miniport is the system's UART
// miniport. It uses nothing of nanont's own.
#include <initguid.h>

#include "module/ddk.hpp"

#define CHECKS_OF "keys"
#include "../support/aggregate.hpp"

#include <dmusicks.h>

namespace {

void told(const char* what, NTSTATUS status) {
    DbgPrint("keys: %s: 0x%08x\n", what, status);
}

struct Name : UNICODE_STRING {
    explicit Name(PCWSTR text) { RtlInitUnicodeString(this, text); }
};

/** A value's partial information, as much as fits into `room`; what it holds is printed on success. */
void query(PREGISTRYKEY key, const char* what, PCWSTR name, ULONG room = 128) {
    union {
        KEY_VALUE_PARTIAL_INFORMATION head;
        UCHAR bytes[128];
    } out = {};
    Name value(name);
    ULONG needed = 0;
    const NTSTATUS status = key->QueryValueKey(&value, KeyValuePartialInformation, &out, room, &needed);
    told(what, status);
    if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) DbgPrint("keys: needs %u\n", needed);
    if (!NT_SUCCESS(status)) return;
    if (out.head.Type == REG_DWORD)
        DbgPrint("keys: is %u\n", *reinterpret_cast<ULONG*>(out.head.Data));
    else
        DbgPrint("keys: is %ws\n", reinterpret_cast<PWSTR>(out.head.Data));
}

NTSTATUS NTAPI on_value(PWSTR name, ULONG type, PVOID, ULONG length, PVOID context, PVOID entry) {
    DbgPrint("keys: routine %ws type %u length %u context %u entry %u\n", name, type, length,
             static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(context)),
             static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(entry)));
    return STATUS_SUCCESS;
}

void values(PREGISTRYKEY key) {
    static WCHAR number_name[] = L"Number", text_name[] = L"Text", none_name[] = L"None";
    ULONG number = 0;
    RTL_QUERY_REGISTRY_TABLE table[3] = {};
    table[0].QueryRoutine = on_value;
    table[0].Name = text_name;
    table[0].EntryContext = reinterpret_cast<PVOID>(ULONG_PTR{2});
    table[1].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED;
    table[1].Name = number_name;
    table[1].EntryContext = &number;
    told("QueryRegistryValues", key->QueryRegistryValues(table, reinterpret_cast<PVOID>(ULONG_PTR{1})));
    DbgPrint("keys: number %u\n", number);
    table[1].Name = none_name;
    told("a required value that is not there", key->QueryRegistryValues(table, nullptr));
    // RTL_QUERY_REGISTRY_TYPECHECK (0x100): the type wanted is in the top byte of DefaultType
    table[1].Name = text_name;
    table[1].Flags |= 0x100;
    table[1].DefaultType = (ULONG{REG_DWORD} << 24) | REG_NONE;
    told("a value of the wrong type", key->QueryRegistryValues(table, nullptr));
    told("no table", key->QueryRegistryValues(nullptr, nullptr));
}

void subkeys(PREGISTRYKEY key) {
    Name name(L"Sub"), deep(L"Deep"), missing(L"No\\Such\\Parent");
    PREGISTRYKEY sub = nullptr, again = nullptr, below = nullptr, read_only = nullptr;
    ULONG how = 0;
    told("NewSubKey", key->NewSubKey(&sub, nullptr, KEY_ALL_ACCESS, &name, REG_OPTION_NON_VOLATILE, &how));
    DbgPrint("keys: disposition %u\n", how);
    told("NewSubKey again", key->NewSubKey(&again, nullptr, KEY_ALL_ACCESS, &name, 0, &how));
    DbgPrint("keys: disposition %u\n", how);
    told("NewSubKey below", sub->NewSubKey(&below, nullptr, KEY_ALL_ACCESS, &deep, 0, nullptr));
    PREGISTRYKEY none = reinterpret_cast<PREGISTRYKEY>(&none);
    told("NewSubKey of a parent that is not there", key->NewSubKey(&none, nullptr, KEY_READ, &missing, 0, nullptr));
    told(none ? "a pointer all the same" : "no pointer", STATUS_SUCCESS);
    told("NewSubKey without a name", key->NewSubKey(&none, nullptr, KEY_READ, nullptr, 0, nullptr));
    told("NewSubKey without a place", key->NewSubKey(nullptr, nullptr, KEY_READ, &name, 0, nullptr));
    told("NewSubKey aggregated without a name", key->NewSubKey(&none, key, KEY_READ, nullptr, 0, nullptr));
    check_aggregated<IRegistryKey>(
        "subkey", IID_IRegistryKey,
        [&](PUNKNOWN outer, IRegistryKey** out) { return key->NewSubKey(out, outer, KEY_READ, &name, 0, nullptr); },
        [](IRegistryKey* face) {
            KEY_FULL_INFORMATION it = {};
            ULONG length = 0;
            CHECK_EQUAL(face->QueryKey(KeyFullInformation, &it, sizeof it, &length), STATUS_SUCCESS);
            CHECK_EQUAL(it.SubKeys, 1);
        });

    union {
        KEY_BASIC_INFORMATION head;
        UCHAR bytes[64];
    } out = {};
    ULONG needed = 0;
    told("EnumerateKey", key->EnumerateKey(0, KeyBasicInformation, &out, sizeof out, &needed));
    DbgPrint("keys: is %.*ws\n", static_cast<int>(out.head.NameLength / sizeof(WCHAR)), out.head.Name);
    told("EnumerateKey beyond the last", key->EnumerateKey(1, KeyBasicInformation, &out, sizeof out, &needed));
    told("EnumerateKey with too little room", key->EnumerateKey(0, KeyBasicInformation, &out, 4, &needed));
    KEY_FULL_INFORMATION full = {};
    told("QueryKey", key->QueryKey(KeyFullInformation, &full, sizeof full, &needed));
    DbgPrint("keys: %u subkeys, %u values\n", full.SubKeys, full.Values);

    told("NewSubKey to read", key->NewSubKey(&read_only, nullptr, KEY_READ, &name, 0, nullptr));
    ULONG one = 1;
    Name value(L"V");
    told("SetValueKey read only", read_only->SetValueKey(&value, REG_DWORD, &one, sizeof one));
    told("DeleteKey read only", read_only->DeleteKey());
    told("DeleteKey with a subkey", sub->DeleteKey());
    told("DeleteKey below", below->DeleteKey());
    told("DeleteKey", sub->DeleteKey());
    told("DeleteKey again", sub->DeleteKey());
    told("QueryKey of what is deleted", sub->QueryKey(KeyFullInformation, &full, sizeof full, &needed));
    told("SetValueKey through another of its keys", again->SetValueKey(&value, REG_DWORD, &one, sizeof one));
    told("EnumerateKey when it is gone", key->EnumerateKey(0, KeyBasicInformation, &out, sizeof out, &needed));
    for (PREGISTRYKEY each[] = {below, again, read_only, sub}; PREGISTRYKEY it : each)
        DbgPrint("keys: left %u\n", it->Release());
}

void driver_key(PDEVICE_OBJECT device) {
    PREGISTRYKEY key = nullptr;
    told("driver key",
         PcNewRegistryKey(&key, nullptr, DriverRegistryKey, KEY_ALL_ACCESS, device, nullptr, nullptr, 0, nullptr));
    if (!key) return;
    PUNKNOWN same = nullptr;
    told("QueryInterface", key->QueryInterface(IID_IRegistryKey, reinterpret_cast<PVOID*>(&same)));
    if (same) same->Release();
    query(key, "a text", L"Text");
    query(key, "a number", L"Number");
    query(key, "a value that is not there", L"None");
    query(key, "a buffer for the head only", L"Text", FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data));
    query(key, "a buffer too small for the head", L"Text", 4);
    Name made(L"Made");
    ULONG seven = 7, needed = 0;
    told("SetValueKey", key->SetValueKey(&made, REG_DWORD, &seven, sizeof seven));
    query(key, "what was set", L"Made");
    union {
        KEY_VALUE_BASIC_INFORMATION head;
        UCHAR bytes[64];
    } out;
    told("EnumerateValueKey", key->EnumerateValueKey(0, KeyValueBasicInformation, &out, sizeof out, &needed));
    told("EnumerateValueKey beyond the last",
         key->EnumerateValueKey(1000, KeyValueBasicInformation, &out, sizeof out, &needed));
    values(key);
    subkeys(key);
    DbgPrint("keys: left %u\n", key->Release());
}

void one_value(const char* what, NTSTATUS status, PREGISTRYKEY key, PCWSTR name = L"Where") {
    told(what, status);
    if (!key) return;
    query(key, "Where", name);
    key->Release();
}

void other_keys(PDEVICE_OBJECT device) {
    PREGISTRYKEY key = nullptr;
    NTSTATUS status =
        PcNewRegistryKey(&key, nullptr, DeviceRegistryKey, KEY_READ, device, nullptr, nullptr, 0, nullptr);
    one_value("device key", status, key);
    status =
        PcNewRegistryKey(&key, nullptr, HwProfileRegistryKey, KEY_ALL_ACCESS, device, nullptr, nullptr, 0, nullptr);
    one_value("profile key", status, key);
    Name path(L"\\Registry\\Machine\\SOFTWARE\\Keys\\General"), wrong(L"\\Nowhere\\At\\All");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    ULONG how = 0;
    status = PcNewRegistryKey(&key, nullptr, GeneralRegistryKey, KEY_READ, nullptr, nullptr, &attributes, 0, &how);
    one_value("general key", status, key);
    DbgPrint("keys: disposition %u\n", how);
    InitializeObjectAttributes(&attributes, &wrong, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    status = PcNewRegistryKey(&key, nullptr, GeneralRegistryKey, KEY_READ, nullptr, nullptr, &attributes, 0, nullptr);
    one_value("a path that is no registry's", status, key);
    told("general key without a name",
         PcNewRegistryKey(&key, nullptr, GeneralRegistryKey, KEY_READ, nullptr, nullptr, nullptr, 0, nullptr));
    told("driver key without a device",
         PcNewRegistryKey(&key, nullptr, DriverRegistryKey, KEY_READ, nullptr, nullptr, nullptr, 0, nullptr));
    told("interface key without a port",
         PcNewRegistryKey(&key, nullptr, DeviceInterfaceRegistryKey, KEY_READ, device, nullptr, nullptr, 0, nullptr));
    told("a type that is none", PcNewRegistryKey(&key, nullptr, 5, KEY_READ, device, nullptr, nullptr, 0, nullptr));
    told("no place",
         PcNewRegistryKey(nullptr, nullptr, DriverRegistryKey, KEY_READ, device, nullptr, nullptr, 0, nullptr));
    Outer wrong_outer(IID_IRegistryKey);
    told("aggregated, and a type that is none",
         PcNewRegistryKey(&key, &wrong_outer, 5, KEY_READ, device, nullptr, nullptr, 0, nullptr));
    told(key ? "a pointer all the same" : "no pointer", STATUS_SUCCESS);
    check_aggregated<IRegistryKey>(
        "registry key", IID_IRegistryKey,
        [&](PUNKNOWN outer, IRegistryKey** out) {
            return PcNewRegistryKey(out, outer, DriverRegistryKey, KEY_READ, device, nullptr, nullptr, 0, nullptr);
        },
        [](IRegistryKey* face) { query(face, "a number through each face", L"Number"); });
}

void port_keys(PPORT port, const char* general, const char* of_interface) {
    PREGISTRYKEY key = nullptr;
    NTSTATUS status = port->NewRegistryKey(&key, nullptr, DriverRegistryKey, KEY_READ, nullptr, 0, nullptr);
    one_value(general, status, key, L"Text");
    status = port->NewRegistryKey(&key, nullptr, DeviceInterfaceRegistryKey, KEY_READ, nullptr, 0, nullptr);
    one_value(of_interface, status, key);
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Keys";
    driver_key(device);
    other_keys(device);
    PPORT port = nullptr;
    PMINIPORT miniport = nullptr;
    NTSTATUS status = PcNewPort(&port, CLSID_PortDMus);
    if (NT_SUCCESS(status)) status = PcNewMiniport(&miniport, CLSID_MiniportDriverDMusUART);
    if (NT_SUCCESS(status)) {
        port_keys(port, "IPort::NewRegistryKey before Init", "interface key before Init");
        status = port->Init(device, irp, miniport, nullptr, resources);
        port_keys(port, "IPort::NewRegistryKey", "interface key before the port is registered");
    }
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    if (NT_SUCCESS(status)) port_keys(port, "IPort::NewRegistryKey again", "interface key");
    if (miniport) miniport->Release();
    if (port) port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
