/* SPDX-License-Identifier: MIT */
/*
 * A synthesizer at the end of a MIDI cable, as QEMU's glue knows it: bytes with the times at which their last bits
 * arrive go in, 16-bit stereo up to some present comes out. It makes no thread, knows no clock but what it is told, and
 * never looks ahead.
 */
#ifndef MPULAB_SYNTH_CORE_H
#define MPULAB_SYNTH_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPULAB_SYNTH_RATE 44100 /* frames a second */
#define MPULAB_SYNTH_CHANNELS 2

typedef struct mpulab_synth mpulab_synth;

/* `soundfont` NULL: one of Debian's. `gain` in percent. NULL: the reason stands in `error`. */
mpulab_synth* mpulab_synth_create(const char* soundfont, unsigned gain, char* error, size_t error_size);
void mpulab_synth_destroy(mpulab_synth* synth);

/* Times never run backwards, but for a restored machine: mpulab_synth_silence() comes between. */
void mpulab_synth_byte(mpulab_synth* synth, uint8_t byte, int64_t at_ns);

/*
 * Up to `most` frames (MPULAB_SYNTH_CHANNELS samples each) of what there is to hear until `now_ns`; returns how many.
 * When more than a fifth of a second waits, the listener is slower than the machine, or the machine's clock was
 * changed: what waits is played without being heard, and *skipped_ns says how long it was.
 */
size_t mpulab_synth_render(mpulab_synth* synth, int64_t now_ns, int16_t* samples, size_t most, int64_t* skipped_ns);

/* Another machine's state was loaded: what sounds stops, bytes on their way and half messages are forgotten. */
void mpulab_synth_silence(mpulab_synth* synth);

#ifdef __cplusplus
}
#endif

#endif /* MPULAB_SYNTH_CORE_H */
