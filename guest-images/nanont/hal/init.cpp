// SPDX-License-Identifier: MIT
#include "hal.hpp"

extern "C" BOOLEAN NTAPI HalInitSystem(PHAL_FAILURE Failure) {
    *Failure = {};
    hal::mask_pic();
    if (!hal::init_local_apic(*Failure) || !hal::init_io_apic(*Failure) || !hal::init_clock(*Failure)) {
        return FALSE;
    }
    hal::init_boot_time();
    return TRUE;
}
