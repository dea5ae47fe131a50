// SPDX-License-Identifier: MIT
// Routing of the ISA lines. On PCs with an I/O APIC they are its inputs 0..15, except that the timer's line 0 usually
// sits on input 2; that line is ours alone and not used. The PIC is masked for good.
#include "hal.hpp"

namespace hal {
namespace {

constexpr ULONGLONG kIoApicAddress = 0xfec00000; // where every PC chip set puts its first one
constexpr ULONG kSelect = 0x00;
constexpr ULONG kWindow = 0x10;
constexpr ULONG kVersion = 1;
constexpr ULONG kRedirection = 0x10; // two registers a line
constexpr ULONG kMasked = 1u << 16;
constexpr ULONG kLevel = 1u << 15;
constexpr ULONG kIsaLines = 16;

volatile UCHAR* g_registers;
KSPIN_LOCK g_lock; // select and window are used in pairs

ULONG read(ULONG index) {
    *reinterpret_cast<volatile ULONG*>(g_registers + kSelect) = index;
    return *reinterpret_cast<volatile ULONG*>(g_registers + kWindow);
}
void write(ULONG index, ULONG value) {
    *reinterpret_cast<volatile ULONG*>(g_registers + kSelect) = index;
    *reinterpret_cast<volatile ULONG*>(g_registers + kWindow) = value;
}

// Device IRQLs are 3..11; low lines get the high ones, as PCs have always had it. Two lines share an IRQL, each with
// a vector of its own. Line, vector and IRQL are three different numbers: a driver that mixes them up is found out.
ULONG vector_of(ULONG line) {
    return (11 - line / 2) << 4 | 1 | (line & 1) << 3;
}

ULONG line_of(ULONG vector) {
    for (ULONG line = 0; line < kIsaLines; ++line) {
        if (vector_of(line) == vector) {
            return line;
        }
    }
    return kIsaLines;
}

} // namespace

void mask_pic() {
    constexpr USHORT kFirstMask = 0x21;
    constexpr USHORT kSecondMask = 0xa1;
    out8(kFirstMask, 0xff);
    out8(kSecondMask, 0xff);
}

bool init_io_apic(HAL_FAILURE& failure) {
    PHYSICAL_ADDRESS physical;
    physical.QuadPart = static_cast<LONGLONG>(kIoApicAddress);
    g_registers = static_cast<volatile UCHAR*>(MmMapIoSpace(physical, PAGE_SIZE, MmNonCached));
    if (g_registers == nullptr) {
        failure = {"no address space for the I/O APIC, expected a page at", kIoApicAddress};
        return false;
    }
    const ULONG version = read(kVersion);
    const ULONG lines = (version >> 16 & 0xff) + 1;
    if ((version & 0xff) < 0x10 || (version & 0xff) > 0x2f || lines < kIsaLines) {
        failure = {"no I/O APIC answers: version register, expected 0x10..0x2f with 16 lines or more", version};
        return false;
    }
    for (ULONG line = 0; line < lines; ++line) {
        write(kRedirection + 2 * line, kMasked);
    }
    KeInitializeSpinLock(&g_lock);
    return true;
}

} // namespace hal

extern "C" ULONG NTAPI HalGetIsaVector(ULONG IsaIrq) {
    return IsaIrq < hal::kIsaLines ? hal::vector_of(IsaIrq) : 0;
}

extern "C" BOOLEAN NTAPI HalEnableInterrupt(ULONG Vector, BOOLEAN Latched, ULONG ApicId) {
    using namespace hal;
    const ULONG line = line_of(Vector);
    if (line == kIsaLines) {
        return FALSE;
    }
    KIRQL irql;
    KeAcquireSpinLock(&g_lock, &irql);
    write(kRedirection + 2 * line + 1, ApicId << 24);
    write(kRedirection + 2 * line, Vector | (Latched ? 0 : kLevel));
    KeReleaseSpinLock(&g_lock, irql);
    return TRUE;
}

extern "C" VOID NTAPI HalDisableInterrupt(ULONG Vector) {
    using namespace hal;
    const ULONG line = line_of(Vector);
    if (line == kIsaLines) {
        return;
    }
    KIRQL irql;
    KeAcquireSpinLock(&g_lock, &irql);
    write(kRedirection + 2 * line, kMasked | Vector);
    KeReleaseSpinLock(&g_lock, irql);
}
