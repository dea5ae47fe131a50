/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What our patches add to QEMU, or nothing in its place: the tests build a QEMU with fewer of them.
 */
#ifndef HW_MPULAB_PATCHES_H
#define HW_MPULAB_PATCHES_H

#if __has_include("system/icount-slices.h")
#include "system/icount-slices.h"
#else /* the schedule is that of slice-seed alone */
static inline void icount_slice_run_seed(uint64_t seed) {}
static inline void icount_slice_vary(void) {}
#endif

#if __has_include("hw/i386/cr8-hook.h")
#include "hw/i386/cr8-hook.h"
#else /* nobody hears of CR8 */
static void (*cr8_hook)(uint8_t before, uint8_t after);
#endif

#endif /* HW_MPULAB_PATCHES_H */
