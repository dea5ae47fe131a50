// SPDX-License-Identifier: MIT
// mingw-w64's DDK headers, stepped round their gaps (reference portcls-midi §10.1), for the modules of nanont.
// ntoskrnl.exe and hal.dll define NANONT_BUILDS_NTOSKRNL or NANONT_BUILDS_HAL: then what they export is not declared as
// imported.
#ifndef NANONT_DDK_HPP
#define NANONT_DDK_HPP

#include <sdkddkver.h>
#ifndef NTDDI_WINVISTA
#define NTDDI_WINVISTA NTDDI_VISTA // wdm.h tests a macro nobody defines
#endif
#if defined(NANONT_BUILDS_NTOSKRNL)
#define _NTOSKRNL_
#define _NTSYSTEM_
#elif defined(NANONT_BUILDS_HAL)
#define _NTHALDLL_
#endif
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet // wdm.h defines its own
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
extern "C" {
#include <ntifs.h>
}

#endif
