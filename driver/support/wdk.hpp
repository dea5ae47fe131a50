// SPDX-License-Identifier: MIT
// The one way into the driver kit's headers. With the real WDK it is just the includes; for mingw-w64's headers it
// carries what they need around them (reference portcls-midi.md §10.1), so that no other file knows which kit it is.
#pragma once

#if defined(__GNUC__) // mingw-w64's headers: GCC, and clang for either ABI
#include <sdkddkver.h>
#ifndef NTDDI_WINVISTA
#define NTDDI_WINVISTA NTDDI_VISTA // wdm.h tests a macro nobody defines
#endif
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet // wdm.h defines its own
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#ifndef DECLSPEC_NOVTABLE
#define DECLSPEC_NOVTABLE // else only in winnt.h
#endif
#ifndef DECLSPEC_NOTHROW
#define DECLSPEC_NOTHROW __attribute__((nothrow))
#endif

extern "C" {
#include <ntddk.h>
}

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
#else
#include <ntddk.h>
#endif

// stdunk.h's operator new is not noexcept: GCC would drop the caller's NULL check. Ours are in pool.hpp.
#define _NEW_DELETE_OPERATORS_
#if defined(__GNUC__)
#define IID_IUnknown IID_IUnknown_as_mingw_has_it // punknown.h: the bytes C0 and 00 are in the wrong places
#endif
#include <portcls.h>
#include <stdunk.h>

#if defined(__GNUC__)
#undef TCHAR
#undef IID_IUnknown
DEFINE_GUID(IID_IUnknown, 0x00000000, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
PORTCLASSAPI NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT device);
#define DRIVER_INIT_CODE __attribute__((section("INIT"), noinline)) // discarded once DriverEntry has returned
#else
#define DRIVER_INIT_CODE __declspec(code_seg("INIT"))
#endif

// IRQL contracts stand in the signatures; only the WDK's analysers read them.
#ifndef _IRQL_requires_max_
#define _IRQL_requires_max_(irql)
#define _IRQL_requires_(irql)
#define _IRQL_requires_same_
#endif

static_assert(sizeof(KSDATARANGE_MUSIC) == 0x60 && sizeof(KSDATAFORMAT) == 0x40, "KS structures as Windows has them");
static_assert(sizeof(PCPIN_DESCRIPTOR) == (sizeof(void*) == 8 ? 0x70 : 0x40), "PortCls structures as Windows has them");
static_assert(sizeof(PCFILTER_DESCRIPTOR) == (sizeof(void*) == 8 ? 0x50 : 0x30), "the same");
static_assert(sizeof(WCHAR) == 2 && sizeof(long) == 4, "the Windows data model");
