/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A synthesizer on a card's MIDI OUT, heard through one of QEMU's audio backends ("audiodev", "soundfont", "gain"). Off
 * by default. It listens and has no say: nothing here reaches the card or the link.
 */
#ifndef HW_MPULAB_SOUND_H
#define HW_MPULAB_SOUND_H

#include "audio/audio.h"
#include "synth_core.h"

#define MPULAB_SOUND_GAIN 50
#define MPULAB_SOUND_BLOCK 1024 /* frames rendered at a time */

typedef struct MpulabCard MpulabCard;

typedef struct MpulabSound {
    /* properties */
    char* audiodev;
    char* soundfont;
    int32_t gain;

    MpulabCard* card;
    QEMUSoundCard audio;
    SWVoiceOut* voice;
    mpulab_synth* synth;
    int16_t block[MPULAB_SOUND_BLOCK * MPULAB_SYNTH_CHANNELS];
    size_t block_at; /* bytes of it that the backend has taken */
    size_t block_size;
} MpulabSound;

/* At realize; true as well when no sound is asked for. */
bool mpulab_sound_realize(MpulabSound* sound, MpulabCard* card, Error** errp);
void mpulab_sound_unrealize(MpulabSound* sound);

/* A byte is on MIDI OUT; its last bit will have left at end_ns. */
void mpulab_sound_wire_out(MpulabSound* sound, uint8_t byte, int64_t end_ns);
/* The machine's state was loaded. */
void mpulab_sound_restored(MpulabSound* sound);

#define DEFINE_MPULAB_SOUND_PROPERTIES(state, field)                                                                   \
    DEFINE_PROP_STRING("audiodev", state, field.audiodev), DEFINE_PROP_STRING("soundfont", state, field.soundfont),    \
        DEFINE_PROP_INT32("gain", state, field.gain, MPULAB_SOUND_GAIN)

#endif /* HW_MPULAB_SOUND_H */
