// SPDX-License-Identifier: MIT
// The local APIC. Firmware may leave it disabled with everything masked (qboot does), so nothing is taken for granted.
#include "hal.hpp"

namespace hal {
namespace {

constexpr ULONG kApicBaseMsr = 0x1b;
constexpr ULONGLONG kApicGlobalEnable = 1ull << 11;
constexpr ULONGLONG kApicAddressMask = 0x000ffffffffff000;

enum Register : ULONG {
    kId = 0x020,
    kVersion = 0x030,
    kEndOfInterrupt = 0x0b0,
    kSpurious = 0x0f0,
    kErrorStatus = 0x280,
    kCommandLow = 0x300,
    kTimer = 0x320,
    kLint0 = 0x350,
    kLint1 = 0x360,
    kError = 0x370,
    kTimerInitial = 0x380,
    kTimerCurrent = 0x390,
    kTimerDivide = 0x3e0
};
constexpr ULONG kMasked = 1u << 16;
constexpr ULONG kSoftwareEnable = 1u << 8;
constexpr ULONG kDeliverNmi = 4u << 8;
constexpr ULONG kToSelf = 1u << 18;
constexpr ULONG kAssert = 1u << 14;
constexpr ULONG kDivideBy1 = 0xb;

volatile UCHAR* g_registers;
ULONG g_timer_entry; // what kTimer holds: each write costs as much as some hundred instructions

ULONG read(Register r) {
    return *reinterpret_cast<volatile ULONG*>(g_registers + r);
}
void write(Register r, ULONG value) {
    *reinterpret_cast<volatile ULONG*>(g_registers + r) = value;
}

} // namespace

bool init_local_apic(HAL_FAILURE& failure) {
    ULONGLONG base = __readmsr(kApicBaseMsr);
    __writemsr(kApicBaseMsr, base | kApicGlobalEnable);
    PHYSICAL_ADDRESS physical;
    physical.QuadPart = static_cast<LONGLONG>(base & kApicAddressMask);
    g_registers = static_cast<volatile UCHAR*>(MmMapIoSpace(physical, PAGE_SIZE, MmNonCached));
    if (g_registers == nullptr) {
        failure = {"no address space for the local APIC, expected a page at", base & kApicAddressMask};
        return false;
    }
    const ULONG version = read(kVersion);
    const ULONG entries = (version >> 16 & 0xff) + 1;
    if ((version & 0xf0) != 0x10 || entries < 4) {
        failure = {"no local APIC answers: version register, expected 0x1x with 4 entries or more", version};
        return false;
    }
    g_timer_entry = kMasked | HAL_VECTOR_CLOCK;
    write(kTimer, g_timer_entry);
    write(kLint0, kMasked); // the PIC's output: its lines come through the I/O APIC
    write(kLint1, kDeliverNmi);
    write(kError, kMasked);
    write(kErrorStatus, 0);
    write(kTimerDivide, kDivideBy1);
    write(kSpurious, kSoftwareEnable | HAL_VECTOR_SPURIOUS);
    write(kEndOfInterrupt, 0);
    return true;
}

ULONG local_apic_id() {
    return read(kId) >> 24;
}

void start_apic_timer(ULONG count, bool masked) {
    const ULONG entry = (masked ? kMasked : 0) | HAL_VECTOR_CLOCK;
    if (entry != g_timer_entry) {
        g_timer_entry = entry;
        write(kTimer, entry);
    }
    write(kTimerInitial, count);
}

ULONG apic_timer_left() {
    return read(kTimerCurrent);
}

} // namespace hal

extern "C" VOID NTAPI HalRequestSoftwareDpc(VOID) {
    hal::write(hal::kCommandLow, hal::kToSelf | hal::kAssert | HAL_VECTOR_DISPATCH);
}

extern "C" VOID NTAPI HalEndOfInterrupt(VOID) {
    hal::write(hal::kEndOfInterrupt, 0);
}
