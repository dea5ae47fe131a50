// SPDX-License-Identifier: MIT
// What registry.reg brought, and the keys and properties of the device itself and of its interfaces.
#include "registry.hpp"

#include <initializer_list>

extern "C" NTSTATUS NTAPI IoSetDeviceInterfacePropertyData(PUNICODE_STRING, CONST DEVPROPKEY*, LCID, ULONG, DEVPROPTYPE,
                                                           ULONG, PVOID); // Windows 8's
extern "C" NTSTATUS NTAPI IoGetDeviceInterfacePropertyData(PUNICODE_STRING, CONST DEVPROPKEY*, LCID, ULONG, ULONG,
                                                           PVOID, PULONG, PDEVPROPTYPE);

namespace {

constexpr GUID kOne = {0x11111111, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
constexpr GUID kTwo = {0x22222222, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
constexpr GUID kThree = {0x33333333, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
constexpr DEVPROPKEY kOwn = {{0x99999999, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}}, 14};
constexpr DEVPROPKEY kFriendlyName = {{0x026e516e, 0xb814, 0x414b, {0x83, 0xcd, 0x85, 0x6d, 0x6f, 0xef, 0x48, 0x22}},
                                      2};
constexpr DEVPROPKEY kDeviceDescription = {
    {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 2};

bool property_is(DEVICE_REGISTRY_PROPERTY property, const void* expected, ULONG size) {
    UCHAR bytes[256];
    ULONG needed = 0;
    return IoGetDeviceProperty(g_pdo, property, sizeof bytes, bytes, &needed) == STATUS_SUCCESS && needed == size &&
           RtlCompareMemory(bytes, expected, size) == size;
}

bool text_is(DEVICE_REGISTRY_PROPERTY property, const WCHAR* expected) {
    return property_is(property, expected, static_cast<ULONG>((wcslen(expected) + 1) * 2));
}

constexpr GUID kAcpiBus = {0xd7b46895, 0x001a, 0x4942, {0x89, 0x1f, 0xa7, 0xd4, 0x66, 0x10, 0xa8, 0x43}};
constexpr GUID kMediaClass = {0x4d36e96c, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};

/// What the bus says of the card, and what it gave it: the card's place is fixed.
void of_the_bus() {
    CHECK(property_is(DevicePropertyBusTypeGuid, &kAcpiBus, sizeof kAcpiBus));
    const ULONG isa = Isa;
    CHECK(property_is(DevicePropertyLegacyBusType, &isa, sizeof isa));
    UCHAR given[256], boot[256], wanted[256];
    ULONG given_size = 0, boot_size = 0, wanted_size = 0, needed = 0;
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyAllocatedResources, sizeof given, given, &given_size),
                STATUS_SUCCESS);
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyBootConfiguration, sizeof boot, boot, &boot_size),
                STATUS_SUCCESS);
    CHECK(given_size == boot_size && RtlCompareMemory(given, boot, boot_size) == boot_size);
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyResourceRequirements, sizeof wanted, wanted, &wanted_size),
                STATUS_SUCCESS);
    const auto& has = reinterpret_cast<CM_RESOURCE_LIST*>(given)->List[0].PartialResourceList.PartialDescriptors[0];
    const auto& list = *reinterpret_cast<IO_RESOURCE_REQUIREMENTS_LIST*>(wanted);
    CHECK_EQUAL(list.ListSize, wanted_size);
    CHECK(list.InterfaceType == Isa && list.AlternativeLists == 1 && list.List[0].Count == 2);
    const IO_RESOURCE_DESCRIPTOR &port = list.List[0].Descriptors[0], &line = (&port)[1];
    CHECK_EQUAL(port.Type, CmResourceTypePort);
    CHECK_EQUAL(port.u.Port.MinimumAddress.QuadPart, has.u.Port.Start.QuadPart);
    CHECK_EQUAL(port.u.Port.MaximumAddress.QuadPart, has.u.Port.Start.QuadPart + has.u.Port.Length - 1);
    CHECK_EQUAL(line.Type, CmResourceTypeInterrupt);
    CHECK_EQUAL(line.u.Interrupt.MinimumVector, line.u.Interrupt.MaximumVector);
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyResourceRequirements, 8, wanted, &needed),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, wanted_size);
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyBusTypeGuid, 15, wanted, &needed), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, sizeof(GUID));
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, static_cast<DEVICE_REGISTRY_PROPERTY>(99), sizeof wanted, wanted, &needed),
                STATUS_INVALID_PARAMETER_2);
}

bool typed_is(ULONG pid, DEVPROPTYPE expected_type, const void* expected, ULONG size,
              const GUID& category = kDeviceDescription.fmtid) {
    UCHAR bytes[256];
    ULONG needed = 0;
    DEVPROPTYPE type = 0;
    const DEVPROPKEY key = {category, pid};
    return IoGetDevicePropertyData(g_pdo, &key, 0, 0, sizeof bytes, bytes, &needed, &type) == STATUS_SUCCESS &&
           type == expected_type && needed == size && RtlCompareMemory(bytes, expected, size) == size;
}

/// The system's own of other types than text (devpkey.h).
void typed() {
    constexpr GUID kInstance = {0x78c34fc8, 0x104a, 0x4aca, {0x9e, 0xa4, 0x52, 0x4d, 0x52, 0x99, 0x6e, 0x57}};
    const ULONG isa = Isa, zero = 0;
    CHECK(typed_is(10, DEVPROP_TYPE_GUID, &kMediaClass, sizeof(GUID)));
    CHECK(typed_is(21, DEVPROP_TYPE_GUID, &kAcpiBus, sizeof(GUID)));
    CHECK(typed_is(22, DEVPROP_TYPE_UINT32, &isa, 4));
    CHECK(typed_is(23, DEVPROP_TYPE_UINT32, &zero, 4));
    CHECK(typed_is(24, DEVPROP_TYPE_STRING, L"ACPI", 10));
    CHECK(typed_is(30, DEVPROP_TYPE_UINT32, &zero, 4));
    CHECK(typed_is(36, DEVPROP_TYPE_UINT32, &zero, 4));
    CHECK(typed_is(256, DEVPROP_TYPE_STRING, L"ACPI\\PNPB006\\0", 30, kInstance));
    UCHAR bytes[16];
    ULONG needed = 0;
    DEVPROPTYPE type = 0;
    DEVPROPKEY key = {kDeviceDescription.fmtid, 21};
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &key, 0, 0, 15, bytes, &needed, &type), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, sizeof(GUID));
    CHECK_EQUAL(IoSetDevicePropertyData(g_pdo, &key, 0, 0, DEVPROP_TYPE_GUID, sizeof(GUID), bytes),
                STATUS_INVALID_PARAMETER);
    key.pid = 10;
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &key, 0, 0, 15, bytes, &needed, &type), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, sizeof(GUID));
    key.pid = 99;
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &key, 0, 0, sizeof bytes, bytes, &needed, &type),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo->AttachedDevice, &key, 0, 0, sizeof bytes, bytes, &needed, &type),
                STATUS_INVALID_DEVICE_REQUEST);
}

} // namespace

void loaded_text() {
    HANDLE key = nullptr;
    Data data;
    CHECK_EQUAL(open_key(key, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\registry\\Parameters"),
                STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"Text"), STATUS_SUCCESS);
    CHECK(data.is_text(L"a \"quoted\" b\\c \x00fc\xd83c\xdfb5"));
    CHECK_EQUAL(data.read(key, L"Number"), STATUS_SUCCESS);
    CHECK_EQUAL(data.number(), 0xdeadbeef);
    static const UCHAR kBytes[] = {1, 2, 0xff, 4};
    CHECK_EQUAL(data.read(key, L"Bytes"), STATUS_SUCCESS);
    CHECK(data.is(REG_BINARY, kBytes, 4));
    CHECK_EQUAL(data.read(key, L"List"), STATUS_SUCCESS);
    CHECK(data.is(REG_MULTI_SZ, L"a\0b\0", 10));
    CHECK_EQUAL(data.read(key, L""), STATUS_SUCCESS);
    CHECK(data.is_text(L"default"));
    CHECK_REFUSES(ZwQueryValueKey, data.read(key, L"Gone"), STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(key);
    CHECK_REFUSES(ZwOpenKey, open_key(key, L"\\Registry\\Machine\\SOFTWARE\\GoneToo"), STATUS_OBJECT_NAME_NOT_FOUND);
}

void device_keys() {
    HANDLE key = nullptr;
    Data data;
    CHECK_EQUAL(IoOpenDeviceRegistryKey(g_pdo, PLUGPLAY_REGKEY_DRIVER, KEY_ALL_ACCESS, &key), STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"AssociatedFilters"), STATUS_SUCCESS); // registry.reg's
    CHECK(data.is_text(L"wdmaud"));
    ZwClose(key);
    CHECK_EQUAL(IoOpenDeviceRegistryKey(g_pdo, PLUGPLAY_REGKEY_DEVICE, KEY_ALL_ACCESS, &key), STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"Hardware"), STATUS_SUCCESS);
    CHECK_EQUAL(data.number(), 1);
    ZwClose(key);
    CHECK_EQUAL(
        IoOpenDeviceRegistryKey(g_pdo, PLUGPLAY_REGKEY_DEVICE | PLUGPLAY_REGKEY_CURRENT_HWPROFILE, KEY_READ, &key),
        STATUS_SUCCESS);
    CHECK_REFUSES(ZwQueryValueKey, data.read(key, L"Hardware"), STATUS_OBJECT_NAME_NOT_FOUND); // another place
    ZwClose(key);
    CHECK_EQUAL(IoOpenDeviceRegistryKey(g_pdo, 0, KEY_READ, &key), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(IoOpenDeviceRegistryKey(g_pdo, PLUGPLAY_REGKEY_CURRENT_HWPROFILE, KEY_READ, &key),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(IoOpenDeviceRegistryKey(g_pdo->AttachedDevice, PLUGPLAY_REGKEY_DEVICE, KEY_READ, &key),
                STATUS_INVALID_DEVICE_REQUEST); // no PDO
}

void device_properties() {
    CHECK(text_is(DevicePropertyDeviceDescription, L"The Device")); // registry.reg wins over the default
    CHECK(text_is(DevicePropertyManufacturer, L"Maker"));
    CHECK(text_is(DevicePropertyClassName, L"MEDIA"));
    CHECK(text_is(DevicePropertyClassGuid, L"{4d36e96c-e325-11ce-bfc1-08002be10318}"));
    CHECK(text_is(DevicePropertyDriverKeyName, L"{4d36e96c-e325-11ce-bfc1-08002be10318}\\0000"));
    CHECK(text_is(DevicePropertyEnumeratorName, L"ACPI"));
    static const WCHAR kIds[] = L"ACPI\\PNPB006\0*PNPB006\0";
    CHECK(property_is(DevicePropertyHardwareID, kIds, sizeof kIds));
    const ULONG installed = 0;
    CHECK(property_is(DevicePropertyInstallState, &installed, 4));
    of_the_bus();
    typed();
    UCHAR bytes[64];
    ULONG needed = 0;
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyClassName, 4, bytes, &needed), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, 12);
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo, DevicePropertyFriendlyName, 64, bytes, &needed),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(IoGetDeviceProperty(g_pdo->AttachedDevice, DevicePropertyClassName, 64, bytes, &needed),
                STATUS_INVALID_DEVICE_REQUEST);

    DEVPROPTYPE type = 0;
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &kDeviceDescription, 0, 0, sizeof bytes, bytes, &needed, &type),
                STATUS_SUCCESS);
    CHECK_EQUAL(type, DEVPROP_TYPE_STRING);
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &kOwn, 0, 0, sizeof bytes, bytes, &needed, &type),
                STATUS_OBJECT_NAME_NOT_FOUND);
    ULONG number = 5;
    CHECK_EQUAL(IoSetDevicePropertyData(g_pdo, &kOwn, 0, PLUGPLAY_PROPERTY_PERSISTENT, DEVPROP_TYPE_UINT32, 4, &number),
                STATUS_SUCCESS);
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &kOwn, 0, 0, 2, bytes, &needed, &type), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, 4);
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &kOwn, 0, 0, 4, bytes, &needed, &type), STATUS_SUCCESS);
    CHECK_EQUAL(type, DEVPROP_TYPE_UINT32);
    CHECK_EQUAL(bytes[0], 5);
    CHECK_EQUAL(IoGetDevicePropertyData(g_pdo, &kOwn, 0x409, 0, 4, bytes, &needed, &type),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(IoSetDevicePropertyData(g_pdo, &kOwn, 0, 0, DEVPROP_TYPE_EMPTY, 0, nullptr), STATUS_SUCCESS);
    CHECK_EQUAL(IoSetDevicePropertyData(g_pdo, &kOwn, 0, 0, DEVPROP_TYPE_EMPTY, 0, nullptr),
                STATUS_OBJECT_NAME_NOT_FOUND);
}

void interface_keys() {
    UNICODE_STRING one{}, two{}, alias{}, reference;
    RtlInitUnicodeString(&reference, L"UART");
    CHECK_EQUAL(IoRegisterDeviceInterface(g_pdo, &kOne, &reference, &one), STATUS_SUCCESS);
    CHECK_EQUAL(IoRegisterDeviceInterface(g_pdo, &kTwo, &reference, &two), STATUS_SUCCESS);
    CHECK_EQUAL(IoGetDeviceInterfaceAlias(&one, &kTwo, &alias), STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&alias, &two, TRUE));
    RtlFreeUnicodeString(&alias);
    CHECK_EQUAL(IoGetDeviceInterfaceAlias(&one, &kThree, &alias), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(IoGetDeviceInterfaceAlias(&reference, &kTwo, &alias), STATUS_INVALID_HANDLE);

    HANDLE key = nullptr;
    Data data;
    CHECK_EQUAL(IoOpenDeviceInterfaceRegistryKey(&one, KEY_ALL_ACCESS, &key), STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"FriendlyName"), STATUS_SUCCESS); // registry.reg's, from the INF's interface section
    CHECK(data.is_text(L"Port One"));
    UCHAR bytes[64];
    ULONG needed = 0;
    DEVPROPTYPE type = 0;
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &kFriendlyName, 0, 0, 64, bytes, &needed, &type),
                STATUS_SUCCESS);
    CHECK_EQUAL(type, DEVPROP_TYPE_STRING);
    CHECK_EQUAL(IoSetDeviceInterfacePropertyData(&one, &kFriendlyName, 0, 0, DEVPROP_TYPE_STRING, 8,
                                                 const_cast<WCHAR*>(L"New")),
                STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"FriendlyName"), STATUS_SUCCESS); // the same thing
    CHECK(data.is_text(L"New"));
    ZwClose(key);
    CHECK_EQUAL(IoSetDeviceInterfacePropertyData(&one, &kFriendlyName, 0, 0, DEVPROP_TYPE_UINT32, 4, bytes),
                STATUS_INVALID_PARAMETER);
    DEVPROPKEY own = {kFriendlyName.fmtid, 3}; // DEVPKEY_DeviceInterface_Enabled
    for (const bool enabled : {true, false}) {
        CHECK_EQUAL(IoSetDeviceInterfaceState(&one, enabled), STATUS_SUCCESS);
        CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &own, 0, 0, 1, bytes, &needed, &type), STATUS_SUCCESS);
        CHECK(type == DEVPROP_TYPE_BOOLEAN && needed == 1 && bytes[0] == (enabled ? 0xff : 0));
    }
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &own, 0, 0, 0, nullptr, &needed, &type),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(IoSetDeviceInterfacePropertyData(&one, &own, 0, 0, DEVPROP_TYPE_BOOLEAN, 1, bytes),
                STATUS_NOT_IMPLEMENTED);
    own.pid = 4; // DEVPKEY_DeviceInterface_ClassGuid
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &own, 0, 0, 64, bytes, &needed, &type), STATUS_SUCCESS);
    CHECK(type == DEVPROP_TYPE_GUID && needed == sizeof(GUID) &&
          RtlCompareMemory(bytes, &kOne, sizeof(GUID)) == sizeof(GUID));
    own.pid = 5; // DEVPKEY_DeviceInterface_ReferenceString
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &own, 0, 0, 64, bytes, &needed, &type), STATUS_SUCCESS);
    CHECK(type == DEVPROP_TYPE_STRING && needed == 10 && RtlCompareMemory(bytes, L"UART", 10) == 10);
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &own, 0, 0, 9, bytes, &needed, &type), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, 10);
    own = {{0x78c34fc8, 0x104a, 0x4aca, {0x9e, 0xa4, 0x52, 0x4d, 0x52, 0x99, 0x6e, 0x57}}, 256}; // _InstanceId
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &own, 0, 0, 64, bytes, &needed, &type), STATUS_SUCCESS);
    CHECK(needed == 30 && RtlCompareMemory(bytes, L"ACPI\\PNPB006\\0", 30) == 30);
    CHECK_EQUAL(IoSetDeviceInterfacePropertyData(&two, &kOwn, 0, 0, DEVPROP_TYPE_BINARY, 3, bytes), STATUS_SUCCESS);
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&two, &kOwn, 0, 0, 64, bytes, &needed, &type), STATUS_SUCCESS);
    CHECK_EQUAL(needed, 3);
    CHECK_EQUAL(IoGetDeviceInterfacePropertyData(&one, &kOwn, 0, 0, 64, bytes, &needed, &type),
                STATUS_OBJECT_NAME_NOT_FOUND); // it is the other's
    CHECK_EQUAL(IoOpenDeviceInterfaceRegistryKey(&reference, KEY_READ, &key), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(IoOpenDeviceInterfaceRegistryKey(&two, KEY_READ, &key), STATUS_SUCCESS);
    CHECK_REFUSES(ZwQueryValueKey, data.read(key, L"FriendlyName"), STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(key);
    // What anybody can see under DeviceClasses.
    CHECK_EQUAL(open_key(key, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\DeviceClasses\\"
                              L"{11111111-0001-0002-0304-05060708090a}\\##?#ACPI#PNPB006#0#{11111111-0001-0002-0304-"
                              L"05060708090a}\\#UART"),
                STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"SymbolicLink"), STATUS_SUCCESS);
    CHECK(data.is_text(L"\\\\?\\ACPI#PNPB006#0#{11111111-0001-0002-0304-05060708090a}\\UART"));
    ZwClose(key);
    RtlFreeUnicodeString(&one);
    RtlFreeUnicodeString(&two);
}
