/* SPDX-License-Identifier: MIT */
/*
 * The probe's ports, as the guest sees them. The base comes to a multiboot guest on its command line ("probe=0xe00").
 *
 * Reading a section: write its tag to SELECT, read SIZE, then read DATA ceil(size / 4) times ("rep insd").
 * Making a record:   write corr, a, b, c as eight dwords, low half first, to ARGUMENT ("rep outsd"), then write
 *                    MPULAB_PROBE_COMMIT(kind, irql, count, flags) to COMMIT. The probe adds time, PC and CPU. The
 *                    argument words are kept per vCPU. Fewer than eight words: the rest are 0. More: refused, logged.
 * Three kinds act:   RUN_ENDED ends the run and stops the machine at that instruction, HOLD stops it until a debugger
 *                    or the harness continues it, MARKER starts the cues that wait for it.
 * Text:              bytes written to TEXT ("rep outsb") become TEXT records at each newline and each 24 bytes.
 */
#ifndef MPULAB_PROBE_PORTS_H
#define MPULAB_PROBE_PORTS_H

#define MPULAB_PROBE_ID 0x424c504du /* "MPLB" read as a little-endian dword */
#define MPULAB_PROBE_LENGTH 0x20u

#define MPULAB_PROBE_PORT_ID 0x00u       /* R  dword: MPULAB_PROBE_ID */
#define MPULAB_PROBE_PORT_SELECT 0x04u   /* W  dword: section tag; rewinds DATA */
#define MPULAB_PROBE_PORT_SIZE 0x08u     /* R  dword: bytes in the selected section; 0 = there is none */
#define MPULAB_PROBE_PORT_DATA 0x0cu     /* R  dword: next four bytes; 0 past the end */
#define MPULAB_PROBE_PORT_ARGUMENT 0x10u /* W  dword */
#define MPULAB_PROBE_PORT_COMMIT 0x14u   /* W  dword */
#define MPULAB_PROBE_PORT_TEXT 0x18u     /* W  byte */

#define MPULAB_PROBE_ARGUMENTS 8u
#define MPULAB_PROBE_COMMIT(kind, irql, count, flags)                                                                  \
    (((uint32_t)(kind)&0xffu) | ((uint32_t)(irql)&0xffu) << 8 | ((uint32_t)(count)&0xffu) << 16 |                      \
     ((uint32_t)(flags)&0xffu) << 24)

#endif /* MPULAB_PROBE_PORTS_H */
