/* SPDX-License-Identifier: MIT */
/*
 * What hal.dll does for ntoskrnl.exe and for nobody else: interrupt controllers and the clock.
 *
 * Vectors are grouped by 16, and the group is the IRQL (reference portcls-midi §6.3): CR8 is the local APIC's task
 * priority, so what IRQL masks, the hardware masks.
 */
#ifndef NANONT_HAL_H
#define NANONT_HAL_H

#ifdef __cplusplus
extern "C" {
#endif

#define HAL_VECTOR_DISPATCH 0x2fu /* IRQL 2: DPCs and the scheduler, raised by HalRequestSoftwareDpc */
#define HAL_VECTOR_CLOCK 0xd1u    /* IRQL 13 */
#define HAL_VECTOR_SPURIOUS 0xffu /* the local APIC changed its mind; no end of interrupt for it */

/* Why HalInitSystem failed: what was looked at, and what was seen there. */
typedef struct _HAL_FAILURE {
    const char* Text;
    ULONGLONG Value;
} HAL_FAILURE, *PHAL_FAILURE;

/* Finds and programs local APIC and I/O APIC, masks the PIC, measures the time stamp counter and the APIC timer.
 * Interrupts are off. FALSE: Failure says why. */
BOOLEAN NTAPI HalInitSystem(PHAL_FAILURE Failure);

/* Any IRQL. The dispatch interrupt arrives as soon as IRQL and the interrupt flag let it. */
VOID NTAPI HalRequestSoftwareDpc(VOID);
/* Ends the interrupt in service. At its IRQL, interrupts off. */
VOID NTAPI HalEndOfInterrupt(VOID);

/* One clock interrupt as soon as KeQueryPerformanceCounter (10 MHz) has reached Due; replaces the one asked for
 * before. Now: that counter, read a moment ago. Interrupts off. */
VOID NTAPI HalArmClock(ULONGLONG Due, ULONGLONG Now);

/* Seconds since 1601 (UTC) in 100 ns, from the battery-backed clock; read once at start. */
ULONGLONG NTAPI HalQueryBootTime(VOID);

/* The vector, and with it the IRQL (Vector >> 4), that an ISA line is delivered on. 0 = no such line. */
ULONG NTAPI HalGetIsaVector(ULONG IsaIrq);
/* Opens or closes the line behind a vector of HalGetIsaVector. Latched: edge-triggered, active high; else level-
 * triggered, active high, as the PC's ISA lines are wired behind an I/O APIC. */
BOOLEAN NTAPI HalEnableInterrupt(ULONG Vector, BOOLEAN Latched);
VOID NTAPI HalDisableInterrupt(ULONG Vector);

#ifdef __cplusplus
}
#endif

#endif /* NANONT_HAL_H */
