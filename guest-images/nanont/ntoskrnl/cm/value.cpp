// SPDX-License-Identifier: MIT
// Zw*ValueKey: values by name and by number. Facts: their pages and those of the KEY_VALUE_*_INFORMATION structures in
// Microsoft's driver documentation.
#include "cm.hpp"

namespace nanont::cm {
namespace {

NTSTATUS basic(const Value& value, PVOID out, ULONG room, PULONG result) {
    KEY_VALUE_BASIC_INFORMATION head{};
    constexpr size_t kFixed = offsetof(KEY_VALUE_BASIC_INFORMATION, Name);
    head.Type = value.type;
    head.NameLength = value.name.Length;
    const Piece pieces[] = {{&head, kFixed, 0}, {value.name.Buffer, value.name.Length, kFixed}};
    return give(out, room, result, kFixed, pieces, 2);
}

NTSTATUS full(const Value& value, size_t alignment, PVOID out, ULONG room, PULONG result) {
    KEY_VALUE_FULL_INFORMATION head{};
    constexpr size_t kFixed = offsetof(KEY_VALUE_FULL_INFORMATION, Name);
    const size_t data_at = (kFixed + value.name.Length + alignment - 1) & ~(alignment - 1);
    head.Type = value.type;
    head.DataOffset = value.size != 0 ? static_cast<ULONG>(data_at) : MAXULONG;
    head.DataLength = value.size;
    head.NameLength = value.name.Length;
    const Piece pieces[] = {
        {&head, kFixed, 0}, {value.name.Buffer, value.name.Length, kFixed}, {value.data, value.size, data_at}};
    return give(out, room, result, kFixed, pieces, 3);
}

NTSTATUS partial(const Value& value, PVOID out, ULONG room, PULONG result) {
    KEY_VALUE_PARTIAL_INFORMATION head{};
    constexpr size_t kFixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
    head.Type = value.type;
    head.DataLength = value.size;
    const Piece pieces[] = {{&head, kFixed, 0}, {value.data, value.size, kFixed}};
    return give(out, room, result, kFixed, pieces, 2);
}

NTSTATUS partial_aligned(const Value& value, PVOID out, ULONG room, PULONG result) {
    KEY_VALUE_PARTIAL_INFORMATION_ALIGN64 head{};
    constexpr size_t kFixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data);
    head.Type = value.type;
    head.DataLength = value.size;
    const Piece pieces[] = {{&head, kFixed, 0}, {value.data, value.size, kFixed}};
    return give(out, room, result, kFixed, pieces, 2);
}

NTSTATUS query(const Value& value, KEY_VALUE_INFORMATION_CLASS what, PVOID out, ULONG room, PULONG result) {
    switch (what) {
    case KeyValueBasicInformation:
        return basic(value, out, room, result);
    case KeyValueFullInformation:
        return full(value, sizeof(ULONG), out, room, result);
    case KeyValuePartialInformation:
        return partial(value, out, room, result);
    case KeyValueFullInformationAlign64:
        return full(value, sizeof(ULONGLONG), out, room, result);
    case KeyValuePartialInformationAlign64:
        return partial_aligned(value, out, room, result);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

const UNICODE_STRING& named(const UNICODE_STRING* name) {
    static constexpr UNICODE_STRING kNone{};
    return name != nullptr ? *name : kNone;
}

/// What is done with the key behind a handle, the mutex held.
template <typename Action> NTSTATUS with_key(HANDLE handle, ACCESS_MASK access, Action action) {
    Guard guard;
    Key* key = nullptr;
    NTSTATUS status = reference(handle, access, key);
    if (NT_SUCCESS(status)) {
        status = action(*key);
        let_go(*key);
    }
    return status;
}

} // namespace
} // namespace nanont::cm

using namespace nanont::cm;

extern "C" {

NTSTATUS NTAPI ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                               KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                               ULONG Length, PULONG ResultLength) {
    return with_key(KeyHandle, KEY_QUERY_VALUE, [&](Key& key) -> NTSTATUS {
        const Value* value = find_value(key, *ValueName);
        return value != nullptr ? query(*value, KeyValueInformationClass, KeyValueInformation, Length, ResultLength)
                                : STATUS_OBJECT_NAME_NOT_FOUND;
    });
}

NTSTATUS NTAPI ZwEnumerateValueKey(HANDLE KeyHandle, ULONG Index, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                                   PVOID KeyValueInformation, ULONG Length, PULONG ResultLength) {
    return with_key(KeyHandle, KEY_QUERY_VALUE, [&](Key& key) -> NTSTATUS {
        const Value* value = value_at(key, Index);
        return value != nullptr ? query(*value, KeyValueInformationClass, KeyValueInformation, Length, ResultLength)
                                : STATUS_NO_MORE_ENTRIES;
    });
}

/// ValueName NULL: the value that has no name.
NTSTATUS NTAPI ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG, ULONG Type, PVOID Data,
                             ULONG DataSize) {
    return with_key(KeyHandle, KEY_SET_VALUE,
                    [&](Key& key) { return set_value(key, named(ValueName), Type, Data, DataSize); });
}

NTSTATUS NTAPI ZwDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName) {
    return with_key(KeyHandle, KEY_SET_VALUE, [&](Key& key) -> NTSTATUS {
        Value* value = find_value(key, *ValueName);
        if (value == nullptr) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        delete_value(key, *value);
        return STATUS_SUCCESS;
    });
}

} // extern "C"
