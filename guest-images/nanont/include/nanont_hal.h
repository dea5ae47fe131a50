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
#define HAL_VECTOR_IPI 0xe1u      /* IRQL 14: one processor wants something of another (HalSendInterrupt) */
#define HAL_VECTOR_SPURIOUS 0xffu /* the local APIC changed its mind; no end of interrupt for it */

/* Why HalInitSystem failed: what was looked at, and what was seen there. */
typedef struct _HAL_FAILURE {
    const char* Text;
    ULONGLONG Value;
} HAL_FAILURE, *PHAL_FAILURE;

/* Finds and programs local APIC and I/O APIC, masks the PIC, measures the time stamp counter and the APIC timer.
 * Interrupts are off. FALSE: Failure says why. */
BOOLEAN NTAPI HalInitSystem(PHAL_FAILURE Failure);

/* Local APIC ids of the machine's processors, the one this runs on first; returns how many there are, be it more than
 * there is room for. Firmware without an ACPI MADT: this one alone. PASSIVE_LEVEL or boot. */
ULONG NTAPI HalQueryProcessors(PULONG ApicIds, ULONG Room);

/* The page a processor begins in: conventional memory that firmware and loaders are done with. */
#define HAL_TRAMPOLINE 0x8000u

typedef struct _HAL_PROCESSOR_START {
    ULONG PageTableRoot; /* physical, below 4 GiB; holds HAL_TRAMPOLINE one to one and all the kernel needs */
    ULONGLONG Stack;     /* one past its highest address, 16-aligned */
    ULONGLONG Entry;     /* VOID NTAPI Entry(ULONGLONG Argument): long mode, interrupts off; does not return */
    ULONGLONG Argument;
} HAL_PROCESSOR_START, *PHAL_PROCESSOR_START;

/* Starts another processor and does not wait for it. FALSE: no address space for the first page. */
BOOLEAN NTAPI HalStartProcessor(ULONG ApicId, const HAL_PROCESSOR_START* Start);
/* A started processor's own local APIC. Interrupts off. */
VOID NTAPI HalInitThisProcessor(VOID);
/* An interrupt for another processor. Any IRQL. */
VOID NTAPI HalSendInterrupt(ULONG ApicId, ULONG Vector);
/* A non-maskable interrupt for all others: the machine is coming to a stop. Any IRQL. */
VOID NTAPI HalStopOthers(VOID);

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
/* Opens (to the processor named) or closes the line behind a vector of HalGetIsaVector. Latched: edge-triggered, active
 * high; else level- triggered, active high, as the PC's ISA lines are wired behind an I/O APIC. */
BOOLEAN NTAPI HalEnableInterrupt(ULONG Vector, BOOLEAN Latched, ULONG ApicId);
VOID NTAPI HalDisableInterrupt(ULONG Vector);

/* A vector for a message-signalled interrupt; 0: there is none left. They are not given back. */
ULONG NTAPI HalAllocateMessageVector(VOID);
BOOLEAN NTAPI HalIsMessageVector(ULONG Vector);
/* The memory write that raises such a vector at a processor. */
VOID NTAPI HalGetMessage(ULONG Vector, ULONG ApicId, PULONGLONG Address, PULONG Data);

#ifdef __cplusplus
}
#endif

#endif /* NANONT_HAL_H */
