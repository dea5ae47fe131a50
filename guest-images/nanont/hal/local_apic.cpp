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
    kCommandHigh = 0x310,
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
constexpr ULONG kDeliverInit = 5u << 8;
constexpr ULONG kDeliverStartup = 6u << 8;
constexpr ULONG kToSelf = 1u << 18;
constexpr ULONG kToOthers = 3u << 18;
constexpr ULONG kAssert = 1u << 14;
constexpr ULONG kPending = 1u << 12;
constexpr ULONG kDivideBy1 = 0xb;

volatile UCHAR* g_registers;
ULONG g_timer_entry; // what the boot processor's kTimer holds: a write costs as much as some hundred instructions

ULONG read(Register r) {
    return *reinterpret_cast<volatile ULONG*>(g_registers + r);
}
void write(Register r, ULONG value) {
    *reinterpret_cast<volatile ULONG*>(g_registers + r) = value;
}

/// To one other processor. Interrupts off between the two halves: a handler may send something too.
void send(ULONG apic_id, ULONG command) {
    const ULONGLONG flags = __readeflags();
    asm volatile("cli" : : : "memory");
    constexpr ULONG kMostLooks = 1'000'000;
    for (ULONG i = 0; i < kMostLooks && (read(kCommandLow) & kPending) != 0; ++i) {
        YieldProcessor();
    }
    write(kCommandHigh, apic_id << 24);
    write(kCommandLow, command);
    __writeeflags(flags);
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
    init_this_local_apic();
    return true;
}

void init_this_local_apic() {
    __writemsr(kApicBaseMsr, __readmsr(kApicBaseMsr) | kApicGlobalEnable);
    write(kTimer, kMasked | HAL_VECTOR_CLOCK);
    write(kLint0, kMasked); // the PIC's output: its lines come through the I/O APIC
    write(kLint1, kDeliverNmi);
    write(kError, kMasked);
    write(kErrorStatus, 0);
    write(kTimerDivide, kDivideBy1);
    write(kSpurious, kSoftwareEnable | HAL_VECTOR_SPURIOUS);
    write(kEndOfInterrupt, 0);
}

void send_init(ULONG apic_id) {
    send(apic_id, kDeliverInit | kAssert);
}

void send_startup(ULONG apic_id, ULONG page) {
    send(apic_id, kDeliverStartup | kAssert | page >> 12);
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

extern "C" VOID NTAPI HalSendInterrupt(ULONG ApicId, ULONG Vector) {
    hal::send(ApicId, hal::kAssert | Vector);
}

extern "C" VOID NTAPI HalStopOthers(VOID) {
    hal::write(hal::kCommandLow, hal::kToOthers | hal::kDeliverNmi | hal::kAssert);
}
