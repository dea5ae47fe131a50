// SPDX-License-Identifier: MIT
// PCI configuration space by mechanism #1 ("PCI Local Bus Specification 3.0", §3.2.2.3.2), and what of it drivers may
// call. Address and data ports are used in pairs: one lock, interrupts off.
#include "hal.hpp"

namespace hal {
namespace {

constexpr USHORT kAddressPort = 0xcf8;
constexpr USHORT kDataPort = 0xcfc;
constexpr ULONG kEnable = 1u << 31;
constexpr ULONG kConfigurationSize = 256;
constexpr ULONG kMostBuses = 256;

volatile LONG g_taken; // this is used from any IRQL, so it is no KSPIN_LOCK

void out32(USHORT port, ULONG value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
ULONG in32(USHORT port) {
    ULONG value;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/// Interrupts off, and the two ports are ours.
class PortsGuard {
  public:
    PortsGuard() : flags_(__readeflags()) {
        asm volatile("cli" : : : "memory");
        while (InterlockedExchange(&g_taken, 1) != 0) {
            YieldProcessor();
        }
    }
    ~PortsGuard() {
        InterlockedExchange(&g_taken, 0);
        __writeeflags(flags_);
    }
    PortsGuard(const PortsGuard&) = delete;
    PortsGuard& operator=(const PortsGuard&) = delete;

  private:
    ULONGLONG flags_;
};

/// PCI_SLOT_NUMBER: device in bits 0..4, function in 5..7.
ULONG function_address(ULONG bus, ULONG slot) {
    return kEnable | bus << 16 | (slot & 0x1f) << 11 | (slot >> 5 & 7) << 8;
}

/// `bytes` at `offset`, within one dword.
void transfer(ULONG function, ULONG offset, UCHAR* bytes, ULONG size, bool write) {
    PortsGuard guard;
    out32(kAddressPort, function | (offset & ~3u));
    const auto port = static_cast<USHORT>(kDataPort + (offset & 3));
    for (ULONG i = 0; i < size; ++i) {
        if (size == 4) {
            ULONG value;
            __builtin_memcpy(&value, bytes, 4);
            if (write) {
                out32(kDataPort, value);
            } else {
                value = in32(kDataPort);
                __builtin_memcpy(bytes, &value, 4);
            }
            return;
        }
        const auto at = static_cast<USHORT>(port + i);
        if (write) {
            out8(at, bytes[i]);
        } else {
            bytes[i] = in8(at);
        }
    }
}

ULONG access(ULONG bus, ULONG slot, UCHAR* bytes, ULONG offset, ULONG length, bool write) {
    if (bus >= kMostBuses || offset >= kConfigurationSize) {
        return 0;
    }
    ULONG id = 0;
    transfer(function_address(bus, slot), 0, reinterpret_cast<UCHAR*>(&id), 4, false);
    if ((id & 0xffff) == PCI_INVALID_VENDORID) {
        if (!write && length >= 2) {
            bytes[0] = bytes[1] = 0xff; // documented: the vendor id that is none, and 2
            return 2;
        }
        return 0;
    }
    const ULONG size = length < kConfigurationSize - offset ? length : kConfigurationSize - offset;
    for (ULONG done = 0; done < size;) {
        const ULONG in_dword = 4 - ((offset + done) & 3);
        const ULONG part = size - done < in_dword ? size - done : in_dword;
        transfer(function_address(bus, slot), offset + done, bytes + done, part, write);
        done += part;
    }
    return size;
}

} // namespace
} // namespace hal

/// Bytes read; 0: no such bus; 2 and FFFFh in the buffer: no such function. PCIConfiguration only. Any IRQL.
extern "C" ULONG NTAPI HalGetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer,
                                             ULONG Offset, ULONG Length) {
    return BusDataType == PCIConfiguration
               ? hal::access(BusNumber, SlotNumber, static_cast<UCHAR*>(Buffer), Offset, Length, false)
               : 0;
}

/// Bytes written; 0: no such bus or function. PCIConfiguration only. Any IRQL.
extern "C" ULONG NTAPI HalSetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer,
                                             ULONG Offset, ULONG Length) {
    return BusDataType == PCIConfiguration
               ? hal::access(BusNumber, SlotNumber, static_cast<UCHAR*>(Buffer), Offset, Length, true)
               : 0;
}

extern "C" ULONG NTAPI HalGetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer,
                                     ULONG Length) {
    return HalGetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

extern "C" ULONG NTAPI HalSetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer,
                                     ULONG Length) {
    return HalSetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}
