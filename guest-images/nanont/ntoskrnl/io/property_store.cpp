// SPDX-License-Identifier: MIT
#include "property_store.hpp"

#include "cm/cm.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kTypeMark = 0xffff0000;

struct Place {
    WCHAR path[kLongestKeyPath + 64];
    WCHAR locale[16];
};

void find_place(const WCHAR* owner, const DEVPROPKEY& key, LCID locale, Place& place) {
    const GUID& id = key.fmtid;
    _snwprintf(place.path, RTL_NUMBER_OF(place.path),
               L"%ls\\Properties\\{%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}\\%04lX", owner, id.Data1,
               id.Data2, id.Data3, id.Data4[0], id.Data4[1], id.Data4[2], id.Data4[3], id.Data4[4], id.Data4[5],
               id.Data4[6], id.Data4[7], key.pid);
    place.path[RTL_NUMBER_OF(place.path) - 1] = 0;
    place.locale[0] = 0;
    if (locale != 0) {
        _snwprintf(place.locale, RTL_NUMBER_OF(place.locale), L"%08lX", locale);
    }
}

NTSTATUS give(const cm::Value* value, DEVPROPTYPE value_type, ULONG room, void* data, ULONG& needed,
              DEVPROPTYPE& type) {
    if (value == nullptr) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    type = value_type;
    return give_property(value->data, value->size, room, data, needed);
}

} // namespace

NTSTATUS give_property(const void* value, ULONG size, ULONG room, void* data, ULONG& needed) {
    needed = size;
    if (room < size) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(data, value, size);
    return STATUS_SUCCESS;
}

NTSTATUS set_property(const WCHAR* owner, const DEVPROPKEY& key, LCID locale, DEVPROPTYPE type, ULONG size,
                      const void* data) {
    Place place;
    find_place(owner, key, locale, place);
    cm::Guard guard;
    if (type == DEVPROP_TYPE_EMPTY || data == nullptr) {
        cm::Key* there = nullptr;
        cm::Value* value = nullptr;
        if (NT_SUCCESS(cm::walk_path(cm::text_of(place.path), false, there, nullptr))) {
            value = cm::find_value(*there, cm::text_of(place.locale));
        }
        if (value == nullptr) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        cm::delete_value(*there, *value);
        return STATUS_SUCCESS;
    }
    cm::Key* there = cm::make_path(place.path);
    return there != nullptr ? cm::set_value(*there, cm::text_of(place.locale), kTypeMark | type, data, size)
                            : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS get_property(const WCHAR* owner, const DEVPROPKEY& key, LCID locale, ULONG room, void* data, ULONG& needed,
                      DEVPROPTYPE& type) {
    Place place;
    find_place(owner, key, locale, place);
    needed = 0;
    cm::Guard guard;
    cm::Key* there = nullptr;
    if (!NT_SUCCESS(cm::walk_path(cm::text_of(place.path), false, there, nullptr))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const cm::Value* value = cm::find_value(*there, cm::text_of(place.locale));
    return give(value, value != nullptr ? value->type & ~kTypeMark : 0, room, data, needed, type);
}

NTSTATUS get_value_as_property(const WCHAR* owner, const WCHAR* name, ULONG room, void* data, ULONG& needed,
                               DEVPROPTYPE& type) {
    needed = 0;
    cm::Guard guard;
    cm::Key* there = nullptr;
    if (!NT_SUCCESS(cm::walk_path(cm::text_of(owner), false, there, nullptr))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const cm::Value* value = cm::find_value(*there, cm::text_of(name));
    const DEVPROPTYPE shown = value == nullptr              ? DEVPROP_TYPE_EMPTY
                              : value->type == REG_SZ       ? DEVPROP_TYPE_STRING
                              : value->type == REG_MULTI_SZ ? DEVPROP_TYPE_STRING_LIST
                              : value->type == REG_DWORD    ? DEVPROP_TYPE_UINT32
                                                            : DEVPROP_TYPE_BINARY;
    return give(value, shown, room, data, needed, type);
}

} // namespace nanont::io
