// SPDX-License-Identifier: MIT
// Calls on keys, values, interfaces and the device that are refused, each with its documented status.
#include "registry.hpp"

#include <initializer_list>

extern "C" NTSTATUS NTAPI IoSetDeviceInterfacePropertyData(PUNICODE_STRING, CONST DEVPROPKEY*, LCID, ULONG, DEVPROPTYPE,
                                                           ULONG, PVOID); // Windows 8's

namespace {

constexpr GUID kClass = {0x44444444, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
constexpr DEVPROPKEY kOwn = {{0x99999999, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}}, 15};

} // namespace

void closed_keys() {
    HANDLE key = nullptr;
    CHECK_EQUAL(create_key(key, L"\\Registry\\Machine\\SOFTWARE\\Closed"), STATUS_SUCCESS);
    CHECK_EQUAL(ZwDeleteKey(key), STATUS_SUCCESS);
    ZwClose(key);
    ULONG number = 1;
    CHECK_EQUAL(ZwFlushKey(key), STATUS_INVALID_HANDLE);
    CHECK_EQUAL(ZwSetValueKey(key, Name(L"V"), 0, REG_DWORD, &number, sizeof number), STATUS_INVALID_HANDLE);
    CHECK_EQUAL(ZwDeleteValueKey(key, Name(L"V")), STATUS_INVALID_HANDLE);
}

void entries_cut_short() {
    HANDLE key = nullptr, child = nullptr;
    CHECK_EQUAL(create_key(key, L"\\Registry\\Machine\\SOFTWARE\\Entries"), STATUS_SUCCESS);
    CHECK_EQUAL(create_key(child, L"LongName", key), STATUS_SUCCESS);
    CHECK_EQUAL(ZwSetValueKey(key, Name(L"LongValue"), 0, REG_NONE, nullptr, 0), STATUS_SUCCESS);
    union {
        KEY_BASIC_INFORMATION key;
        KEY_VALUE_BASIC_INFORMATION value;
        UCHAR bytes[64];
    } info;
    ULONG needed = 0;
    constexpr ULONG kKeyHead = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
    constexpr ULONG kValueHead = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
    RtlFillMemory(&info, sizeof info, 0x55);
    CHECK_EQUAL(ZwEnumerateKey(key, 0, KeyBasicInformation, &info, kKeyHead + 4, &needed), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(needed, kKeyHead + 16);
    CHECK(info.key.NameLength == 16 && info.key.Name[1] == L'o' && info.bytes[kKeyHead + 4] == 0x55);
    RtlFillMemory(&info, sizeof info, 0x55);
    CHECK_EQUAL(ZwEnumerateValueKey(key, 0, KeyValueBasicInformation, &info, kValueHead + 4, &needed),
                STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(needed, kValueHead + 18);
    CHECK(info.value.NameLength == 18 && info.value.Name[1] == L'o' && info.bytes[kValueHead + 4] == 0x55);
    CHECK_EQUAL(ZwEnumerateValueKey(key, 0, static_cast<KEY_VALUE_INFORMATION_CLASS>(77), &info, sizeof info, &needed),
                STATUS_INVALID_PARAMETER);
    for (HANDLE one : {child, key}) {
        CHECK_EQUAL(ZwDeleteKey(one), STATUS_SUCCESS);
        ZwClose(one);
    }
    static WCHAR no_parent[] = L"registry\\None\\Here";
    ULONG number = 1;
    CHECK_EQUAL(RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, no_parent, L"V", REG_DWORD, &number, sizeof number),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(RtlWriteRegistryValue(77, no_parent, L"V", REG_DWORD, &number, sizeof number),
                STATUS_INVALID_PARAMETER);
}

void refused_interfaces() {
    const PDEVICE_OBJECT no_pdo = g_pdo->AttachedDevice;
    UNICODE_STRING link{};
    CHECK_EQUAL(IoRegisterDeviceInterface(no_pdo, &kClass, nullptr, &link), STATUS_INVALID_DEVICE_REQUEST);
    for (const WCHAR* wrong : {L"a\\b", L"a/b"})
        CHECK_EQUAL(IoRegisterDeviceInterface(g_pdo, &kClass, Name(wrong), &link), STATUS_INVALID_DEVICE_REQUEST);
    CHECK(link.Buffer == nullptr);
    PWSTR list = nullptr;
    CHECK_EQUAL(IoGetDeviceInterfaces(&kClass, no_pdo, 0, &list), STATUS_INVALID_DEVICE_REQUEST);
    CHECK(list == nullptr);
    CHECK_EQUAL(IoGetDeviceInterfaces(&kClass, g_pdo, 0, &list), STATUS_SUCCESS);
    CHECK(list != nullptr && list[0] == 0); // none is a list, too
    ExFreePool(list);

    CHECK_EQUAL(IoRegisterDeviceInterface(g_pdo, &kClass, nullptr, &link), STATUS_SUCCESS);
    UNICODE_STRING again{};
    CHECK_EQUAL(IoRegisterDeviceInterface(g_pdo, &kClass, nullptr, &again), STATUS_OBJECT_NAME_EXISTS);
    CHECK(RtlEqualUnicodeString(&again, &link, FALSE));
    RtlFreeUnicodeString(&again);
    CHECK_EQUAL(IoSetDeviceInterfaceState(&link, FALSE), STATUS_OBJECT_NAME_NOT_FOUND); // it was not enabled
    CHECK_EQUAL(IoSetDeviceInterfaceState(Name(L"\\??\\Nothing"), TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
    ULONG number = 1;
    constexpr LCID kUserDefault = 0x400, kSystemDefault = 0x800;
    for (LCID wrong : {kUserDefault, kSystemDefault})
        CHECK_EQUAL(IoSetDeviceInterfacePropertyData(&link, &kOwn, wrong, 0, DEVPROP_TYPE_UINT32, 4, &number),
                    STATUS_UNSUCCESSFUL);
    CHECK_EQUAL(IoSetDeviceInterfacePropertyData(Name(L"\\??\\Nothing"), &kOwn, 0, 0, DEVPROP_TYPE_UINT32, 4, &number),
                STATUS_OBJECT_NAME_NOT_FOUND);
    RtlFreeUnicodeString(&link);
    CHECK_EQUAL(IoSetDevicePropertyData(no_pdo, &kOwn, 0, 0, DEVPROP_TYPE_UINT32, 4, &number),
                STATUS_INVALID_DEVICE_REQUEST);
    POWER_STATE state{};
    for (UCHAR minor : {UCHAR{IRP_MN_POWER_SEQUENCE}, UCHAR{0x77}})
        CHECK_EQUAL(PoRequestPowerIrp(g_pdo, minor, state, nullptr, nullptr, nullptr), STATUS_INVALID_PARAMETER_2);
}
