// SPDX-License-Identifier: MIT
// Memory, version, calendar, random numbers, context.
#include "dbg/report.hpp"
#include "ke/ke.hpp"

using namespace nanont;

#undef RtlZeroMemory
#undef RtlFillMemory
#undef RtlMoveMemory
#undef RtlCopyMemory
#undef RtlCopyMemoryNonTemporal
extern "C" {

VOID export_RtlZeroMemory(PVOID to, SIZE_T size) __asm__("RtlZeroMemory");
VOID export_RtlZeroMemory(PVOID to, SIZE_T size) {
    memset(to, 0, size);
}
VOID export_RtlFillMemory(PVOID to, SIZE_T size, UCHAR value) __asm__("RtlFillMemory");
VOID export_RtlFillMemory(PVOID to, SIZE_T size, UCHAR value) {
    memset(to, value, size);
}
VOID export_RtlMoveMemory(PVOID to, const VOID* from, SIZE_T size) __asm__("RtlMoveMemory");
VOID export_RtlMoveMemory(PVOID to, const VOID* from, SIZE_T size) {
    memmove(to, from, size);
}
VOID export_RtlCopyMemory(PVOID to, const VOID* from, SIZE_T size) __asm__("RtlCopyMemory");
VOID export_RtlCopyMemory(PVOID to, const VOID* from, SIZE_T size) {
    memcpy(to, from, size);
}
VOID export_RtlCopyMemoryNonTemporal(PVOID to, const VOID* from, SIZE_T size) __asm__("RtlCopyMemoryNonTemporal");
VOID export_RtlCopyMemoryNonTemporal(PVOID to, const VOID* from, SIZE_T size) {
    memcpy(to, from, size);
}

SIZE_T NTAPI RtlCompareMemory(const VOID* Source1, const VOID* Source2, SIZE_T Length) {
    const auto* a = static_cast<const UCHAR*>(Source1);
    const auto* b = static_cast<const UCHAR*>(Source2);
    SIZE_T equal = 0;
    while (equal < Length && a[equal] == b[equal]) {
        ++equal;
    }
    return equal;
}

VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PSTR Message) {
    dbg::say("assertion failed: %s%s%s, %s line %lu", Message != nullptr ? Message : "", Message != nullptr ? ": " : "",
             static_cast<const char*>(FailedAssertion), static_cast<const char*>(FileName), LineNumber);
}

ULONG NTAPI RtlRandomEx(PULONG Seed) {
    // Park and Miller's minimal standard generator.
    *Seed =
        static_cast<ULONG>(static_cast<ULONGLONG>(*Seed % 0x7fffffff + (*Seed % 0x7fffffff == 0)) * 48271 % 0x7fffffff);
    return *Seed;
}

NTSTATUS NTAPI IoWMIRegistrationControl(PDEVICE_OBJECT, ULONG) {
    return STATUS_SUCCESS;
}

} // extern "C"

namespace {

constexpr LONGLONG kTicksPerMillisecond = 10'000;
constexpr LONG kDaysTo[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

bool is_leap(LONG year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
LONG days_before_month(LONG year, LONG month) {
    return kDaysTo[month - 1] + (month > 2 && is_leap(year) ? 1 : 0);
}
LONG days_before_year(LONG year) {
    const LONG y = year - 1;
    constexpr LONG kTo1601 = 1600 * 365 + 1600 / 4 - 1600 / 100 + 1600 / 400;
    return y * 365 + y / 4 - y / 100 + y / 400 - kTo1601;
}

} // namespace

extern "C" {

VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields) {
    const LONGLONG milliseconds = Time->QuadPart / kTicksPerMillisecond;
    const auto days = static_cast<LONG>(milliseconds / 86'400'000);
    auto rest = static_cast<LONG>(milliseconds % 86'400'000);
    LONG year = 1601 + days / 366;
    while (days_before_year(year + 1) <= days) {
        ++year;
    }
    const LONG day_of_year = days - days_before_year(year);
    LONG month = 12;
    while (days_before_month(year, month) > day_of_year) {
        --month;
    }
    TimeFields->Year = static_cast<CSHORT>(year);
    TimeFields->Month = static_cast<CSHORT>(month);
    TimeFields->Day = static_cast<CSHORT>(day_of_year - days_before_month(year, month) + 1);
    TimeFields->Milliseconds = static_cast<CSHORT>(rest % 1000);
    rest /= 1000;
    TimeFields->Second = static_cast<CSHORT>(rest % 60);
    TimeFields->Minute = static_cast<CSHORT>(rest / 60 % 60);
    TimeFields->Hour = static_cast<CSHORT>(rest / 3600);
    TimeFields->Weekday = static_cast<CSHORT>((days + 1) % 7); // 1 January 1601 was a Monday
}

BOOLEAN NTAPI RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time) {
    const TIME_FIELDS& f = *TimeFields;
    if (f.Year < 1601 || f.Month < 1 || f.Month > 12 || f.Day < 1 || f.Hour < 0 || f.Hour > 23 || f.Minute < 0 ||
        f.Minute > 59 || f.Second < 0 || f.Second > 59 || f.Milliseconds < 0 || f.Milliseconds > 999) {
        return FALSE;
    }
    const LONG length = kDaysTo[f.Month] - kDaysTo[f.Month - 1] + (f.Month == 2 && is_leap(f.Year) ? 1 : 0);
    if (f.Day > length) {
        return FALSE;
    }
    const LONGLONG days = days_before_year(f.Year) + days_before_month(f.Year, f.Month) + f.Day - 1;
    const LONGLONG milliseconds =
        ((days * 24 + f.Hour) * 60 + f.Minute) * 60'000 + LONGLONG{f.Second} * 1000 + f.Milliseconds;
    Time->QuadPart = milliseconds * kTicksPerMillisecond;
    return TRUE;
}

} // extern "C"
