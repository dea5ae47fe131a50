// SPDX-License-Identifier: MIT
// DMUS_KERNEL_EVENT: flags, and where its bytes are (Microsoft Learn: DMUS_KERNEL_EVENT).
#pragma once

#include "dmus.hpp"

namespace portcls {

/** DMUS_KERNEL_EVENT.usFlags, which mingw's dmusicks.h lacks. */
inline constexpr USHORT kEventComplete = 0;
inline constexpr USHORT kEventIncomplete = 1;
inline constexpr USHORT kPackageEvent = 2;
/** What uData itself holds. */
inline constexpr USHORT kInlineBytes = sizeof(PBYTE);

inline bool is_package(const DMUS_KERNEL_EVENT& event) {
    return event.usFlags & kPackageEvent;
}

/** Where an event's bytes are; not for packages. */
inline const UCHAR* data_of(const DMUS_KERNEL_EVENT& event) {
    return event.cbEvent <= kInlineBytes ? event.uData.abData : event.uData.pbData;
}

} // namespace portcls
