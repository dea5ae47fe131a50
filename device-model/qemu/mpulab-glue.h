/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the cards' glue and the probe's glue know of each other. A card works without a probe: then
 * nothing is recorded, and the calls below cost nothing.
 */
#ifndef HW_MPULAB_GLUE_H
#define HW_MPULAB_GLUE_H

#include "mpulab-card.h"

typedef QTAILQ_HEAD(MpulabCards, MpulabCard) MpulabCards;

extern MpulabCards mpulab_cards;           /* in the order they were made */
extern mpulab_probe* mpulab_machine_probe; /* NULL: there is none */

/* At realize; fails when the unit number is out of range, or it, a port or the line is another card's. */
bool mpulab_card_register(MpulabCard* card, Error** errp);
void mpulab_card_unregister(MpulabCard* card);

/* Puts the event on the link; with the instruction that is being executed when the card is accessed. */
void mpulab_card_event(MpulabCard* card, const mpulab_core_event* event);
/* Copies the line, arms the timer. */
void mpulab_card_sync(MpulabCard* card);

/*
 * Lets all cards get to the present, which is returned. Comes before each access, so that what they
 * do by themselves is recorded before it and without its PC.
 */
int64_t mpulab_settle(void);
/* Lines and timers of all cards; comes after each access. */
void mpulab_sync_cards(void);

/* The instruction that is being executed; MPULAB_NO_CPU outside of any. */
mpulab_cause mpulab_current_cause(void);

#endif /* HW_MPULAB_GLUE_H */
