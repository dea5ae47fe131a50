// SPDX-License-Identifier: MIT
// Names: "\Registry\Machine\SYSTEM\CurrentControlSet\..." is walked part by part; a key that is a symbolic link is left
// for the place its value SymbolicLinkValue names.
#include "cm.hpp"

namespace nanont::cm {
namespace {

constexpr ULONG kTag = tag("CMnm");
constexpr WCHAR kRegistry[] = L"\\Registry";

/// Takes the first part off a name; false at its end.
bool next_part(UNICODE_STRING& rest, UNICODE_STRING& part) {
    while (rest.Length != 0 && rest.Buffer[0] == L'\\') {
        ++rest.Buffer;
        rest.Length = static_cast<USHORT>(rest.Length - sizeof(WCHAR));
    }
    part = {0, 0, rest.Buffer};
    while (rest.Length != 0 && rest.Buffer[0] != L'\\') {
        ++rest.Buffer;
        rest.Length = static_cast<USHORT>(rest.Length - sizeof(WCHAR));
        part.Length = part.MaximumLength = static_cast<USHORT>(part.Length + sizeof(WCHAR));
    }
    return part.Length != 0;
}

bool is_at_end(UNICODE_STRING rest) {
    UNICODE_STRING part;
    return !next_part(rest, part);
}

/// Where a link leads. False: it has no target of type REG_LINK.
bool target_of(const Key& link, UNICODE_STRING& target) {
    const Value* value = find_value(link, text_of(L"SymbolicLinkValue"));
    if (value == nullptr || value->type != REG_LINK || value->size == 0 || value->size > 0xfffe) {
        return false;
    }
    const auto bytes = static_cast<USHORT>(value->size & ~ULONG{1});
    target = {bytes, bytes, reinterpret_cast<PWSTR>(value->data)};
    return true;
}

NTSTATUS walk_limited(Key* from, UNICODE_STRING rest, bool open_link, int links, Key*& key, UNICODE_STRING* last);

NTSTATUS walk_from_root(UNICODE_STRING path, bool open_link, int links, Key*& key, UNICODE_STRING* last) {
    UNICODE_STRING prefix = text_of(kRegistry);
    if (path.Length == 0 || path.Buffer[0] != L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    if (!RtlPrefixUnicodeString(&prefix, &path, TRUE) ||
        (path.Length > prefix.Length && path.Buffer[prefix.Length / sizeof(WCHAR)] != L'\\')) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    path.Buffer += prefix.Length / sizeof(WCHAR);
    path.Length = static_cast<USHORT>(path.Length - prefix.Length);
    return walk_limited(root(), path, open_link, links, key, last);
}

NTSTATUS walk_limited(Key* from, UNICODE_STRING rest, bool open_link, int links, Key*& key, UNICODE_STRING* last) {
    UNICODE_STRING part;
    Key* at = from;
    while (next_part(rest, part)) {
        if (part.Length > kMaxKeyName * sizeof(WCHAR)) {
            return STATUS_INVALID_PARAMETER;
        }
        Key* child = find_child(*at, part);
        if (child == nullptr) {
            if (last == nullptr || !is_at_end(rest)) {
                return STATUS_OBJECT_NAME_NOT_FOUND;
            }
            *last = part;
            key = at;
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        if (child->is_link && !(open_link && is_at_end(rest))) {
            UNICODE_STRING target;
            if (links == 0 || !target_of(*child, target)) {
                return STATUS_OBJECT_NAME_NOT_FOUND;
            }
            Key* there = nullptr;
            const NTSTATUS status = walk_from_root(target, false, links - 1, there, nullptr);
            if (!NT_SUCCESS(status)) {
                return status;
            }
            child = there;
        }
        at = child;
    }
    key = at;
    if (last != nullptr) {
        *last = {};
    }
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS walk(Key* from, const UNICODE_STRING& name, bool open_link, Key*& key, UNICODE_STRING* last) {
    if (name.Length % sizeof(WCHAR) != 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (name.Length != 0 && name.Buffer[0] == L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD; // with a root handle a name is relative
    }
    key = nullptr;
    return walk_limited(from, name, open_link, kMaxLinks, key, last);
}

NTSTATUS walk_path(const UNICODE_STRING& path, bool open_link, Key*& key, UNICODE_STRING* last) {
    if (path.Length % sizeof(WCHAR) != 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    key = nullptr;
    return walk_from_root(path, open_link, kMaxLinks, key, last);
}

PWSTR full_name(const Key& key, USHORT& bytes) {
    size_t total = sizeof(kRegistry) - sizeof(WCHAR);
    for (const Key* at = &key; at->parent != nullptr; at = at->parent) {
        total += sizeof(WCHAR) + at->name.Length;
    }
    if (total > 0xfffc) {
        return nullptr;
    }
    auto* text = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, total + sizeof(WCHAR), kTag));
    if (text == nullptr) {
        return nullptr;
    }
    auto* end = text + total / sizeof(WCHAR);
    *end = 0;
    for (const Key* at = &key; at->parent != nullptr; at = at->parent) {
        end -= at->name.Length / sizeof(WCHAR);
        RtlCopyMemory(end, at->name.Buffer, at->name.Length);
        *--end = L'\\';
    }
    RtlCopyMemory(text, kRegistry, sizeof(kRegistry) - sizeof(WCHAR));
    bytes = static_cast<USHORT>(total);
    return text;
}

} // namespace nanont::cm
