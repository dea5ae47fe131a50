/* SPDX-License-Identifier: MIT */
/* SplitMix64 (public domain, Steele, Lea, Flood): what every lot of a run is drawn with, on every side of the link. */
#ifndef MPULAB_SPLIT_MIX_H
#define MPULAB_SPLIT_MIX_H

#include <stdint.h>

#ifdef __cplusplus
#define MPULAB_PURE constexpr
#else
#define MPULAB_PURE static inline
#endif

/* One number out of one number. The n-th of a sequence: of seed + n * MPULAB_GOLDEN, n from 0. */
#define MPULAB_GOLDEN 0x9e3779b97f4a7c15u
MPULAB_PURE uint64_t mpulab_split_mix_64(uint64_t value) {
    value += MPULAB_GOLDEN;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* Choices from this number on are troubles, taken only when the plan forces them; 0 is none. */
#define MPULAB_FIRST_TROUBLE 64u

/* The alternative of choice `number` that a run's seed draws, unless the plan forces one (plan.h). */
MPULAB_PURE uint32_t mpulab_drawn_alternative(uint64_t seed, uint32_t number, uint32_t alternatives) {
    if (number >= MPULAB_FIRST_TROUBLE) return 0;
    return (uint32_t)(mpulab_split_mix_64(seed ^ number) % alternatives);
}

#endif /* MPULAB_SPLIT_MIX_H */
