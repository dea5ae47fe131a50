// SPDX-License-Identifier: MIT
#pragma once

#include "wdk.hpp"

namespace mpusynth {

/// The only format of a stream: a plain KSDATAFORMAT of MIDI bytes.
inline bool is_midi_format(const KSDATAFORMAT* format) {
    return format != nullptr && format->FormatSize >= sizeof(KSDATAFORMAT) &&
           IsEqualGUIDAligned(format->MajorFormat, KSDATAFORMAT_TYPE_MUSIC) &&
           IsEqualGUIDAligned(format->SubFormat, KSDATAFORMAT_SUBTYPE_MIDI) &&
           IsEqualGUIDAligned(format->Specifier, KSDATAFORMAT_SPECIFIER_NONE);
}

} // namespace mpusynth
