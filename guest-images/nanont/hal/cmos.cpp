// SPDX-License-Identifier: MIT
// The battery-backed clock (MC146818 datasheet), read once: from then on the time stamp counter keeps the time.
#include "hal.hpp"

namespace hal {
namespace {

constexpr ULONGLONG kSecond = 10'000'000; // in 100 ns
ULONGLONG g_boot_time;

UCHAR read_cmos(UCHAR index) {
    constexpr USHORT kIndex = 0x70;
    constexpr USHORT kData = 0x71;
    constexpr UCHAR kNmiOff = 0x80;
    out8(kIndex, static_cast<UCHAR>(index | kNmiOff));
    return in8(kData);
}

struct Date {
    ULONG second, minute, hour, day, month, year;
    bool operator==(const Date&) const = default;
};

Date read_date() {
    constexpr UCHAR kStatusB = 0x0b;
    constexpr UCHAR kBinary = 0x04;
    constexpr UCHAR kCentury = 0x32; // PCs keep it there
    const bool binary = (read_cmos(kStatusB) & kBinary) != 0;
    const auto value = [binary](UCHAR index) -> ULONG {
        const ULONG raw = read_cmos(index);
        return binary ? raw : (raw >> 4) * 10 + (raw & 0xf);
    };
    Date date{value(0), value(2), value(4), value(7), value(8), value(9)};
    const ULONG century = value(kCentury);
    date.year += (century >= 19 && century <= 21 ? century : 20) * 100;
    return date;
}

/// Days from 1 January 1601 in the proleptic Gregorian calendar.
ULONGLONG days_since_1601(const Date& date) {
    static constexpr USHORT kBefore[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const ULONG years = date.year - 1601;
    const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    const ULONG month = date.month >= 1 && date.month <= 12 ? date.month : 1;
    return ULONGLONG{years} * 365 + years / 4 - years / 100 + years / 400 + kBefore[month - 1] +
           (leap && month > 2 ? 1 : 0) + (date.day != 0 ? date.day - 1 : 0);
}

} // namespace

void init_boot_time() {
    // Two equal readings were not taken in the middle of an update.
    Date date = read_date();
    for (int tries = 0; tries < 10; ++tries) {
        const Date again = read_date();
        if (again == date) {
            break;
        }
        date = again;
    }
    const ULONGLONG seconds =
        days_since_1601(date) * 86400 + ULONGLONG{date.hour} * 3600 + date.minute * 60 + date.second;
    g_boot_time = seconds * kSecond - performance_count();
}

} // namespace hal

extern "C" ULONGLONG NTAPI HalQueryBootTime(VOID) {
    return hal::g_boot_time;
}
