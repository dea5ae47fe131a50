// SPDX-License-Identifier: MIT
// Keys and values: made, found, changed, deleted.
#include "cm.hpp"

namespace nanont::cm {

ke::Mutex g_mutex;

namespace {

constexpr ULONG kTag = tag("CM  ");

Key g_root;
bool g_root_ready;
LONG64 g_total; // bytes of all blocks; a block is given back without the mutex, too

bool has_room(size_t size) {
    return static_cast<LONG64>(size) <= static_cast<LONG64>(kMaxTotal) - g_total;
}

void* take(size_t size) {
    if (!has_room(size)) {
        return nullptr;
    }
    auto* block = static_cast<size_t*>(ExAllocatePoolWithTag(NonPagedPoolNx, 16 + size, kTag));
    if (block == nullptr) {
        return nullptr;
    }
    InterlockedAdd64(&g_total, static_cast<LONG64>(size));
    RtlZeroMemory(block, 16 + size);
    block[0] = size;
    return block + 2;
}

void give_back(void* memory) {
    if (memory != nullptr) {
        size_t* block = static_cast<size_t*>(memory) - 2;
        InterlockedAdd64(&g_total, -static_cast<LONG64>(block[0]));
        ExFreePoolWithTag(block, kTag);
    }
}

/// Why take() gave nothing.
NTSTATUS no_room(size_t size) {
    return has_room(size) ? STATUS_INSUFFICIENT_RESOURCES : STATUS_REGISTRY_QUOTA_LIMIT;
}

LONGLONG now() {
    return static_cast<LONGLONG>(ke::system_time_of(ke::interrupt_time()));
}

Key* key_at(LIST_ENTRY* entry) {
    return CONTAINING_RECORD(entry, Key, link);
}
Value* value_of(LIST_ENTRY* entry) {
    return CONTAINING_RECORD(entry, Value, link);
}

void put_name(UNICODE_STRING& out, void* place, const UNICODE_STRING& name) {
    RtlCopyMemory(place, name.Buffer, name.Length);
    out = {name.Length, name.Length, static_cast<PWSTR>(place)};
}

void free_value(Value& value) {
    List::remove(value.link);
    give_back(value.data);
    give_back(&value);
}

} // namespace

Key* root() {
    if (!g_root_ready) {
        List::init(g_root.link);
        List::init(g_root.children);
        List::init(g_root.values);
        g_root.holders = 1;
        g_root.is_volatile = false;
        g_root_ready = true;
    }
    return &g_root;
}

Key* find_child(const Key& parent, const UNICODE_STRING& name) {
    for (LIST_ENTRY* entry = parent.children.Flink; entry != &parent.children; entry = entry->Flink) {
        if (RtlEqualUnicodeString(&key_at(entry)->name, &name, TRUE)) {
            return key_at(entry);
        }
    }
    return nullptr;
}

NTSTATUS make_child(Key& parent, const UNICODE_STRING& name, bool is_volatile, const UNICODE_STRING* key_class,
                    Key*& child) {
    if (name.Length == 0 || name.Length > kMaxKeyName * sizeof(WCHAR) || parent.depth + 1 > kMaxDepth) {
        return STATUS_INVALID_PARAMETER;
    }
    if (parent.is_volatile && !is_volatile) {
        return STATUS_CHILD_MUST_BE_VOLATILE;
    }
    const USHORT class_bytes = key_class != nullptr ? key_class->Length : 0;
    const size_t size = sizeof(Key) + name.Length + class_bytes;
    auto* key = static_cast<Key*>(take(size));
    if (key == nullptr) {
        return no_room(size);
    }
    List::init(key->children);
    List::init(key->values);
    key->parent = &parent;
    put_name(key->name, key + 1, name);
    if (class_bytes != 0) {
        put_name(key->key_class, reinterpret_cast<UCHAR*>(key + 1) + name.Length, *key_class);
    }
    key->holders = 1;
    key->depth = parent.depth + 1;
    key->is_volatile = is_volatile;
    key->last_write = parent.last_write = now();
    LIST_ENTRY* place = parent.children.Flink;
    while (place != &parent.children && RtlCompareUnicodeString(&key_at(place)->name, &name, TRUE) < 0) {
        place = place->Flink;
    }
    List::insert_before(*place, key->link);
    child = key;
    return STATUS_SUCCESS;
}

NTSTATUS delete_key(Key& key) {
    if (&key == root() || !List::empty(key.children)) {
        return STATUS_CANNOT_DELETE;
    }
    key.parent->last_write = now();
    List::remove(key.link);
    while (!List::empty(key.values)) {
        free_value(*value_of(key.values.Flink));
    }
    key.is_deleted = true;
    key.parent = nullptr;
    let_go(key);
    return STATUS_SUCCESS;
}

void delete_tree(Key& key) {
    Key* at = &key;
    for (;;) { // without recursion: from the deepest first child upwards, each key once
        while (!List::empty(at->children)) {
            at = key_at(at->children.Flink);
        }
        const bool last = at == &key;
        Key* parent = at->parent;
        if (!NT_SUCCESS(delete_key(*at)) || last) {
            return;
        }
        at = parent;
    }
}

void hold(Key& key) {
    InterlockedIncrement(&key.holders);
}

void let_go(Key& key) {
    if (InterlockedDecrement(&key.holders) == 0) { // it has left the tree, or its tree's hold would be there
        give_back(&key);
    }
}

Value* find_value(const Key& key, const UNICODE_STRING& name) {
    for (LIST_ENTRY* entry = key.values.Flink; entry != &key.values; entry = entry->Flink) {
        if (RtlEqualUnicodeString(&value_of(entry)->name, &name, TRUE)) {
            return value_of(entry);
        }
    }
    return nullptr;
}

NTSTATUS set_value(Key& key, const UNICODE_STRING& name, ULONG type, const void* data, size_t size) {
    if (name.Length > kMaxValueName * sizeof(WCHAR) || size > kMaxValueSize) {
        return STATUS_INVALID_PARAMETER;
    }
    UCHAR* copy = nullptr;
    if (size != 0) {
        copy = static_cast<UCHAR*>(take(size));
        if (copy == nullptr) {
            return no_room(size);
        }
        RtlCopyMemory(copy, data, size);
    }
    Value* value = find_value(key, name);
    if (value == nullptr) {
        value = static_cast<Value*>(take(sizeof(Value) + name.Length));
        if (value == nullptr) {
            give_back(copy);
            return no_room(sizeof(Value) + name.Length);
        }
        put_name(value->name, value + 1, name);
        List::push_back(key.values, value->link);
    }
    give_back(value->data);
    value->type = type;
    value->size = static_cast<ULONG>(size);
    value->data = copy;
    key.last_write = now();
    return STATUS_SUCCESS;
}

void delete_value(Key& key, Value& value) {
    free_value(value);
    key.last_write = now();
}

Key* child_at(const Key& key, ULONG index) {
    for (LIST_ENTRY* entry = key.children.Flink; entry != &key.children; entry = entry->Flink) {
        if (index-- == 0) {
            return key_at(entry);
        }
    }
    return nullptr;
}

Value* value_at(const Key& key, ULONG index) {
    for (LIST_ENTRY* entry = key.values.Flink; entry != &key.values; entry = entry->Flink) {
        if (index-- == 0) {
            return value_of(entry);
        }
    }
    return nullptr;
}

} // namespace nanont::cm
