// SPDX-License-Identifier: MIT
// Which Windows this is, for what ks and portcls do in some of them only.
#pragma once

#include <nanont_windows.hpp>

#include "ddk.hpp"

/** PASSIVE_LEVEL. */
inline ULONG windows_build() {
    RTL_OSVERSIONINFOW windows{};
    windows.dwOSVersionInfoSize = sizeof windows;
    RtlGetVersion(&windows);
    return windows.dwBuildNumber;
}
