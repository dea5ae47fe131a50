/* SPDX-License-Identifier: MIT */
/*
 * A guest of a few instructions that uses card and probe by their ports alone: reset handshake, UART mode, three bytes
 * out, a marker, one byte in by polling, the end. Each label below stands on the access it is named after; the test
 * compares them with the PCs in the event log. WITH_HOLD: stops itself once, with bytes on both cables.
 */
/* mpulab_link_kinds.def, mpulab_codes.h: their enums are not for an assembler */
#define MPULAB_KIND_RUN_ENDED 2
#define MPULAB_KIND_HOLD 3
#define MPULAB_KIND_MARKER 4
#define MPULAB_END_SCORE_DONE 0
#define MPULAB_END_GUEST_UNFIT 7

#define DATA 0x330
#define STATUS 0x331
#define PROBE 0xe00
#define PROBE_SELECT (PROBE + 0x04)
#define PROBE_SIZE (PROBE + 0x08)
#define PROBE_DATA (PROBE + 0x0c)
#define PROBE_RECORD (PROBE + 0x10)
#define PROBE_TEXT (PROBE + 0x18)

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0, -0x1badb002

    .text
    .globl start
start:
    cli
    mov $stack_end, %esp
    cld

    /* MACHINE, as the probe tells it, goes back out as text. */
    mov $0x4843414d, %eax
    mov $PROBE_SELECT, %dx
    out %eax, %dx
    mov $PROBE_SIZE, %dx
    in %dx, %eax
    mov %eax, %ebx
    lea 3(%eax), %ecx
    shr $2, %ecx
    mov $machine, %edi
    mov $PROBE_DATA, %dx
    rep insl
    mov %ebx, %ecx
    mov $machine, %esi
    mov $PROBE_TEXT, %dx
    rep outsb

    mov $1, %ebp /* step, for the report of a failure */
    mov $STATUS, %dx
    mov $0xff, %al
    .globl out_reset
out_reset:
    out %al, %dx
    call wait_byte
    mov $DATA, %dx
    .globl in_ack
in_ack:
    in %dx, %al
    cmp $0xfe, %al
    jne failed

    inc %ebp
    mov $STATUS, %dx
    call wait_ready
    mov $0x3f, %al
    .globl out_uart
out_uart:
    out %al, %dx
    call wait_byte
    mov $DATA, %dx
    in %dx, %al
    cmp $0xfe, %al
    jne failed

    inc %ebp
    mov $message, %esi
    mov $3, %ecx
1:  mov $STATUS, %dx
    call wait_ready
    lodsb
    mov $DATA, %dx
    .globl out_midi
out_midi:
    out %al, %dx
    loop 1b

    mov $MPULAB_KIND_MARKER, %ebx
    mov $1, %eax
    call commit
#ifdef WITH_HOLD
    mov $MPULAB_KIND_HOLD, %ebx
    mov $7, %eax
    call commit
#endif

    inc %ebp
    call wait_byte
    mov $DATA, %dx
    .globl in_midi
in_midi:
    in %dx, %al
    cmp $0x42, %al
    jne failed

    /* Nobody has written this byte: what a wide read gives is the stale byte and the status. */
    inc %ebp
    .globl in_wide
in_wide:
    inw %dx, %ax
    cmp $0xbf42, %ax
    jne failed

    mov $greeting, %esi
    mov $greeting_size, %ecx
    mov $PROBE_TEXT, %dx
    rep outsb
    mov $MPULAB_END_SCORE_DONE, %eax
    jmp end
failed:
    mov $MPULAB_END_GUEST_UNFIT, %eax
end:
    mov $MPULAB_KIND_RUN_ENDED, %ebx
    call commit
    /* The machine stands by now: nothing below this line may be seen. */
    mov $DATA, %dx
    mov $0x99, %al
    out %al, %dx
1:  hlt
    jmp 1b

/* One record: kind %ebx, word a %eax, word b %ebp. */
commit:
    mov %ebx, record /* kind; irql, count and flags are 0 */
    mov %eax, record + 16
    mov %ebp, record + 24
    mov $record, %eax
    mov $PROBE_RECORD, %dx
    .globl out_commit
out_commit:
    out %eax, %dx
    ret

/* Until DSR is 0, or DRR: 65,536 polls 4 us apart, far more than any wait here needs. */
wait_byte:
    mov $0x80, %ah
    mov $STATUS, %dx
    jmp wait
wait_ready:
    mov $0x40, %ah
wait:
    push %ecx
    mov $0x10000, %ecx
1:  in %dx, %al
    test %ah, %al
    jz 3f
    push %ecx
    mov $500, %ecx
2:  loop 2b
    pop %ecx
    loop 1b
    jmp failed
3:  pop %ecx
    ret

    .section .rodata
message:
    .byte 0x90, 0x3c, 0x40
greeting:
    .ascii "one byte out of the card, one into it\nhalf a line"
    .set greeting_size, . - greeting

    .bss
    .align 16
record: /* mpulab_guest_record: what is never written stays 0 */
    .skip 40
    .align 16
stack:
    .skip 4096
stack_end:
machine:
    .skip 4096
