/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The voice of a card's synthesizer. The backend asks for frames at times of its own on the virtual clock; it gets what
 * there was to hear until then, each byte at its time on the wire. Behind its back the machine may be faster than the
 * backend plays (icount, sleep=off): then what is too old is left out, and a tracepoint says how much.
 */
#include "qemu/osdep.h"

#include "mpulab-glue.h"
#include "mpulab-sound.h"
#include "qapi/error.h"
#include "qemu/timer.h"
#include "trace.h"

static bool sound_next_block(MpulabSound* sound) {
    int64_t skipped_ns;

    sound->block_at = 0;
    sound->block_size = mpulab_synth_render(sound->synth, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), sound->block,
                                            MPULAB_SOUND_BLOCK, &skipped_ns) *
                        MPULAB_SYNTH_CHANNELS * sizeof(int16_t);
    if (skipped_ns) {
        trace_mpulab_sound_skipped(sound->card->device.unit, skipped_ns);
    }
    return sound->block_size != 0;
}

static void sound_fill(void* opaque, int free) {
    MpulabSound* sound = opaque;
    size_t room = free;

    while (room && (sound->block_at < sound->block_size || sound_next_block(sound))) {
        size_t size = MIN(room, sound->block_size - sound->block_at);
        size_t taken = AUD_write(sound->voice, (uint8_t*)sound->block + sound->block_at, size);

        if (!taken) {
            break;
        }
        sound->block_at += taken;
        room -= taken;
    }
}

void mpulab_sound_wire_out(MpulabSound* sound, uint8_t byte, int64_t end_ns) {
    if (sound->synth) {
        mpulab_synth_byte(sound->synth, byte, end_ns);
    }
}

void mpulab_sound_restored(MpulabSound* sound) {
    if (sound->synth) {
        mpulab_synth_silence(sound->synth);
    }
}

/* ---- life ---- */

static bool sound_check(const MpulabSound* sound, Error** errp) {
    const char* name = sound->card->name;

    if (sound->gain < 1 || sound->gain > 1000) {
        error_setg(errp, "%s: gain %d is no number from 1 to 1000 (percent)", name, sound->gain);
        return false;
    }
    if (!sound->audiodev && sound->soundfont) {
        error_setg(errp,
                   "%s: soundfont \"%s\" without audiodev: nobody would hear it; audiodev=ID of an -audiodev expected",
                   name, sound->soundfont);
        return false;
    }
    if (!sound->audiodev && sound->gain != MPULAB_SOUND_GAIN) {
        error_setg(errp, "%s: gain %d without audiodev: nobody would hear it; audiodev=ID of an -audiodev expected",
                   name, sound->gain);
        return false;
    }
    return true;
}

static bool sound_open_voice(MpulabSound* sound, Error** errp) {
    struct audsettings format = {
        .freq = MPULAB_SYNTH_RATE,
        .nchannels = MPULAB_SYNTH_CHANNELS,
        .fmt = AUDIO_FORMAT_S16,
        .endianness = AUDIO_HOST_ENDIANNESS,
    };

    sound->audio.state = audio_state_by_name(sound->audiodev, NULL);
    if (!sound->audio.state) {
        error_setg(errp,
                   "%s: audiodev \"%s\" is not there; the id of an -audiodev expected, as in "
                   "-audiodev wav,id=%s,path=FILE (-audiodev help lists the kinds)",
                   sound->card->name, sound->audiodev, sound->audiodev);
        return false;
    }
    if (!AUD_register_card(sound->card->name, &sound->audio, errp)) {
        return false;
    }
    sound->voice = AUD_open_out(&sound->audio, NULL, "MIDI OUT", sound, sound_fill, &format);
    if (!sound->voice) {
        AUD_remove_card(&sound->audio);
        error_setg(errp,
                   "%s: audiodev \"%s\" opens no voice of %d Hz; one that works expected, or -audiodev none,id=%s",
                   sound->card->name, sound->audiodev, MPULAB_SYNTH_RATE, sound->audiodev);
        return false;
    }
    AUD_set_active_out(sound->voice, true);
    return true;
}

bool mpulab_sound_realize(MpulabSound* sound, MpulabCard* card, Error** errp) {
    char reason[512];

    sound->card = card;
    if (!sound_check(sound, errp)) {
        return false;
    }
    if (!sound->audiodev) {
        return true;
    }
    sound->synth = mpulab_synth_create(sound->soundfont, sound->gain, reason, sizeof(reason));
    if (!sound->synth) {
        error_setg(errp, "%s: soundfont %s", card->name, reason);
        return false;
    }
    if (!sound_open_voice(sound, errp)) {
        mpulab_synth_destroy(sound->synth);
        sound->synth = NULL;
        return false;
    }
    return true;
}

void mpulab_sound_unrealize(MpulabSound* sound) {
    if (sound->synth) {
        AUD_close_out(&sound->audio, sound->voice);
        AUD_remove_card(&sound->audio);
        mpulab_synth_destroy(sound->synth);
        sound->synth = NULL;
    }
}
