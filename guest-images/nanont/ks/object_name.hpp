// SPDX-License-Identifier: MIT
// Which create item a name asks for: its first component, with or without a leading backslash, and whether parameters
// follow. Pure.
#pragma once

#include "module/wire.hpp"

namespace ks {

struct ObjectName {
    uint32_t offset;     /* of the first component, in bytes */
    uint32_t bytes;      /* of the first component; 0: the name is empty */
    bool has_parameters; /* a backslash follows it */
};

/** Splits a create name of `bytes` bytes of UTF-16 (an odd last byte is no character). */
inline ObjectName split_object_name(const uint8_t* name, uint32_t bytes) {
    ObjectName split{};
    uint32_t end = bytes & ~1u;
    if (end >= 2 && wire::load<uint16_t>(name) == '\\') split.offset = 2;
    uint32_t at = split.offset;
    while (at + 2 <= end && wire::load<uint16_t>(name + at) != '\\')
        at += 2;
    split.bytes = at - split.offset;
    split.has_parameters = at + 2 <= end;
    return split;
}

} // namespace ks
