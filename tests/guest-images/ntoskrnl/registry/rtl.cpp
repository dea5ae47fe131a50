// SPDX-License-Identifier: MIT
// The Rtl functions over the registry, RtlQueryRegistryValues above all.
#include "registry.hpp"

#define RTL_QUERY_REGISTRY_TYPECHECK 0x00000100 // mingw-w64's header ends before Windows 8

namespace {

constexpr WCHAR kHere[] = L"registry\\Rtl";

struct Seen {
    ULONG calls, type, size;
    WCHAR name[16];
    WCHAR text[4][16];
    NTSTATUS answer;
};

NTSTATUS NTAPI note(PWSTR name, ULONG type, PVOID data, ULONG size, PVOID context, PVOID) {
    auto& seen = *static_cast<Seen*>(context);
    if (seen.calls < 4 && type == REG_SZ) RtlCopyMemory(seen.text[seen.calls], data, size < 32 ? size : 32);
    seen.type = type;
    seen.size = size;
    if (name) RtlCopyMemory(seen.name, name, (wcslen(name) + 1) * 2);
    ++seen.calls;
    return seen.answer;
}

NTSTATUS query(RTL_QUERY_REGISTRY_TABLE* table, Seen* seen = nullptr) {
    return RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, kHere, table, seen, nullptr);
}

void put(const WCHAR* name, ULONG type, const void* data, ULONG size) {
    CHECK_EQUAL(RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, kHere, name, type, const_cast<PVOID>(data), size),
                STATUS_SUCCESS);
}

} // namespace

void rtl_small_functions() {
    static WCHAR here[] = L"registry\\Rtl";
    static WCHAR nowhere[] = L"registry\\None\\Here";
    static WCHAR absolute[] = L"\\Registry\\Machine\\SYSTEM";
    CHECK_EQUAL(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, here), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, here), STATUS_SUCCESS);
    CHECK_EQUAL(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, here), STATUS_SUCCESS);
    CHECK_EQUAL(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, absolute), STATUS_SUCCESS);
    CHECK_EQUAL(RtlCheckRegistryKey(77, here), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, nowhere), STATUS_OBJECT_NAME_NOT_FOUND);
    ULONG number = 5;
    put(L"Number", REG_DWORD, &number, 4);
    HANDLE key = nullptr;
    Data data;
    CHECK_EQUAL(open_key(key, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\registry\\Rtl"),
                STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"Number"), STATUS_SUCCESS);
    CHECK_EQUAL(data.number(), 5);
    // A handle in the path's place; it stays its owner's.
    CHECK_EQUAL(RtlWriteRegistryValue(RTL_REGISTRY_HANDLE, static_cast<PCWSTR>(key), L"Text", REG_SZ,
                                      const_cast<WCHAR*>(L"hi"), 6),
                STATUS_SUCCESS);
    CHECK_EQUAL(data.read(key, L"Text"), STATUS_SUCCESS);
    CHECK(data.is_text(L"hi"));
    CHECK_EQUAL(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, kHere, L"Text"), STATUS_SUCCESS);
    CHECK_EQUAL(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, kHere, L"Text"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"None", L"Text"), STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(key);
}

void rtl_query_direct() {
    const ULONG number = 0xabcd;
    const ULONGLONG large = 0x1122334455667788;
    put(L"Number", REG_DWORD, &number, 4);
    put(L"Large", REG_QWORD, &large, 8);
    put(L"Text", REG_SZ, L"abc", 8);
    put(L"Path", REG_EXPAND_SZ, L"%systemroot%\\x", 30);
    ULONG got = 0, fallback = 0;
    UNICODE_STRING text{}, path{};
    WCHAR room[4] = {};
    UNICODE_STRING fixed{0, sizeof room, room};
    struct {
        ULONG size, type;
        ULONGLONG value;
    } headed{16, 0, 0};
    LONGLONG bare = 0;
    *reinterpret_cast<LONG*>(&bare) = -8;
    ULONG given = 42;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Number", &got, REG_NONE, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Absent", &fallback, REG_DWORD, &given, 4},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK, L"Text", &text, ULONG{REG_SZ} << 24,
         nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Text", &fixed, REG_NONE, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Path", &path, REG_NONE, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Large", &headed, REG_NONE, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Large", &bare, REG_NONE, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Absent", &got, REG_NONE, nullptr, 0}, // left alone
        {nullptr, 0, nullptr, nullptr, REG_NONE, nullptr, 0}};
    CHECK_EQUAL(query(table), STATUS_SUCCESS);
    CHECK_EQUAL(got, 0xabcd);
    CHECK_EQUAL(fallback, 42);
    CHECK_EQUAL(text.Length, 6);
    CHECK(text.Buffer && wcscmp(text.Buffer, L"abc") == 0);
    CHECK(fixed.Buffer == room && fixed.Length == 6 && wcscmp(room, L"abc") == 0);
    CHECK(path.Buffer && wcscmp(path.Buffer, L"C:\\Windows\\x") == 0);
    CHECK_EQUAL(headed.size, 8);
    CHECK_EQUAL(headed.type, REG_QWORD);
    CHECK_EQUAL(headed.value, large);
    CHECK_EQUAL(bare, large);
    RtlFreeUnicodeString(&text);
    RtlFreeUnicodeString(&path);
}

void rtl_query_routines() {
    put(L"List", REG_MULTI_SZ, L"one\0two\0", 18);
    Seen seen{};
    RTL_QUERY_REGISTRY_TABLE table[] = {{note, 0, L"List", nullptr, REG_NONE, nullptr, 0}, {}, {}};
    CHECK_EQUAL(query(table, &seen), STATUS_SUCCESS);
    CHECK_EQUAL(seen.calls, 2); // a call for each string
    CHECK(wcscmp(seen.text[0], L"one") == 0 && wcscmp(seen.text[1], L"two") == 0);
    CHECK(wcscmp(seen.name, L"List") == 0);
    table[0].Flags = RTL_QUERY_REGISTRY_NOEXPAND;
    seen = {};
    CHECK_EQUAL(query(table, &seen), STATUS_SUCCESS);
    CHECK_EQUAL(seen.calls, 1);
    CHECK_EQUAL(seen.type, REG_MULTI_SZ);
    CHECK_EQUAL(seen.size, 18);

    // A subkey's values, one call each; the focus stays there until TOPKEY.
    static WCHAR below[] = L"registry\\Rtl\\Below";
    CHECK_EQUAL(RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, below), STATUS_SUCCESS);
    static const WCHAR* const kNames[] = {L"A", L"B", L"C"};
    for (const WCHAR* name : kNames)
        CHECK_EQUAL(RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, below, name, REG_SZ, const_cast<WCHAR*>(L"v"), 4),
                    STATUS_SUCCESS);
    Seen all{};
    ULONG number = 0;
    RTL_QUERY_REGISTRY_TABLE walk[] = {
        {note, RTL_QUERY_REGISTRY_SUBKEY, L"Below", nullptr, REG_NONE, nullptr, 0},
        {note, RTL_QUERY_REGISTRY_REQUIRED | RTL_QUERY_REGISTRY_DELETE, L"B", nullptr, REG_NONE, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TOPKEY, L"Number", &number, REG_NONE, nullptr, 0},
        {note, RTL_QUERY_REGISTRY_NOVALUE, nullptr, nullptr, REG_NONE, nullptr, 0},
        {}};
    CHECK_EQUAL(query(walk, &all), STATUS_SUCCESS);
    CHECK_EQUAL(all.calls, 5);
    CHECK_EQUAL(all.type, REG_NONE);
    CHECK_EQUAL(all.size, 0);
    CHECK_EQUAL(number, 0xabcd);
    HANDLE key = nullptr;
    Data data;
    CHECK_EQUAL(open_key(key, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\registry\\Rtl\\Below"),
                STATUS_SUCCESS);
    CHECK_REFUSES(ZwQueryValueKey, data.read(key, L"B"),
                  STATUS_OBJECT_NAME_NOT_FOUND); // it was to be deleted after it was read
    CHECK_EQUAL(data.read(key, L"A"), STATUS_SUCCESS);
    ZwClose(key);
}

void rtl_query_failures() {
    ULONG number = 0;
    WCHAR room[2];
    UNICODE_STRING small{0, sizeof room, room};
    LONG too_small = 12;
    RTL_QUERY_REGISTRY_TABLE one[] = {{}, {}};
    const auto try_entry = [&](RTL_QUERY_REGISTRY_TABLE entry) {
        one[0] = entry;
        Seen seen{};
        seen.answer = STATUS_UNSUCCESSFUL;
        return query(one, &seen);
    };
    CHECK_EQUAL(try_entry({note, RTL_QUERY_REGISTRY_REQUIRED, L"Absent", nullptr, REG_NONE, nullptr, 0}),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(try_entry({nullptr, RTL_QUERY_REGISTRY_SUBKEY, L"Absent", nullptr, REG_NONE, nullptr, 0}),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(try_entry({nullptr, RTL_QUERY_REGISTRY_SUBKEY, nullptr, nullptr, REG_NONE, nullptr, 0}),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(try_entry({nullptr, RTL_QUERY_REGISTRY_DIRECT, nullptr, &number, REG_NONE, nullptr, 0}),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(try_entry({note, RTL_QUERY_REGISTRY_DIRECT, L"Number", &number, REG_NONE, nullptr, 0}),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(try_entry({nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK, L"Text", &small,
                           ULONG{REG_DWORD} << 24, nullptr, 0}),
                STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQUAL(try_entry({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Text", &small, REG_NONE, nullptr, 0}),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(try_entry({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"Large", &too_small, REG_NONE, nullptr, 0}),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(try_entry({note, 0, L"Number", nullptr, REG_NONE, nullptr, 0}),
                STATUS_UNSUCCESSFUL); // the routine's own
    one[0] = {note, 0, L"Number", nullptr, REG_NONE, nullptr, 0};
    CHECK_EQUAL(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"None", one, nullptr, nullptr),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES | RTL_REGISTRY_OPTIONAL, L"None", one, nullptr, nullptr),
                STATUS_SUCCESS);
    CHECK_EQUAL(RtlQueryRegistryValues(9, L"None", one, nullptr, nullptr), STATUS_INVALID_PARAMETER);
}
