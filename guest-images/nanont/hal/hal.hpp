// SPDX-License-Identifier: MIT
// The parts of hal.dll. All state is of the machine; what is per CPU lives in that CPU's local APIC.
#ifndef NANONT_HAL_HAL_HPP
#define NANONT_HAL_HAL_HPP

#include <nanont_ddk.hpp>
#include <nanont_hal.h>

namespace hal {

inline void out8(USHORT port, UCHAR value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline UCHAR in8(USHORT port) {
    UCHAR value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline ULONGLONG read_tsc() {
    ULONG low;
    ULONG high;
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return static_cast<ULONGLONG>(high) << 32 | low;
}

// The local APIC (Intel SDM volume 3, chapter 11), memory-mapped.
bool init_local_apic(HAL_FAILURE& failure);
ULONG local_apic_id();
/// The APIC timer: one shot of `count`, on vector HAL_VECTOR_CLOCK or masked; and what is left of it.
void start_apic_timer(ULONG count, bool masked);
ULONG apic_timer_left();

// The I/O APIC (82093AA datasheet). ISA lines are its first 16 inputs.
bool init_io_apic(HAL_FAILURE& failure);
void mask_pic();

/// Measures time stamp counter and APIC timer against the 8254 (datasheet; 1,193,182 Hz).
bool init_clock(HAL_FAILURE& failure);

void init_boot_time();

/// Counts up at 10 MHz from the moment the clock was set up.
ULONGLONG performance_count();

} // namespace hal

#endif
