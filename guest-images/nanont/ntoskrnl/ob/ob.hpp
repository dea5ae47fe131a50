// SPDX-License-Identifier: MIT
// Objects: counted, typed, some with a name, some behind handles.
#ifndef NANONT_OB_OB_HPP
#define NANONT_OB_OB_HPP

#include "nt.hpp"

struct _OBJECT_TYPE {
    const char* name;
};

namespace nanont::ob {

enum class Type : UCHAR { Device, Driver, File, Event, SymbolicLink, Thread, Key, Count };

/// Body of a SymbolicLink object; the text follows it.
struct SymbolicLink {
    UNICODE_STRING target;
    const void* made_from; // code of the driver under test; nullptr: not its
};

/// A zeroed body of `size` bytes with one reference; nullptr = no memory. <= DISPATCH_LEVEL.
void* create(Type type, size_t size);
/// Nullptr when `body` is no object of that type.
bool is_type(const void* body, Type type);
Type type_of(const void* body);

/// Gives an object a name of its own; it holds a reference until the name is taken away. PASSIVE_LEVEL.
/// STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_NAME_INVALID (nothing behind the backslash),
/// STATUS_OBJECT_PATH_SYNTAX_BAD (no backslash in front), STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS insert_name(void* body, const UNICODE_STRING& name);
void remove_name(void* body);
/// The object called `name` itself, referenced; nullptr = none.
void* find_name(const UNICODE_STRING& name);
/// Calls `visit` for every object of that type that has a name; it must not change names. PASSIVE_LEVEL.
void for_each_named(Type type, void (*visit)(void* body));
/// The name of an object; empty when it has none.
UNICODE_STRING name_of(const void* body);

/// Follows symbolic links until a device is reached: the device, referenced, and what was left of the name behind it.
/// `rest` points into `buffer`, which the caller frees with ExFreePool. STATUS_OBJECT_NAME_NOT_FOUND,
/// STATUS_OBJECT_TYPE_MISMATCH (it is no device's), STATUS_OBJECT_NAME_INVALID and STATUS_OBJECT_PATH_SYNTAX_BAD as
/// above, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS find_device(const UNICODE_STRING& name, PDEVICE_OBJECT& device, UNICODE_STRING& rest, PWSTR& buffer);

NTSTATUS open_handle(void* body, ACCESS_MASK access, HANDLE& handle);

extern POBJECT_TYPE g_types[static_cast<int>(Type::Count)];

} // namespace nanont::ob

#endif
