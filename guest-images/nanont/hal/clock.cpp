// SPDX-License-Identifier: MIT
// Time: the time stamp counter counts it, the APIC timer interrupts for it, the 8254 says how fast both run.
#include "hal.hpp"

namespace hal {
namespace {

constexpr ULONGLONG kPerformanceFrequency = 10'000'000; // Windows' own: one count is 100 ns
constexpr ULONG kPitFrequency = 1'193'182;
constexpr USHORT kPitMeasure = 2386; // counts of one measurement: 2 ms
constexpr ULONGLONG kMegahertz = 1'000'000;

ULONGLONG g_tsc_base;
ULONGLONG g_tsc_frequency;
ULONGLONG g_apic_frequency;
ULONGLONG g_counts_per_tsc; // 2^64 * kPerformanceFrequency / g_tsc_frequency
ULONGLONG g_apic_per_tsc;   // 2^32 * g_apic_frequency / g_tsc_frequency
ULONGLONG g_turns_per_tsc;  // 2^32 * turns of spin() in one count of the time stamp counter

ULONGLONG multiply_high(ULONGLONG a, ULONGLONG b) {
    return static_cast<ULONGLONG>(static_cast<unsigned __int128>(a) * b >> 64);
}

/// high * 2^64 / divisor; high < divisor.
ULONGLONG divide_wide(ULONGLONG high, ULONGLONG divisor) {
    ULONGLONG low = 0;
    asm("divq %2" : "+a"(low), "+d"(high) : "r"(divisor) : "cc");
    return low;
}

/// Oscillators are made for whole megahertz; a measurement this near to one is that one. Without it the error of a
/// short measurement would be a drift of milliseconds in a song of minutes.
ULONGLONG nominal(ULONGLONG measured) {
    const ULONGLONG rounded = (measured + kMegahertz / 2) / kMegahertz * kMegahertz;
    const ULONGLONG off = measured > rounded ? measured - rounded : rounded - measured;
    return rounded != 0 && off <= measured / 5000 ? rounded : measured;
}

// Channel 2 of the 8254, gated by port 0x61, counting down in mode 0; its output shows in bit 5 of port 0x61.
constexpr USHORT kPitChannel2 = 0x42;
constexpr USHORT kPitControl = 0x43;
constexpr USHORT kSystemControl = 0x61;
constexpr UCHAR kGate = 0x01;
constexpr UCHAR kSpeaker = 0x02;
constexpr UCHAR kOutput = 0x20;

/// Runs the 8254 for kPitMeasure counts and says how far the other two came. False: it never ended.
bool measure(ULONGLONG& tsc_counts, ULONGLONG& apic_counts) {
    const UCHAR saved = in8(kSystemControl);
    out8(kSystemControl, static_cast<UCHAR>((saved & ~kSpeaker) & ~kGate));
    out8(kPitControl, 0xb0); // channel 2, low then high byte, mode 0
    out8(kPitChannel2, kPitMeasure & 0xff);
    out8(kPitChannel2, kPitMeasure >> 8);
    start_apic_timer(MAXULONG, true);
    const ULONG apic_start = apic_timer_left();
    const ULONGLONG tsc_start = read_tsc();
    out8(kSystemControl, static_cast<UCHAR>((saved & ~kSpeaker) | kGate));
    constexpr ULONG kMostLooks = 50'000'000; // seconds, on any machine
    ULONG looks = 0;
    while ((in8(kSystemControl) & kOutput) == 0 && looks < kMostLooks) {
        ++looks;
    }
    tsc_counts = read_tsc() - tsc_start;
    apic_counts = apic_start - apic_timer_left();
    out8(kSystemControl, saved);
    start_apic_timer(0, true);
    return looks < kMostLooks;
}

/// Passes time and nothing else. No PAUSE and no look at the clock in it: under an instruction-counted clock each of
/// them ends what the emulator may run in one piece, and a stall is made of a thousand of them.
void spin(ULONGLONG turns) {
    asm volatile("1: decq %0\n\tjnz 1b" : "+r"(turns) : : "cc");
}

void measure_spin() {
    constexpr ULONGLONG kTurns = 10'000;
    const ULONGLONG start = read_tsc();
    spin(kTurns);
    const ULONGLONG took = read_tsc() - start;
    g_turns_per_tsc = (kTurns << 32) / (took != 0 ? took : 1);
}

} // namespace

bool init_clock(HAL_FAILURE& failure) {
    ULONGLONG tsc = 0;
    ULONGLONG apic = 0;
    if (!measure(tsc, apic)) {
        failure = {"the 8254 timer did not reach 0 within 50,000,000 looks, counts to go", kPitMeasure};
        return false;
    }
    g_tsc_frequency = nominal(tsc * kPitFrequency / kPitMeasure);
    g_apic_frequency = nominal(apic * kPitFrequency / kPitMeasure);
    if (g_tsc_frequency <= kPerformanceFrequency || g_apic_frequency < kMegahertz) {
        failure = {"time stamp counter or APIC timer do not count: frequency in Hz", g_tsc_frequency};
        return false;
    }
    g_counts_per_tsc = divide_wide(kPerformanceFrequency, g_tsc_frequency) + 1;
    g_apic_per_tsc = (g_apic_frequency << 32) / g_tsc_frequency;
    measure_spin();
    g_tsc_base = read_tsc();
    return true;
}

ULONGLONG performance_count() {
    return multiply_high(read_tsc() - g_tsc_base, g_counts_per_tsc);
}

} // namespace hal

extern "C" VOID NTAPI HalArmClock(ULONGLONG Due, ULONGLONG Now) {
    using namespace hal;
    constexpr ULONGLONG kLongest = 0x7fffffff;
    ULONGLONG count = 1;
    if (Due > Now) {
        const ULONGLONG tsc = (Due - Now) * (g_tsc_frequency / kMegahertz) * kMegahertz / kPerformanceFrequency;
        count = (tsc * (g_apic_per_tsc >> 8) >> 24) + 1;
        count = count > kLongest ? kLongest : count;
    }
    start_apic_timer(static_cast<ULONG>(count), false);
}

extern "C" LARGE_INTEGER NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency) {
    if (PerformanceFrequency != nullptr) {
        PerformanceFrequency->QuadPart = static_cast<LONGLONG>(hal::kPerformanceFrequency);
    }
    LARGE_INTEGER count;
    count.QuadPart = static_cast<LONGLONG>(hal::performance_count());
    return count;
}

/// Never shorter than asked for; an interrupt in between makes it longer. Any IRQL.
extern "C" VOID NTAPI KeStallExecutionProcessor(ULONG MicroSeconds) {
    using namespace hal;
    const ULONGLONG end = read_tsc() + MicroSeconds * (g_tsc_frequency / kMegahertz);
    for (ULONGLONG now = read_tsc(); now < end; now = read_tsc()) {
        spin(multiply_high((end - now) << 32, g_turns_per_tsc) + 1);
    }
}
