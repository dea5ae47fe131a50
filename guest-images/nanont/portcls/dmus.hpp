// SPDX-License-Identifier: MIT
// The one way into dmusicks.h, with what mingw-w64's copy lacks (reference portcls-midi.md §10.1).
#pragma once

#include "module/ddk.hpp"

#include <dmusicks.h>

DEFINE_GUID(IID_IMXF, 0xc096df9e, 0xfb09, 0x11d1, 0x81, 0xb0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xc1);
/** ksmedia.h of the WDK. */
DEFINE_GUID(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, 0x1a82f8bc, 0x3f8b, 0x11d2, 0xb7, 0x74, 0x00, 0x60, 0x08, 0x33, 0x16,
            0xc1);
