// SPDX-License-Identifier: MIT
// The small Rtl functions over the registry: a place by number (RTL_REGISTRY_SERVICES and so on) and a path below it.
#include "rtl.hpp"

namespace nanont::cm {

NTSTATUS open_relative(ULONG relative_to, PCWSTR path, ACCESS_MASK access, bool create, HANDLE& handle) {
    static const WCHAR* const kPlaces[RTL_REGISTRY_MAXIMUM] = {
        L"",
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Services",
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Control",
        L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
        L"\\Registry\\Machine\\Hardware\\DeviceMap",
        L"\\Registry\\User\\.Default",
    };
    if ((relative_to & RTL_REGISTRY_HANDLE) != 0) {
        handle = const_cast<HANDLE>(static_cast<const void*>(path));
        return STATUS_SUCCESS;
    }
    const ULONG place = relative_to & ~ULONG{RTL_REGISTRY_OPTIONAL};
    if (place >= RTL_REGISTRY_MAXIMUM) {
        return STATUS_INVALID_PARAMETER;
    }
    const size_t length = wcslen(path);
    const size_t head = wcslen(kPlaces[place]);
    if (head + 1 + length > 0x7ffe) {
        return STATUS_NAME_TOO_LONG;
    }
    auto* text = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, (head + length + 2) * sizeof(WCHAR), tag("CMrt")));
    if (text == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(text, kPlaces[place], head * sizeof(WCHAR));
    size_t at = head;
    if (place != RTL_REGISTRY_ABSOLUTE && length != 0) {
        text[at++] = L'\\';
    }
    RtlCopyMemory(text + at, path, length * sizeof(WCHAR));
    text[at + length] = 0;
    UNICODE_STRING name = text_of(text);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    const NTSTATUS status = create ? ZwCreateKey(&handle, access, &attributes, 0, nullptr, 0, nullptr)
                                   : ZwOpenKey(&handle, access, &attributes);
    ExFreePool(text);
    return status;
}

void finish_relative(ULONG relative_to, HANDLE handle) {
    if ((relative_to & RTL_REGISTRY_HANDLE) == 0) {
        ZwClose(handle);
    }
}

} // namespace nanont::cm

using namespace nanont;
using namespace nanont::cm;

extern "C" {

NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path) {
    HANDLE handle = nullptr;
    const NTSTATUS status = open_relative(RelativeTo, Path, KEY_READ, false, handle);
    if (NT_SUCCESS(status)) {
        finish_relative(RelativeTo, handle);
    }
    return status;
}

NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path) {
    HANDLE handle = nullptr;
    const NTSTATUS status = open_relative(RelativeTo, Path, KEY_READ, true, handle);
    if (NT_SUCCESS(status)) {
        finish_relative(RelativeTo, handle);
    }
    return status;
}

NTSTATUS NTAPI RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                     ULONG ValueLength) {
    HANDLE handle = nullptr;
    NTSTATUS status = open_relative(RelativeTo, Path, KEY_SET_VALUE, true, handle);
    if (NT_SUCCESS(status)) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, ValueName);
        status = ZwSetValueKey(handle, &name, 0, ValueType, ValueData, ValueLength);
        finish_relative(RelativeTo, handle);
    }
    return status;
}

NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName) {
    HANDLE handle = nullptr;
    NTSTATUS status = open_relative(RelativeTo, Path, KEY_SET_VALUE, false, handle);
    if (NT_SUCCESS(status)) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, ValueName);
        status = ZwDeleteValueKey(handle, &name);
        finish_relative(RelativeTo, handle);
    }
    return status;
}

} // extern "C"
