// SPDX-License-Identifier: MIT
// Which Windows this is, for what PortCls does in some of them only.
#pragma once

#include "module/ddk.hpp"

namespace portcls {

inline constexpr ULONG kWindows8 = 9200; // the first build

/** PASSIVE_LEVEL. */
inline ULONG windows_build() {
    RTL_OSVERSIONINFOW windows{};
    windows.dwOSVersionInfoSize = sizeof windows;
    RtlGetVersion(&windows);
    return windows.dwBuildNumber;
}

} // namespace portcls
