// SPDX-License-Identifier: MIT
// registry.sys: the registry as a driver sees it, tried from inside and printed; expectations are those of Microsoft's
// documentation of each function. registry_test.py boots it with a registry.reg and reads "case NAME" and "FAILED".
#pragma once

#include "../semantics/cases.hpp"

/** A name as the Zw functions take it. */
struct Name {
    explicit Name(const WCHAR* text) { RtlInitUnicodeString(&string, text); }
    operator PUNICODE_STRING() { return &string; }
    UNICODE_STRING string;
};

struct Attributes : OBJECT_ATTRIBUTES {
    explicit Attributes(const WCHAR* text, HANDLE root = nullptr, ULONG more = 0) {
        RtlInitUnicodeString(&name, text);
        OBJECT_ATTRIBUTES& self = *this;
        InitializeObjectAttributes(&self, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | more, root, nullptr);
    }
    UNICODE_STRING name;
};

NTSTATUS open_key(HANDLE& key, const WCHAR* path, ACCESS_MASK access = KEY_ALL_ACCESS, HANDLE root = nullptr);
NTSTATUS create_key(HANDLE& key, const WCHAR* path, HANDLE root = nullptr, ULONG options = REG_OPTION_NON_VOLATILE,
                    ULONG* disposition = nullptr);
/** Data of a value, as many bytes as fit; its type and size; a failing status otherwise. */
struct Data {
    KEY_VALUE_PARTIAL_INFORMATION head;
    UCHAR more[252];
    NTSTATUS read(HANDLE key, const WCHAR* name);
    bool is(ULONG type, const void* bytes, ULONG size) const;
    bool is_text(const WCHAR* text) const { return is(REG_SZ, text, static_cast<ULONG>((wcslen(text) + 1) * 2)); }
    ULONG number() const { return *reinterpret_cast<const ULONG*>(head.Data); }
};

inline constexpr WCHAR kService[] = L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\registry";

// keys.cpp
void key_paths();
void key_creation();
void key_deletion();
void key_information();
void key_links();
void key_rights();
// values.cpp
void value_set_and_query();
void value_information();
void value_enumeration();
void value_limits();
// rtl.cpp
void rtl_small_functions();
void rtl_query_direct();
void rtl_query_routines();
void rtl_query_failures();
// devices.cpp
void loaded_text();
void device_keys();
void device_properties();
void interface_keys();
// refusals.cpp
void closed_keys();
void entries_cut_short();
void refused_interfaces();
extern PDEVICE_OBJECT g_pdo;
