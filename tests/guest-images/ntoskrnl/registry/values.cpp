// SPDX-License-Identifier: MIT
// Values: types, names, the five information classes, enumeration, limits.
#include "registry.hpp"

namespace {

struct Scratch {
    HANDLE key = nullptr;
    Scratch() { CHECK_EQUAL(create_key(key, L"\\Registry\\Machine\\SOFTWARE\\Scratch"), STATUS_SUCCESS); }
    ~Scratch() {
        CHECK_EQUAL(ZwDeleteKey(key), STATUS_SUCCESS);
        ZwClose(key);
    }
    NTSTATUS set(const WCHAR* name, ULONG type, const void* data, ULONG size) {
        return ZwSetValueKey(key, Name(name), 0, type, const_cast<PVOID>(data), size);
    }
};

} // namespace

void value_set_and_query() {
    Scratch scratch;
    Data data;
    const ULONG number = 0x12345678;
    CHECK_EQUAL(scratch.set(L"Number", REG_DWORD, &number, 4), STATUS_SUCCESS);
    CHECK_EQUAL(data.read(scratch.key, L"nUMBER"), STATUS_SUCCESS); // names have no case
    CHECK(data.is(REG_DWORD, &number, 4));
    CHECK_EQUAL(scratch.set(L"NUMBER", REG_SZ, L"text", 10), STATUS_SUCCESS); // it is the same value
    CHECK_EQUAL(data.read(scratch.key, L"Number"), STATUS_SUCCESS);
    CHECK(data.is_text(L"text"));
    CHECK_EQUAL(scratch.set(L"", REG_BINARY, &number, 3), STATUS_SUCCESS); // the default value
    CHECK_EQUAL(data.read(scratch.key, L""), STATUS_SUCCESS);
    CHECK(data.is(REG_BINARY, &number, 3));
    CHECK_EQUAL(ZwSetValueKey(scratch.key, nullptr, 0, REG_DWORD, const_cast<ULONG*>(&number), 4), STATUS_SUCCESS);
    CHECK_EQUAL(data.read(scratch.key, L""), STATUS_SUCCESS); // no name is the same as an empty one
    CHECK(data.is(REG_DWORD, &number, 4));
    CHECK_EQUAL(scratch.set(L"Empty", REG_NONE, nullptr, 0), STATUS_SUCCESS);
    CHECK_EQUAL(data.read(scratch.key, L"Empty"), STATUS_SUCCESS);
    CHECK_EQUAL(data.head.DataLength, 0);
    CHECK_EQUAL(scratch.set(L"Own", 0x12345, &number, 4), STATUS_SUCCESS); // types are the driver's affair
    CHECK_EQUAL(data.read(scratch.key, L"Own"), STATUS_SUCCESS);
    CHECK_EQUAL(data.head.Type, 0x12345);
    CHECK_REFUSES(ZwQueryValueKey, data.read(scratch.key, L"Absent"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(ZwDeleteValueKey(scratch.key, Name(L"own")), STATUS_SUCCESS);
    CHECK_EQUAL(ZwDeleteValueKey(scratch.key, Name(L"own")), STATUS_OBJECT_NAME_NOT_FOUND);
}

void value_information() {
    Scratch scratch;
    CHECK_EQUAL(scratch.set(L"Name", REG_SZ, L"data", 10), STATUS_SUCCESS);
    union {
        KEY_VALUE_BASIC_INFORMATION basic;
        KEY_VALUE_FULL_INFORMATION full;
        KEY_VALUE_PARTIAL_INFORMATION partial;
        KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 aligned;
        UCHAR bytes[128];
    } info;
    ULONG needed = 0;
    const auto query = [&](KEY_VALUE_INFORMATION_CLASS what, ULONG room) {
        RtlFillMemory(&info, sizeof info, 0x55);
        return ZwQueryValueKey(scratch.key, Name(L"Name"), what, &info, room, &needed);
    };
    CHECK_EQUAL(query(KeyValueBasicInformation, sizeof info), STATUS_SUCCESS);
    CHECK_EQUAL(info.basic.NameLength, 8);
    CHECK_EQUAL(info.basic.Type, REG_SZ);
    CHECK_EQUAL(needed, FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name) + 8);
    CHECK_EQUAL(query(KeyValueFullInformation, sizeof info), STATUS_SUCCESS);
    CHECK_EQUAL(info.full.DataLength, 10);
    CHECK(RtlCompareMemory(info.bytes + info.full.DataOffset, L"data", 10) == 10);
    CHECK(RtlCompareMemory(info.full.Name, L"Name", 8) == 8);
    CHECK_EQUAL(query(KeyValueFullInformationAlign64, sizeof info), STATUS_SUCCESS);
    CHECK_EQUAL(info.full.DataOffset % 8, 0);
    CHECK_EQUAL(query(KeyValuePartialInformationAlign64, sizeof info), STATUS_SUCCESS);
    CHECK_EQUAL(info.aligned.DataLength, 10);
    CHECK(RtlCompareMemory(info.aligned.Data, L"data", 10) == 10);
    CHECK_REFUSES(ZwQueryValueKey, query(static_cast<KEY_VALUE_INFORMATION_CLASS>(77), sizeof info),
                  STATUS_INVALID_PARAMETER);

    // The way every driver goes: ask with no room, allocate, ask again.
    CHECK_REFUSES(ZwQueryValueKey, query(KeyValuePartialInformation, 0), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(needed, FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 10);
    CHECK_EQUAL(info.bytes[0], 0x55);
    CHECK_REFUSES(ZwQueryValueKey, query(KeyValuePartialInformation, 11), STATUS_BUFFER_TOO_SMALL);
    CHECK_REFUSES(ZwQueryValueKey, query(KeyValuePartialInformation, 16), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(info.partial.DataLength, 10); // of the value, not of what was given
    CHECK_EQUAL(info.bytes[12], 'd');
    CHECK_EQUAL(info.bytes[16], 0x55);
    CHECK_EQUAL(query(KeyValuePartialInformation, 22), STATUS_SUCCESS);
}

void value_enumeration() {
    Scratch scratch;
    struct {
        KEY_VALUE_BASIC_INFORMATION head;
        WCHAR more[16];
    } info;
    ULONG needed = 0;
    CHECK_EQUAL(ZwEnumerateValueKey(scratch.key, 0, KeyValueBasicInformation, &info, sizeof info, &needed),
                STATUS_NO_MORE_ENTRIES);
    static const WCHAR* const kNames[] = {L"z", L"a", L"m"};
    for (const WCHAR* name : kNames)
        CHECK_EQUAL(scratch.set(name, REG_NONE, nullptr, 0), STATUS_SUCCESS);
    for (ULONG i = 0; i < 3; ++i) { // as they came
        CHECK_EQUAL(ZwEnumerateValueKey(scratch.key, i, KeyValueBasicInformation, &info, sizeof info, &needed),
                    STATUS_SUCCESS);
        CHECK_EQUAL(info.head.Name[0], kNames[i][0]);
    }
    CHECK_EQUAL(ZwEnumerateValueKey(scratch.key, 3, KeyValueBasicInformation, &info, sizeof info, &needed),
                STATUS_NO_MORE_ENTRIES);
    CHECK_EQUAL(ZwEnumerateValueKey(scratch.key, 0, KeyValueBasicInformation, &info, 3, &needed),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(ZwDeleteValueKey(scratch.key, Name(L"a")), STATUS_SUCCESS);
    CHECK_EQUAL(ZwEnumerateValueKey(scratch.key, 1, KeyValueBasicInformation, &info, sizeof info, &needed),
                STATUS_SUCCESS);
    CHECK_EQUAL(info.head.Name[0], L'm'); // it moved up
}

void value_limits() {
    constexpr ULONG kMegabyte = 1 << 20;
    Scratch scratch;
    auto* bytes = static_cast<UCHAR*>(ExAllocatePoolWithTag(PagedPool, kMegabyte + 1, 'gerT'));
    CHECK(bytes != nullptr);
    if (!bytes) return;
    CHECK_REFUSES(ZwSetValueKey, scratch.set(L"Big", REG_BINARY, bytes, kMegabyte + 1), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(scratch.set(L"Big", REG_BINARY, bytes, kMegabyte), STATUS_SUCCESS);
    CHECK_EQUAL(scratch.set(L"Big2", REG_BINARY, bytes, kMegabyte), STATUS_SUCCESS);
    CHECK_EQUAL(scratch.set(L"Big3", REG_BINARY, bytes, kMegabyte), STATUS_SUCCESS);
    CHECK_REFUSES(ZwSetValueKey, scratch.set(L"Big4", REG_BINARY, bytes, kMegabyte),
                  STATUS_REGISTRY_QUOTA_LIMIT); // all has an end
    CHECK_EQUAL(ZwDeleteValueKey(scratch.key, Name(L"Big")), STATUS_SUCCESS);
    CHECK_EQUAL(scratch.set(L"Big4", REG_BINARY, bytes, kMegabyte), STATUS_SUCCESS); // and what is deleted is free
    ExFreePoolWithTag(bytes, 'gerT');
}
