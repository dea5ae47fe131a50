// SPDX-License-Identifier: MIT
// ZwQueryKey and ZwEnumerateKey: what a key tells of itself and of the keys in it. Facts: their pages and those of the
// KEY_*_INFORMATION structures in Microsoft's driver documentation.
#include "cm.hpp"

namespace nanont::cm {

NTSTATUS give(void* out, ULONG room, PULONG result, size_t fixed, const Piece* pieces, size_t count) {
    size_t needed = fixed;
    for (size_t i = 0; i < count; ++i) {
        const size_t end = pieces[i].offset + pieces[i].size;
        needed = end > needed && pieces[i].size != 0 ? end : needed;
    }
    *result = static_cast<ULONG>(needed);
    if (room < fixed) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (size_t i = 0; i < count; ++i) {
        if (pieces[i].offset < room && pieces[i].size != 0) {
            const size_t left = room - pieces[i].offset;
            RtlCopyMemory(static_cast<UCHAR*>(out) + pieces[i].offset, pieces[i].bytes,
                          pieces[i].size < left ? pieces[i].size : left);
        }
    }
    return room < needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

namespace {

struct Counts {
    ULONG keys, longest_name, longest_class, values, longest_value_name, longest_data;
};

Counts count(const Key& key) {
    Counts counts{};
    const auto longer = [](ULONG& most, ULONG size) { most = size > most ? size : most; };
    for (LIST_ENTRY* entry = key.children.Flink; entry != &key.children; entry = entry->Flink) {
        const Key* child = CONTAINING_RECORD(entry, Key, link);
        ++counts.keys;
        longer(counts.longest_name, child->name.Length);
        longer(counts.longest_class, child->key_class.Length);
    }
    for (LIST_ENTRY* entry = key.values.Flink; entry != &key.values; entry = entry->Flink) {
        const Value* value = CONTAINING_RECORD(entry, Value, link);
        ++counts.values;
        longer(counts.longest_value_name, value->name.Length);
        longer(counts.longest_data, value->size);
    }
    return counts;
}

NTSTATUS basic(const Key& key, PVOID out, ULONG room, PULONG result) {
    KEY_BASIC_INFORMATION head{};
    constexpr size_t kFixed = offsetof(KEY_BASIC_INFORMATION, Name);
    head.LastWriteTime.QuadPart = key.last_write;
    head.NameLength = key.name.Length;
    const Piece pieces[] = {{&head, kFixed, 0}, {key.name.Buffer, key.name.Length, kFixed}};
    return give(out, room, result, kFixed, pieces, 2);
}

NTSTATUS node(const Key& key, PVOID out, ULONG room, PULONG result) {
    KEY_NODE_INFORMATION head{};
    constexpr size_t kFixed = offsetof(KEY_NODE_INFORMATION, Name);
    const size_t class_at = (kFixed + key.name.Length + 3) & ~size_t{3};
    head.LastWriteTime.QuadPart = key.last_write;
    head.ClassOffset = key.key_class.Length != 0 ? static_cast<ULONG>(class_at) : MAXULONG;
    head.ClassLength = key.key_class.Length;
    head.NameLength = key.name.Length;
    const Piece pieces[] = {{&head, kFixed, 0},
                            {key.name.Buffer, key.name.Length, kFixed},
                            {key.key_class.Buffer, key.key_class.Length, class_at}};
    return give(out, room, result, kFixed, pieces, 3);
}

NTSTATUS full(const Key& key, PVOID out, ULONG room, PULONG result) {
    KEY_FULL_INFORMATION head{};
    constexpr size_t kFixed = offsetof(KEY_FULL_INFORMATION, Class);
    const Counts counts = count(key);
    head.LastWriteTime.QuadPart = key.last_write;
    head.ClassOffset = key.key_class.Length != 0 ? static_cast<ULONG>(kFixed) : MAXULONG;
    head.ClassLength = key.key_class.Length;
    head.SubKeys = counts.keys;
    head.MaxNameLen = counts.longest_name;
    head.MaxClassLen = counts.longest_class;
    head.Values = counts.values;
    head.MaxValueNameLen = counts.longest_value_name;
    head.MaxValueDataLen = counts.longest_data;
    const Piece pieces[] = {{&head, kFixed, 0}, {key.key_class.Buffer, key.key_class.Length, kFixed}};
    return give(out, room, result, kFixed, pieces, 2);
}

NTSTATUS cached(const Key& key, PVOID out, ULONG room, PULONG result) {
    struct {
        LARGE_INTEGER last_write;
        ULONG title, keys, longest_name, values, longest_value_name, longest_data, name_length;
    } head{};
    const Counts counts = count(key);
    head.last_write.QuadPart = key.last_write;
    head.keys = counts.keys;
    head.longest_name = counts.longest_name;
    head.values = counts.values;
    head.longest_value_name = counts.longest_value_name;
    head.longest_data = counts.longest_data;
    head.name_length = key.name.Length;
    constexpr size_t kFixed = 0x24; // the structure ends with NameLength
    const Piece pieces[] = {{&head, kFixed, 0}};
    return give(out, room, result, kFixed, pieces, 1);
}

NTSTATUS whole_name(const Key& key, PVOID out, ULONG room, PULONG result) {
    USHORT bytes = 0;
    PWSTR text = full_name(key, bytes);
    if (text == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    const ULONG length = bytes;
    const Piece pieces[] = {{&length, sizeof(length), 0}, {text, bytes, sizeof(length)}};
    const NTSTATUS status = give(out, room, result, sizeof(length), pieces, 2);
    ExFreePool(text);
    return status;
}

NTSTATUS query(const Key& key, KEY_INFORMATION_CLASS what, PVOID out, ULONG room, PULONG result) {
    switch (what) {
    case KeyBasicInformation:
        return basic(key, out, room, result);
    case KeyNodeInformation:
        return node(key, out, room, result);
    case KeyFullInformation:
        return full(key, out, room, result);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

} // namespace
} // namespace nanont::cm

using namespace nanont;
using namespace nanont::cm;

extern "C" {

NTSTATUS NTAPI ZwQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
                          ULONG Length, PULONG ResultLength) {
    Guard guard;
    Key* key = nullptr;
    // A name may be asked for with any right at all.
    const ACCESS_MASK access = KeyInformationClass == KeyNameInformation ? 0 : KEY_QUERY_VALUE;
    NTSTATUS status = cm::reference(KeyHandle, access, key);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    switch (static_cast<int>(KeyInformationClass)) {
    case KeyNameInformation:
        status = whole_name(*key, KeyInformation, Length, ResultLength);
        break;
    case KeyCachedInformation:
        status = cached(*key, KeyInformation, Length, ResultLength);
        break;
    default:
        status = query(*key, KeyInformationClass, KeyInformation, Length, ResultLength);
        break;
    }
    let_go(*key);
    return status;
}

NTSTATUS NTAPI ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass,
                              PVOID KeyInformation, ULONG Length, PULONG ResultLength) {
    Guard guard;
    Key* key = nullptr;
    NTSTATUS status = cm::reference(KeyHandle, KEY_ENUMERATE_SUB_KEYS, key);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const Key* child = child_at(*key, Index);
    status = child != nullptr ? query(*child, KeyInformationClass, KeyInformation, Length, ResultLength)
                              : STATUS_NO_MORE_ENTRIES;
    let_go(*key);
    return status;
}

} // extern "C"
