/* SPDX-License-Identifier: MIT */
/*
 * The probe's ports, as the guest sees them. The base comes to a multiboot guest on its command line ("probe=0xe00").
 *
 * Reading a section: write its tag to SELECT, read SIZE, then read DATA ceil(size / 4) times ("rep insd").
 * Making a record:   fill a mpulab_guest_record in RAM below 4 GiB, then write its physical address to RECORD. The
 *                    probe takes it before the next instruction and adds time, PC and CPU: one port access a record,
 *                    because each costs as much as some hundred instructions, and a run makes millions of them.
 * Four kinds act:    RUN_ENDED ends the run and stops the machine at that instruction, HOLD stops it until a debugger
 *                    or the harness continues it, MARKER starts the cues that wait for it, AWAIT makes EVENTS count:
 *                    0 right behind it, then one more for each record of that kind, card and words.
 * Power:             a bus driver tells what D-state it has put a card into: an ISA card has no register for it.
 * Text:              bytes written to TEXT ("rep outsb") become TEXT records at each newline and each 24 bytes.
 */
#ifndef MPULAB_PROBE_PORTS_H
#define MPULAB_PROBE_PORTS_H

#include <stdint.h>

#define MPULAB_PROBE_ID 0x424c504du /* "MPLB" read as a little-endian dword */
#define MPULAB_PROBE_LENGTH 0x20u

#define MPULAB_PROBE_PORT_ID 0x00u     /* R  dword: MPULAB_PROBE_ID */
#define MPULAB_PROBE_PORT_SELECT 0x04u /* W  dword: section tag; rewinds DATA */
#define MPULAB_PROBE_PORT_SIZE 0x08u   /* R  dword: bytes in the selected section; 0 = there is none */
#define MPULAB_PROBE_PORT_DATA 0x0cu   /* R  dword: next four bytes; 0 past the end */
#define MPULAB_PROBE_PORT_RECORD 0x10u /* W  dword: physical address of a mpulab_guest_record */
#define MPULAB_PROBE_PORT_POWER 0x14u  /* W  dword: MPULAB_PROBE_POWER() */
#define MPULAB_PROBE_PORT_TEXT 0x18u   /* W  byte */
#define MPULAB_PROBE_PORT_EVENTS 0x1cu /* R  dword: events since AWAIT, 0xffffffff at most; 0: nothing is awaited */

/* Card `unit` of MACHINE goes into D0 to D3 (0 to 3). A PCI card has registers for that, and is not told. */
#define MPULAB_PROBE_POWER(unit, d_state) ((uint32_t)(unit) | (uint32_t)(d_state) << 8)

/* What a guest says of a record; little-endian, at any alignment. */
typedef struct mpulab_guest_record {
    uint8_t kind;      /* mpulab_link_kinds.def */
    uint8_t irql;      /* at the place the record speaks of */
    uint8_t count;     /* bytes of text in a, b, c; other kinds: ignored */
    uint8_t flags;     /* MPULAB_RECORD_MORE, in kinds that have text */
    uint32_t reserved; /* 0 */
    uint64_t corr;
    uint64_t a, b, c;
} mpulab_guest_record;

#endif /* MPULAB_PROBE_PORTS_H */
