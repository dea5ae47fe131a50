// SPDX-License-Identifier: MIT
// Typed properties (DEVPROPKEY) of devices and interfaces. They lie in the registry below their owner's key:
// Properties\{category}\000E, a value for each locale (the default value is the neutral one), its type behind
// 0xFFFF0000.
#ifndef NANONT_IO_PROPERTY_STORE_HPP
#define NANONT_IO_PROPERTY_STORE_HPP

#include "io.hpp"

namespace nanont::io {

/// `owner`: path of a key. Type DEVPROP_TYPE_EMPTY or no data takes the property away.
NTSTATUS set_property(const WCHAR* owner, const DEVPROPKEY& key, LCID locale, DEVPROPTYPE type, ULONG size,
                      const void* data);
/// STATUS_OBJECT_NAME_NOT_FOUND; STATUS_BUFFER_TOO_SMALL with the size that is needed.
NTSTATUS get_property(const WCHAR* owner, const DEVPROPKEY& key, LCID locale, ULONG room, void* data, ULONG& needed,
                      DEVPROPTYPE& type);
/// The same for a plain value of `owner`, which Windows shows as a property.
NTSTATUS get_value_as_property(const WCHAR* owner, const WCHAR* name, ULONG room, void* data, ULONG& needed,
                               DEVPROPTYPE& type);

/// A property that the system makes itself. STATUS_BUFFER_TOO_SMALL with the size that is needed.
NTSTATUS give_property(const void* value, ULONG size, ULONG room, void* data, ULONG& needed);
/// DEVPKEY_Device_InstanceId, which interfaces have too.
inline constexpr GUID kInstanceCategory = {
    0x78c34fc8, 0x104a, 0x4aca, {0x9e, 0xa4, 0x52, 0x4d, 0x52, 0x99, 0x6e, 0x57}};
inline constexpr ULONG kInstanceId = 256;

} // namespace nanont::io

#endif
