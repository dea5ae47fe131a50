// SPDX-License-Identifier: MIT
// RtlQueryRegistryValues: a table of values, each handed to a routine or stored in place, with subkeys, defaults and
// expansion. Facts: its page and that of RTL_QUERY_REGISTRY_TABLE in Microsoft's driver documentation.
#include "rtl.hpp"

#ifndef RTL_QUERY_REGISTRY_TYPECHECK // Windows 8's; mingw-w64's header ends before it
#define RTL_QUERY_REGISTRY_TYPECHECK 0x00000100
#endif
#define TYPECHECK_SHIFT 24

namespace nanont::cm {
namespace {

constexpr ULONG kTag = tag("CMqu");
constexpr ULONG kMostEntries = 4096; // of one table: a table without an end is found out

/// A value's copy, zero-terminated behind its bytes.
struct Copy {
    ULONG type = REG_NONE;
    ULONG size = 0;
    UCHAR* data = nullptr;
    PWSTR name = nullptr; // of an enumerated one

    Copy() = default;
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;
    ~Copy() { reset(); }
    void reset() {
        if (data != nullptr) {
            ExFreePoolWithTag(data, kTag);
        }
        if (name != nullptr) {
            ExFreePoolWithTag(name, kTag);
        }
        data = nullptr;
        name = nullptr;
    }
};

bool is_text(ULONG type) {
    return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}

NTSTATUS copy_bytes(const void* from, ULONG size, UCHAR*& out) {
    constexpr size_t kEnd = 2 * sizeof(WCHAR);
    out = static_cast<UCHAR*>(ExAllocatePoolWithTag(PagedPool, size + kEnd, kTag));
    if (out == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(out + size, kEnd);
    RtlCopyMemory(out, from, size);
    return STATUS_SUCCESS;
}

/// The value `name` or, without one, the `index`-th. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_NO_MORE_ENTRIES.
NTSTATUS copy_value(HANDLE handle, PCWSTR name, ULONG index, Copy& copy) {
    copy.reset();
    Guard guard;
    Key* key = nullptr;
    NTSTATUS status = reference(handle, KEY_QUERY_VALUE, key);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const Value* value = name != nullptr ? find_value(*key, text_of(name)) : value_at(*key, index);
    if (value == nullptr) {
        status = name != nullptr ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_NO_MORE_ENTRIES;
    } else {
        copy.type = value->type;
        copy.size = value->size;
        status = copy_bytes(value->data, value->size, copy.data);
        if (NT_SUCCESS(status) && name == nullptr) {
            UCHAR* text = nullptr;
            status = copy_bytes(value->name.Buffer, value->name.Length, text);
            copy.name = reinterpret_cast<PWSTR>(text);
        }
    }
    let_go(*key);
    return status;
}

/// %SystemRoot% is the one variable the system process has here; others stay as they are.
NTSTATUS expand(Copy& copy) {
    static const WCHAR kVariable[] = L"%SystemRoot%";
    static const WCHAR kValue[] = L"C:\\Windows";
    constexpr size_t kVariableLength = RTL_NUMBER_OF(kVariable) - 1;
    constexpr size_t kValueLength = RTL_NUMBER_OF(kValue) - 1;
    static_assert(kValueLength <= kVariableLength, "it shrinks, so it can be done in place");
    auto* text = reinterpret_cast<PWSTR>(copy.data);
    size_t out = 0;
    for (size_t at = 0; text[at] != 0;) {
        if (_wcsnicmp(text + at, kVariable, kVariableLength) == 0) {
            RtlCopyMemory(text + out, kValue, kValueLength * sizeof(WCHAR));
            out += kValueLength;
            at += kVariableLength;
        } else {
            text[out++] = text[at++];
        }
    }
    text[out] = 0;
    copy.type = REG_SZ;
    copy.size = static_cast<ULONG>((out + 1) * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/// RTL_QUERY_REGISTRY_DIRECT: strings into the UNICODE_STRING, small data into place, larger behind a signed length.
NTSTATUS store(const RTL_QUERY_REGISTRY_TABLE& entry, const Copy& copy) {
    if ((entry.Flags & RTL_QUERY_REGISTRY_TYPECHECK) != 0 && entry.DefaultType >> TYPECHECK_SHIFT != copy.type) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (is_text(copy.type)) {
        auto& string = *static_cast<PUNICODE_STRING>(entry.EntryContext);
        const ULONG size = copy.size < 0xfffe ? copy.size : 0xfffe;
        if (string.Buffer == nullptr) {
            string.Buffer = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, size != 0 ? size : 2, kTag));
            if (string.Buffer == nullptr) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            string.MaximumLength = static_cast<USHORT>(size);
        } else if (size > string.MaximumLength) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlCopyMemory(string.Buffer, copy.data, size);
        string.Length = static_cast<USHORT>(size >= sizeof(WCHAR) ? size - sizeof(WCHAR) : 0);
        return STATUS_SUCCESS;
    }
    if (copy.size <= sizeof(ULONG)) {
        RtlCopyMemory(entry.EntryContext, copy.data, copy.size);
        return STATUS_SUCCESS;
    }
    const LONG room = *static_cast<LONG*>(entry.EntryContext);
    if (room < 0) { // the data alone, over the length
        if (copy.size > static_cast<ULONG>(-static_cast<LONGLONG>(room))) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        RtlCopyMemory(entry.EntryContext, copy.data, copy.size);
        return STATUS_SUCCESS;
    }
    struct Headed {
        ULONG size, type;
        UCHAR data[1];
    };
    if (offsetof(Headed, data) + copy.size > static_cast<ULONG>(room)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    auto& headed = *static_cast<Headed*>(entry.EntryContext);
    headed.size = copy.size;
    headed.type = copy.type;
    RtlCopyMemory(headed.data, copy.data, copy.size);
    return STATUS_SUCCESS;
}

/// One value to whom the entry says. A routine may say that the rest does not matter: STATUS_BUFFER_TOO_SMALL of its
/// own is no failure of the query's.
NTSTATUS hand_over(const RTL_QUERY_REGISTRY_TABLE& entry, PVOID context, PCWSTR name, Copy& copy) {
    const bool raw = (entry.Flags & RTL_QUERY_REGISTRY_NOEXPAND) != 0;
    if (!raw && copy.type == REG_EXPAND_SZ) {
        const NTSTATUS status = expand(copy);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    if ((entry.Flags & RTL_QUERY_REGISTRY_DIRECT) != 0) {
        return store(entry, copy);
    }
    auto* called = const_cast<PWSTR>(name);
    if (raw || copy.type != REG_MULTI_SZ) {
        return entry.QueryRoutine(called, copy.type, copy.data, copy.size, context, entry.EntryContext);
    }
    auto* text = reinterpret_cast<PWSTR>(copy.data);
    for (size_t left = copy.size / sizeof(WCHAR); left != 0 && *text != 0;) {
        const size_t units = wcsnlen(text, left) + 1;
        const NTSTATUS status = entry.QueryRoutine(called, REG_SZ, text, static_cast<ULONG>(units * sizeof(WCHAR)),
                                                   context, entry.EntryContext);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        text += units;
        left -= units < left ? units : left;
    }
    return STATUS_SUCCESS;
}

NTSTATUS give_default(const RTL_QUERY_REGISTRY_TABLE& entry, PVOID context) {
    const ULONG type = entry.DefaultType & 0x00ffffff;
    if ((entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) != 0 || type == REG_NONE) {
        return (entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) != 0 ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
    }
    Copy copy;
    copy.type = type;
    copy.size = entry.DefaultLength;
    if (copy.size == 0 && entry.DefaultData != nullptr && is_text(type)) {
        const auto* text = static_cast<const WCHAR*>(entry.DefaultData);
        size_t units = wcslen(text) + 1;
        while (type == REG_MULTI_SZ && text[units] != 0) {
            units += wcslen(text + units) + 1;
        }
        copy.size = static_cast<ULONG>((units + (type == REG_MULTI_SZ ? 1 : 0)) * sizeof(WCHAR));
    }
    // DefaultData of a direct entry with small data may be the data's place; with length 0 there is none.
    const NTSTATUS status = copy_bytes(entry.DefaultData, entry.DefaultData != nullptr ? copy.size : 0, copy.data);
    return NT_SUCCESS(status) ? hand_over(entry, context, entry.Name, copy) : status;
}

NTSTATUS query_all(HANDLE handle, const RTL_QUERY_REGISTRY_TABLE& entry, PVOID context) {
    ULONG index = 0;
    for (ULONG seen = 0;; ++seen) {
        Copy copy;
        NTSTATUS status = copy_value(handle, nullptr, index, copy);
        if (status == STATUS_NO_MORE_ENTRIES) {
            const bool missing = seen == 0 && (entry.Flags & RTL_QUERY_REGISTRY_REQUIRED) != 0;
            return missing ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
        }
        if (NT_SUCCESS(status)) {
            status = hand_over(entry, context, copy.name, copy);
        }
        if (!NT_SUCCESS(status)) {
            return status;
        }
        if ((entry.Flags & RTL_QUERY_REGISTRY_DELETE) != 0) {
            UNICODE_STRING name = text_of(copy.name);
            status = ZwDeleteValueKey(handle, &name);
            if (!NT_SUCCESS(status)) {
                return status;
            }
        } else {
            ++index;
        }
    }
}

NTSTATUS query_entry(HANDLE handle, const RTL_QUERY_REGISTRY_TABLE& entry, PVOID context) {
    if ((entry.Flags & RTL_QUERY_REGISTRY_DIRECT) != 0 && (entry.Name == nullptr || entry.QueryRoutine != nullptr)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((entry.Flags & RTL_QUERY_REGISTRY_NOVALUE) != 0) {
        return entry.QueryRoutine(nullptr, REG_NONE, nullptr, 0, context, entry.EntryContext);
    }
    if (entry.Name == nullptr) {
        return query_all(handle, entry, context);
    }
    Copy copy;
    NTSTATUS status = copy_value(handle, entry.Name, 0, copy);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return give_default(entry, context);
    }
    if (NT_SUCCESS(status)) {
        status = hand_over(entry, context, entry.Name, copy);
    }
    if (NT_SUCCESS(status) && (entry.Flags & RTL_QUERY_REGISTRY_DELETE) != 0) {
        UNICODE_STRING name = text_of(entry.Name);
        status = ZwDeleteValueKey(handle, &name);
    }
    return status;
}

NTSTATUS open_below(HANDLE top, PCWSTR name, ACCESS_MASK access, HANDLE& handle) {
    UNICODE_STRING path = text_of(name);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, top, nullptr);
    return ZwOpenKey(&handle, access, &attributes);
}

NTSTATUS query_table(HANDLE top, const RTL_QUERY_REGISTRY_TABLE* table, PVOID context) {
    HANDLE below = nullptr; // of the subkey in focus
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; NT_SUCCESS(status); ++i, ++table) {
        const ULONG flags = table->Flags;
        if (table->QueryRoutine == nullptr && (flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT)) == 0) {
            break;
        }
        if (i == kMostEntries) {
            status = STATUS_INVALID_PARAMETER;
            break;
        }
        if ((flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY)) != 0 && below != nullptr) {
            ZwClose(below);
            below = nullptr;
        }
        if ((flags & RTL_QUERY_REGISTRY_SUBKEY) == 0) {
            status = query_entry(below != nullptr ? below : top, *table, context);
            continue;
        }
        if (table->Name == nullptr) {
            status = STATUS_INVALID_PARAMETER;
            break;
        }
        status = open_below(top, table->Name, KEY_READ | KEY_SET_VALUE, below);
        if (NT_SUCCESS(status) && table->QueryRoutine != nullptr) {
            RTL_QUERY_REGISTRY_TABLE all = *table; // the routine is for each value of the subkey
            all.Name = nullptr;
            status = query_entry(below, all, context);
        }
    }
    if (below != nullptr) {
        ZwClose(below);
    }
    return status;
}

NTSTATUS query(ULONG relative_to, PCWSTR path, const RTL_QUERY_REGISTRY_TABLE* table, PVOID context) {
    HANDLE handle = nullptr;
    NTSTATUS status = open_relative(relative_to, path, KEY_READ | KEY_SET_VALUE, false, handle);
    if (!NT_SUCCESS(status)) {
        const bool optional = (relative_to & RTL_REGISTRY_OPTIONAL) != 0 && status == STATUS_OBJECT_NAME_NOT_FOUND;
        return optional ? STATUS_SUCCESS : status;
    }
    status = query_table(handle, table, context);
    finish_relative(relative_to, handle);
    return status;
}

} // namespace
} // namespace nanont::cm

extern "C" {

NTSTATUS NTAPI RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                                      PVOID Context, PVOID) {
    return nanont::cm::query(RelativeTo, Path, QueryTable, Context);
}

NTSTATUS NTAPI RtlQueryRegistryValuesEx(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                                        PVOID Context, PVOID) {
    return nanont::cm::query(RelativeTo, Path, QueryTable, Context);
}

} // extern "C"
