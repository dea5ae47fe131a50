// SPDX-License-Identifier: MIT
// Keys: names, creation, deletion, what they tell of themselves.
#include "registry.hpp"

namespace {

/** Opens a path and closes it again. */
NTSTATUS look(const WCHAR* path, HANDLE root = nullptr) {
    HANDLE key = nullptr;
    const NTSTATUS status = open_key(key, path, KEY_READ, root);
    if (NT_SUCCESS(status)) ZwClose(key);
    return status;
}

/** The whole name of a key is `expected`. */
bool is_called(HANDLE key, const WCHAR* expected) {
    struct { // KEY_NAME_INFORMATION, which mingw-w64's headers lack
        ULONG length;
        WCHAR text[200];
    } name;
    ULONG needed = 0;
    if (!NT_SUCCESS(ZwQueryKey(key, KeyNameInformation, &name, sizeof name, &needed))) return false;
    name.text[name.length / 2] = 0;
    return _wcsicmp(name.text, expected) == 0;
}

} // namespace

void key_paths() {
    CHECK_EQUAL(look(L"\\Registry\\Machine\\System\\currentcontrolset\\SERVICES"), STATUS_SUCCESS); // no case
    CHECK_EQUAL(look(L"\\Registry"), STATUS_SUCCESS);
    CHECK_REFUSES(ZwOpenKey, look(L"\\Registry\\Machine\\Nowhere"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_REFUSES(ZwOpenKey, look(L"\\Registry\\Machine\\Nowhere\\Else"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_REFUSES(ZwOpenKey, look(L"\\Registrys\\Machine"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_REFUSES(ZwOpenKey, look(L"Registry\\Machine"), STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK_REFUSES(ZwOpenKey, look(L""), STATUS_OBJECT_PATH_SYNTAX_BAD);
    HANDLE system = nullptr;
    CHECK_EQUAL(open_key(system, L"\\Registry\\Machine\\SYSTEM"), STATUS_SUCCESS);
    CHECK_EQUAL(look(L"CurrentControlSet\\Services", system), STATUS_SUCCESS);
    CHECK_REFUSES(ZwOpenKey, look(L"\\CurrentControlSet", system), STATUS_OBJECT_PATH_SYNTAX_BAD); // relative to a root
    CHECK_EQUAL(look(L"", system), STATUS_SUCCESS);                                                // the root itself
    CHECK(is_called(system, L"\\REGISTRY\\MACHINE\\SYSTEM"));
    ZwClose(system);
    CHECK_REFUSES(ZwOpenKey, look(L"Services", system), STATUS_INVALID_HANDLE);
}

void key_creation() {
    HANDLE service = nullptr, first = nullptr, second = nullptr;
    ULONG disposition = 0;
    CHECK_EQUAL(open_key(service, kService), STATUS_SUCCESS);
    CHECK_EQUAL(create_key(first, L"Made", service, 0, &disposition), STATUS_SUCCESS);
    CHECK_EQUAL(disposition, REG_CREATED_NEW_KEY);
    CHECK_EQUAL(create_key(second, L"MADE", service, 0, &disposition), STATUS_SUCCESS);
    CHECK_EQUAL(disposition, REG_OPENED_EXISTING_KEY);
    ZwClose(second);
    CHECK_REFUSES(ZwCreateKey, create_key(second, L"Gap\\Made", service),
                  STATUS_OBJECT_NAME_NOT_FOUND); // only the last part is made
    CHECK_REFUSES(ZwCreateKey, create_key(second, L"Odd", service, 0x40), STATUS_INVALID_PARAMETER);
    WCHAR longest[257];
    for (WCHAR& c : longest)
        c = L'n';
    longest[256] = 0;
    CHECK_REFUSES(ZwCreateKey, create_key(second, longest, service), STATUS_INVALID_PARAMETER);
    longest[255] = 0;
    CHECK_EQUAL(create_key(second, longest, service), STATUS_SUCCESS);
    CHECK_EQUAL(ZwDeleteKey(second), STATUS_SUCCESS);
    ZwClose(second);
    // What is volatile may lie in what is not, never the other way round.
    CHECK_EQUAL(create_key(second, L"Volatile", first, REG_OPTION_VOLATILE), STATUS_SUCCESS);
    HANDLE child = nullptr;
    CHECK_REFUSES(ZwCreateKey, create_key(child, L"Lasting", second), STATUS_CHILD_MUST_BE_VOLATILE);
    CHECK_EQUAL(create_key(child, L"Passing", second, REG_OPTION_VOLATILE), STATUS_SUCCESS);
    CHECK_EQUAL(ZwFlushKey(child), STATUS_SUCCESS);
    ZwClose(child);
    ZwClose(second);
    HANDLE root = nullptr;
    CHECK_REFUSES(ZwCreateKey, create_key(root, L"\\Registry\\Mine"), STATUS_ACCESS_DENIED);
    CHECK(root == nullptr);
    ZwClose(first);
    ZwClose(service);
}

void key_deletion() {
    HANDLE service = nullptr, key = nullptr, again = nullptr, child = nullptr;
    CHECK_EQUAL(open_key(service, kService), STATUS_SUCCESS);
    CHECK_EQUAL(create_key(key, L"Doomed", service), STATUS_SUCCESS);
    CHECK_EQUAL(open_key(again, L"Doomed", KEY_ALL_ACCESS, service), STATUS_SUCCESS);
    CHECK_EQUAL(create_key(child, L"Child", key), STATUS_SUCCESS);
    CHECK_EQUAL(ZwDeleteKey(key), STATUS_CANNOT_DELETE); // it holds a key
    CHECK_EQUAL(ZwDeleteKey(child), STATUS_SUCCESS);
    CHECK_EQUAL(ZwDeleteKey(child), STATUS_KEY_DELETED);
    ZwClose(child);
    CHECK_EQUAL(ZwDeleteKey(key), STATUS_SUCCESS);
    // Every handle to it says so, and its name is free again.
    ULONG needed = 0;
    KEY_BASIC_INFORMATION basic;
    CHECK_EQUAL(ZwQueryKey(again, KeyBasicInformation, &basic, sizeof basic, &needed), STATUS_KEY_DELETED);
    CHECK_EQUAL(ZwSetValueKey(again, Name(L"v"), 0, REG_NONE, nullptr, 0), STATUS_KEY_DELETED);
    CHECK_REFUSES(ZwCreateKey, create_key(child, L"x", again), STATUS_KEY_DELETED);
    ULONG disposition = 0;
    HANDLE fresh = nullptr;
    CHECK_EQUAL(create_key(fresh, L"Doomed", service, 0, &disposition), STATUS_SUCCESS);
    CHECK_EQUAL(disposition, REG_CREATED_NEW_KEY);
    CHECK_EQUAL(ZwDeleteKey(fresh), STATUS_SUCCESS);
    ZwClose(fresh);
    ZwClose(key);
    ZwClose(again);
    CHECK_EQUAL(ZwDeleteKey(again), STATUS_INVALID_HANDLE);
    ZwClose(service);
}

void key_information() {
    HANDLE service = nullptr, key = nullptr, child = nullptr;
    CHECK_EQUAL(open_key(service, kService), STATUS_SUCCESS);
    UNICODE_STRING key_class;
    RtlInitUnicodeString(&key_class, L"Kind");
    Attributes attributes(L"Told", service);
    CHECK_EQUAL(ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, &key_class, 0, nullptr), STATUS_SUCCESS);
    static const WCHAR* const kNames[] = {L"Zeta", L"alpha", L"Mu"};
    for (const WCHAR* name : kNames) {
        CHECK_EQUAL(create_key(child, name, key), STATUS_SUCCESS);
        ZwClose(child);
    }
    ULONG number = 7;
    CHECK_EQUAL(ZwSetValueKey(key, Name(L"Number"), 0, REG_DWORD, &number, sizeof number), STATUS_SUCCESS);

    union {
        KEY_BASIC_INFORMATION basic;
        KEY_NODE_INFORMATION node;
        KEY_FULL_INFORMATION full;
        UCHAR bytes[128];
    } info;
    ULONG needed = 0;
    CHECK_EQUAL(ZwQueryKey(key, KeyFullInformation, &info, sizeof info, &needed), STATUS_SUCCESS);
    CHECK_EQUAL(info.full.SubKeys, 3);
    CHECK_EQUAL(info.full.MaxNameLen, 10); // "alpha", in bytes
    CHECK_EQUAL(info.full.Values, 1);
    CHECK_EQUAL(info.full.MaxValueNameLen, 12);
    CHECK_EQUAL(info.full.MaxValueDataLen, 4);
    CHECK_EQUAL(info.full.ClassLength, 8);
    CHECK(RtlCompareMemory(info.bytes + info.full.ClassOffset, L"Kind", 8) == 8);
    CHECK_EQUAL(needed, FIELD_OFFSET(KEY_FULL_INFORMATION, Class) + 8);
    CHECK_EQUAL(ZwQueryKey(key, KeyNodeInformation, &info, sizeof info, &needed), STATUS_SUCCESS);
    CHECK_EQUAL(info.node.NameLength, 8);
    CHECK(RtlCompareMemory(info.node.Name, L"Told", 8) == 8);
    CHECK_EQUAL(info.node.ClassLength, 8);

    // Too small for the fixed part: nothing; too small for the name: as much as fits. Both say what is needed.
    constexpr ULONG kWhole = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 8;
    RtlFillMemory(&info, sizeof info, 0x55);
    CHECK_EQUAL(ZwQueryKey(key, KeyBasicInformation, &info, 15, &needed), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, kWhole);
    CHECK_EQUAL(info.bytes[0], 0x55);
    CHECK_EQUAL(ZwQueryKey(key, KeyBasicInformation, &info, kWhole - 2, &needed), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(needed, kWhole);
    CHECK_EQUAL(info.basic.NameLength, 8);
    CHECK_EQUAL(info.bytes[kWhole - 2], 0x55);
    CHECK_EQUAL(ZwQueryKey(key, KeyBasicInformation, &info, kWhole, &needed), STATUS_SUCCESS);
    CHECK_EQUAL(ZwQueryKey(key, static_cast<KEY_INFORMATION_CLASS>(99), &info, sizeof info, &needed),
                STATUS_INVALID_PARAMETER);

    static const WCHAR* const kSorted[] = {L"alpha", L"Mu", L"Zeta"};
    for (ULONG i = 0; i < 3; ++i) {
        CHECK_EQUAL(ZwEnumerateKey(key, i, KeyBasicInformation, &info, sizeof info, &needed), STATUS_SUCCESS);
        const ULONG length = static_cast<ULONG>(wcslen(kSorted[i]) * 2);
        CHECK_EQUAL(info.basic.NameLength, length);
        CHECK(RtlCompareMemory(info.basic.Name, kSorted[i], length) == length);
    }
    CHECK_EQUAL(ZwEnumerateKey(key, 3, KeyBasicInformation, &info, sizeof info, &needed), STATUS_NO_MORE_ENTRIES);
    CHECK_EQUAL(ZwEnumerateKey(key, 0, KeyBasicInformation, &info, 4, &needed), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(ZwEnumerateKey(key, 0, KeyNameInformation, &info, sizeof info, &needed), STATUS_INVALID_PARAMETER);
    ZwClose(key);
    ZwClose(service);
}

void key_links() {
    HANDLE key = nullptr;
    CHECK_EQUAL(open_key(key, L"\\Registry\\Machine\\System\\CurrentControlSet\\Control"), STATUS_SUCCESS);
    CHECK(is_called(key, L"\\Registry\\Machine\\SYSTEM\\ControlSet001\\Control")); // where the link led
    ZwClose(key);
    // The link itself, when it is asked for.
    Attributes attributes(L"\\Registry\\Machine\\System\\CurrentControlSet", nullptr, OBJ_OPENLINK);
    CHECK_EQUAL(ZwOpenKey(&key, KEY_READ, &attributes), STATUS_SUCCESS);
    CHECK(is_called(key, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet"));
    Data target;
    CHECK_EQUAL(target.read(key, L"SymbolicLinkValue"), STATUS_SUCCESS);
    CHECK_EQUAL(target.head.Type, REG_LINK);
    ZwClose(key);

    HANDLE service = nullptr, link = nullptr;
    CHECK_EQUAL(open_key(service, kService), STATUS_SUCCESS);
    CHECK_EQUAL(create_key(link, L"Link", service, REG_OPTION_CREATE_LINK), STATUS_SUCCESS);
    CHECK_REFUSES(ZwOpenKey, look(L"Link", service), STATUS_OBJECT_NAME_NOT_FOUND); // it leads nowhere yet
    static WCHAR loop[] = L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\registry\\Link";
    CHECK_EQUAL(ZwSetValueKey(link, Name(L"SymbolicLinkValue"), 0, REG_LINK, loop, sizeof loop - 2), STATUS_SUCCESS);
    CHECK_REFUSES(ZwOpenKey, look(L"Link", service), STATUS_OBJECT_NAME_NOT_FOUND); // round and round: an end is made
    CHECK_REFUSES(ZwCreateKey, create_key(key, L"Link", service, REG_OPTION_CREATE_LINK), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(ZwDeleteKey(link), STATUS_SUCCESS);
    ZwClose(link);
    ZwClose(service);
}

void key_rights() {
    HANDLE service = nullptr, reader = nullptr, key = nullptr;
    ULONG needed = 0, number = 1;
    UCHAR info[64];
    CHECK_EQUAL(open_key(reader, kService, KEY_QUERY_VALUE), STATUS_SUCCESS);
    CHECK_EQUAL(ZwQueryKey(reader, KeyBasicInformation, info, sizeof info, &needed), STATUS_SUCCESS);
    CHECK_EQUAL(ZwSetValueKey(reader, Name(L"No"), 0, REG_DWORD, &number, sizeof number), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(ZwDeleteValueKey(reader, Name(L"Type")), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(ZwEnumerateKey(reader, 0, KeyBasicInformation, info, sizeof info, &needed), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(ZwDeleteKey(reader), STATUS_ACCESS_DENIED);
    CHECK_REFUSES(ZwCreateKey, create_key(key, L"NotMade", reader), STATUS_ACCESS_DENIED);
    ZwClose(reader);
    CHECK_EQUAL(open_key(service, kService, GENERIC_READ), STATUS_SUCCESS); // generic rights mean the registry's
    CHECK_EQUAL(ZwEnumerateKey(service, 99, KeyBasicInformation, info, sizeof info, &needed), STATUS_NO_MORE_ENTRIES);
    CHECK_EQUAL(ZwSetValueKey(service, Name(L"No"), 0, REG_DWORD, &number, sizeof number), STATUS_ACCESS_DENIED);
    ZwClose(service);
    HANDLE other = nullptr;
    CHECK_EQUAL(ZwCreateEvent(&other, EVENT_ALL_ACCESS, nullptr, NotificationEvent, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(ZwQueryKey(other, KeyBasicInformation, info, sizeof info, &needed), STATUS_OBJECT_TYPE_MISMATCH);
    ZwClose(other);
}
