/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cards of the machine and the one probe, whichever was made first: what the cards' glue calls.
 */
#include "qemu/osdep.h"

#include "hw/core/cpu.h"
#include "mpulab-glue.h"
#include "mpulab_link.h"
#include "qapi/error.h"
#include "qemu/timer.h"

mpulab_probe* mpulab_machine_probe;
MpulabCards mpulab_cards = QTAILQ_HEAD_INITIALIZER(mpulab_cards);

static MpulabCard* find_card(uint32_t unit) {
    MpulabCard* card;

    QTAILQ_FOREACH(card, &mpulab_cards, next) {
        if (card->device.unit == unit) {
            return card;
        }
    }
    return NULL;
}

/* Two ISA cards share neither a port nor a line, which is edge-triggered and driven both ways. */
static bool wiring_is_free(const MpulabCard* card, Error** errp) {
    const mpulab_machine_device* ours = &card->device;
    MpulabCard* other;

    QTAILQ_FOREACH(other, &mpulab_cards, next) {
        const mpulab_machine_device* theirs = &other->device;

        if (ours->bus != MPULAB_BUS_ISA || theirs->bus != MPULAB_BUS_ISA) {
            continue;
        }
        if (ours->port_base < theirs->port_base + theirs->port_length &&
            theirs->port_base < ours->port_base + ours->port_length) {
            error_setg(errp, "%s: iobase 0x%x: ports 0x%x to 0x%x are those of card %u; others expected", card->name,
                       ours->port_base, theirs->port_base, theirs->port_base + theirs->port_length - 1, theirs->unit);
            return false;
        }
        if (ours->irq == theirs->irq) {
            error_setg(errp, "%s: irq %u is the line of card %u at port 0x%x; another expected, ISA cards cannot share",
                       card->name, ours->irq, theirs->unit, theirs->port_base);
            return false;
        }
    }
    return true;
}

bool mpulab_card_register(MpulabCard* card, Error** errp) {
    uint32_t unit = card->device.unit;

    if (unit == UINT32_MAX) {
        for (unit = 0; find_card(unit); unit++) {
            /* the lowest free number: ends after as many rounds as there are cards */
        }
    }
    if (unit >= MPULAB_NO_UNIT) {
        error_setg(errp, "%s: unit %d: a card's number is 0 to %u, or -1: the lowest free one", card->name,
                   (int32_t)unit, MPULAB_NO_UNIT - 1);
        return false;
    }
    if (find_card(unit)) {
        error_setg(errp, "%s: unit %u is the number of another card (%s); others expected, or -1", card->name, unit,
                   find_card(unit)->name);
        return false;
    }
    if (!wiring_is_free(card, errp)) {
        return false;
    }
    card->device.unit = unit;
    QTAILQ_INSERT_TAIL(&mpulab_cards, card, next);
    return true;
}

void mpulab_card_unregister(MpulabCard* card) {
    QTAILQ_REMOVE(&mpulab_cards, card, next);
    if (mpulab_machine_probe) {
        mpulab_probe_detach(mpulab_machine_probe, card->core);
    }
}

void mpulab_card_event(MpulabCard* card, const mpulab_core_event* event) {
    mpulab_cause cause;

    if (!mpulab_machine_probe) {
        return;
    }
    if (card->accessed) {
        cause = mpulab_current_cause();
    }
    mpulab_probe_card_event(mpulab_machine_probe, card->device.unit, card->accessed ? &cause : NULL, event);
}

int64_t mpulab_settle(void) {
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (mpulab_machine_probe) {
        mpulab_probe_settle(mpulab_machine_probe, now);
    }
    return now;
}

void mpulab_sync_cards(void) {
    MpulabCard* card;

    QTAILQ_FOREACH(card, &mpulab_cards, next) {
        mpulab_card_sync(card);
    }
}

mpulab_cause mpulab_current_cause(void) {
    CPUState* cpu = current_cpu;

    if (!cpu) {
        return (mpulab_cause){.cpu = MPULAB_NO_CPU};
    }
    return (mpulab_cause){.pc = cpu->cc->get_pc(cpu), .cpu = MIN(cpu->cpu_index, MPULAB_NO_CPU - 1)};
}
