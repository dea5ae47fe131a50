// SPDX-License-Identifier: MIT
// Which Windows this is, as the profile says. RtlIsNtDdiVersionAvailable and its kind are inline over these.
#include "ldr/profile.hpp"

namespace {

using nanont::ldr::profile;

constexpr UCHAR kWorkstation = 1;
constexpr ULONG kPlatformNt = 2;
constexpr ULONG kWindows7Sp1 = 7601;

USHORT service_pack() {
    return profile().build == kWindows7Sp1 ? 1 : 0;
}

/// Bits of the mask that VerSetConditionMask makes: three for each kind of test, the lowest VER_ bit's first.
constexpr int shift_of(ULONG type) {
    int bit = 0;
    while ((type >> bit & 1) == 0) {
        ++bit;
    }
    return 3 * bit;
}

ULONG condition_of(ULONGLONG mask, ULONG type) {
    return static_cast<ULONG>(mask >> shift_of(type) & 7);
}

bool holds(ULONG condition, ULONG here, ULONG wanted) {
    switch (condition) {
    case VER_EQUAL:
        return here == wanted;
    case VER_GREATER:
        return here > wanted;
    case VER_GREATER_EQUAL:
        return here >= wanted;
    case VER_LESS:
        return here < wanted;
    case VER_LESS_EQUAL:
        return here <= wanted;
    default:
        return false;
    }
}

} // namespace

extern "C" {

NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation) {
    const ULONG size = lpVersionInformation->dwOSVersionInfoSize;
    if (size != sizeof(RTL_OSVERSIONINFOW) && size != sizeof(RTL_OSVERSIONINFOEXW)) {
        return STATUS_INVALID_PARAMETER;
    }
    memset(lpVersionInformation, 0, size);
    lpVersionInformation->dwOSVersionInfoSize = size;
    lpVersionInformation->dwMajorVersion = profile().major;
    lpVersionInformation->dwMinorVersion = profile().minor;
    lpVersionInformation->dwBuildNumber = profile().build;
    lpVersionInformation->dwPlatformId = kPlatformNt;
    if (service_pack() != 0) {
        static constexpr WCHAR kText[] = L"Service Pack 1";
        RtlCopyMemory(lpVersionInformation->szCSDVersion, kText, sizeof(kText));
    }
    if (size == sizeof(RTL_OSVERSIONINFOEXW)) {
        auto& more = *reinterpret_cast<PRTL_OSVERSIONINFOEXW>(lpVersionInformation);
        more.wServicePackMajor = service_pack();
        more.wProductType = kWorkstation;
    }
    return STATUS_SUCCESS;
}

/// Version, service pack and its minor number are compared as one: a later part counts only where the earlier are
/// equal. Facts: the page of RtlVerifyVersionInfo.
NTSTATUS NTAPI RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask, ULONGLONG ConditionMask) {
    constexpr ULONG kKnown = VER_MINORVERSION | VER_MAJORVERSION | VER_BUILDNUMBER | VER_PLATFORMID |
                             VER_SERVICEPACKMINOR | VER_SERVICEPACKMAJOR | VER_SUITENAME | VER_PRODUCT_TYPE;
    if (TypeMask == 0 || ConditionMask == 0 || (TypeMask & ~kKnown) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    const struct {
        ULONG type, here, wanted;
    } version[] = {{VER_MAJORVERSION, profile().major, VersionInfo->dwMajorVersion},
                   {VER_MINORVERSION, profile().minor, VersionInfo->dwMinorVersion},
                   {VER_SERVICEPACKMAJOR, service_pack(), VersionInfo->wServicePackMajor},
                   {VER_SERVICEPACKMINOR, 0, VersionInfo->wServicePackMinor}};
    bool good = true;
    for (const auto& part : version) {
        if ((TypeMask & part.type) != 0) {
            good = holds(condition_of(ConditionMask, part.type), part.here, part.wanted);
            if (part.here != part.wanted) {
                break; // it is decided
            }
        }
    }
    const struct {
        ULONG type, here, wanted;
    } others[] = {{VER_BUILDNUMBER, profile().build, VersionInfo->dwBuildNumber},
                  {VER_PLATFORMID, kPlatformNt, VersionInfo->dwPlatformId},
                  {VER_PRODUCT_TYPE, kWorkstation, VersionInfo->wProductType}};
    for (const auto& part : others) {
        good = good &&
               ((TypeMask & part.type) == 0 || holds(condition_of(ConditionMask, part.type), part.here, part.wanted));
    }
    constexpr ULONG kSuites = 0; // of a plain workstation
    if ((TypeMask & VER_SUITENAME) != 0) {
        const ULONG common = kSuites & VersionInfo->wSuiteMask;
        good = good &&
               (condition_of(ConditionMask, VER_SUITENAME) == VER_OR ? common != 0 : common == VersionInfo->wSuiteMask);
    }
    return good ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
}

ULONGLONG NTAPI VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition) {
    if (TypeMask == 0) {
        return ConditionMask;
    }
    ULONG highest = VER_PRODUCT_TYPE; // the one test the call is for
    while ((TypeMask & highest) == 0 && highest > 1) {
        highest >>= 1;
    }
    return ConditionMask | ULONGLONG{Condition & 7u} << shift_of(highest);
}

BOOLEAN NTAPI PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber, PUNICODE_STRING CSDVersion) {
    if (MajorVersion != nullptr) {
        *MajorVersion = profile().major;
    }
    if (MinorVersion != nullptr) {
        *MinorVersion = profile().minor;
    }
    if (BuildNumber != nullptr) {
        *BuildNumber = profile().build;
    }
    if (CSDVersion != nullptr) {
        CSDVersion->Length = 0;
    }
    return FALSE; // a free build
}

/// Drivers ask for the WDM of Windows 98 to Vista; it stayed Vista's 6.0.
BOOLEAN NTAPI IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion) {
    return MajorVersion < 6 || (MajorVersion == 6 && MinorVersion == 0);
}

} // extern "C"
