/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The properties that all cards have, to stand inside the property list of a device whose state is
 * MPULAB_CARD_STATE and has a `card`. Included once in each, so it has no guard.
 */
DEFINE_PROP_INT32("unit", MPULAB_CARD_STATE, card.unit, -1),
    DEFINE_MPULAB_MIDI_PROPERTIES(MPULAB_CARD_STATE, card.midi),
    DEFINE_MPULAB_SOUND_PROPERTIES(MPULAB_CARD_STATE, card.sound),
#define MPULAB_CHOICE(field, name, value, allowed, help) DEFINE_PROP_STRING(name, MPULAB_CARD_STATE, card.field),
#define MPULAB_SWITCH(field, name, value, help) DEFINE_PROP_BOOL(name, MPULAB_CARD_STATE, card.field, value),
#define MPULAB_NUMBER(field, name, value, low, high, help)                                                             \
    DEFINE_PROP_INT32(name, MPULAB_CARD_STATE, card.field, value),
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
