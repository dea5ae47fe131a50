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
/// Finds it and sets up this processor's.
bool init_local_apic(HAL_FAILURE& failure);
/// Sets up this processor's, once it is known where it is.
void init_this_local_apic();
/// Of this processor.
ULONG local_apic_id();
/// The first two steps of a processor's start (Intel SDM volume 3, §9.4.4). `page`: physical, below 1 MB.
void send_init(ULONG apic_id);
void send_startup(ULONG apic_id, ULONG page);
/// The APIC timer of the boot processor: one shot of `count`, on vector HAL_VECTOR_CLOCK or masked; and what is left.
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
