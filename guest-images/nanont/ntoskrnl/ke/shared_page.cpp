// SPDX-License-Identifier: MIT
#include "shared_page.hpp"

#include "ke.hpp"
#include "mm/mm.hpp"

namespace nanont::ke {
namespace {

template <typename T> void put(KUSER_SHARED_DATA& page, size_t offset, T value) {
    __builtin_memcpy(reinterpret_cast<UCHAR*>(&page) + offset, &value, sizeof(value));
}

} // namespace

void fill_shared_page(KUSER_SHARED_DATA& page) {
    static constexpr WCHAR kRoot[] = L"C:\\Windows";
    constexpr ULONG kTicksToMs = 0x0fa00000; // 15.625 in 8.24
    constexpr USHORT kAmd64 = 0x8664;
    RTL_OSVERSIONINFOW version{};
    version.dwOSVersionInfoSize = sizeof(version);
    RtlGetVersion(&version);
    LARGE_INTEGER frequency;
    KeQueryPerformanceCounter(&frequency);

    page.TickCountMultiplier = kTicksToMs;
    page.ImageNumberLow = kAmd64;
    page.ImageNumberHigh = kAmd64;
    RtlCopyMemory(page.NtSystemRoot, kRoot, sizeof(kRoot));
    page.LargePageMinimum = 2 << 20;
    page.NtProductType = NtProductWinNt;
    page.ProductTypeIsValid = TRUE;
    page.NtMajorVersion = version.dwMajorVersion;
    page.NtMinorVersion = version.dwMinorVersion;
    put<ULONG>(page, kSharedBuildNumber, version.dwBuildNumber);
    put<LONGLONG>(page, kSharedQpcFrequency, frequency.QuadPart);
    // What every x64 processor has, by the numbers of PF_* (winnt.h).
    static constexpr UCHAR kFeatures[] = {2 /* CMPXCHG8B */, 3 /* MMX */,   6 /* SSE */, 8 /* RDTSC */,
                                          9 /* PAE */,       10 /* SSE2 */, 12 /* NX */, 14 /* CMPXCHG16B */};
    for (const UCHAR feature : kFeatures) {
        page.ProcessorFeatures[feature] = TRUE;
    }
    page.KdDebuggerEnabled = FALSE; // bit 0: a debugger is enabled; bit 1: it is there
    page.NumberOfPhysicalPages = static_cast<ULONG>(mm::free_pages());
    page.ActiveProcessorCount = processor_count();
    page.ActiveGroupCount = 1;
}

} // namespace nanont::ke
