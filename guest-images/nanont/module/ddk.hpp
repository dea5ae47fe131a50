// SPDX-License-Identifier: MIT
// The one way into mingw-w64's DDK headers for ks.sys, portcls.sys and agent.sys: what those headers need around them
// (reference portcls-midi.md §10.1) stands here and nowhere else. IMPLEMENTS_KS and IMPLEMENTS_PORTCLS turn the
// declarations of the module that is being built from imports into definitions.
#pragma once

#include <sdkddkver.h>
#ifndef NTDDI_WINVISTA
#define NTDDI_WINVISTA NTDDI_VISTA // wdm.h tests a macro nobody defines
#endif
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet // wdm.h has its own
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define DECLSPEC_NOVTABLE
#define DECLSPEC_NOTHROW __attribute__((nothrow))
#ifdef IMPLEMENTS_KS
#define _KSDDK_
#endif
#ifdef IMPLEMENTS_PORTCLS
#define PC_NO_IMPORTS
#endif

extern "C" {
#include <ntifs.h>
}
#ifndef _NTDDK_
#define _NTDDK_ // ks.h asks for it; ntifs.h brings all of ntddk.h
#endif

#define TCHAR WCHAR // ksmedia.h, one structure
typedef struct {
    ULONG FifoSize, ChipsetDelay, CodecDelay;
} KSRTAUDIO_HWLATENCY;
typedef struct {
    PVOID Register;
    ULONG Width;
    ULONGLONG Numerator, Denominator;
    ULONG Accuracy;
} KSRTAUDIO_HWREGISTER;
#define _NEW_DELETE_OPERATORS_ // stdunk.h's operator new is not noexcept: GCC would drop the caller's NULL check
#include <portcls.h>
#undef TCHAR
