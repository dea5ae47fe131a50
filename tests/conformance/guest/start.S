/* SPDX-License-Identifier: MIT */
/*
 * The player's entry, its interrupts, and accesses at an exact time. One instruction is one nanosecond here (-icount
 * shift=0), and RDTSC reads the virtual clock: so an access can be put on any nanosecond by counting instructions.
 */
#define STATUS 0x331
#define DATA 0x330
#define NOWHERE 0x80 /* the POST port: nobody minds */

    .section .multiboot, "a"
    .align 4
    .long 0x1badb002, 0, -0x1badb002

    .text
    .globl start
start:
    cli
    cld
    mov $stack_end, %esp
    lgdt gdt_pointer
    ljmp $8, $1f
1:  mov $16, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    push %ebx /* multiboot information */
    call play
    ud2

/* Interrupts: what they count, then the end of interrupt. */
    .globl timer_entry, card_entry, spurious_entry, unfit_entry
timer_entry:
    incl timer_fired
    movl $0, 0xfee000b0
    iret
card_entry:
    incl card_edges
    movl $0, 0xfee000b0
    iret
spurious_entry:
    iret
unfit_entry:
    call unfit

/*
 * Waits so that the access, which is the \behind-th instruction behind this macro, executes at 8(%ebp); goes on at once
 * when that is over. Not more than 2 s ahead. From RDTSC to there it is 8 instructions, those counted down, and \behind.
 */
.macro wait_for behind
    mov 8(%ebp), %ecx
    rdtsc
    sub %eax, %ecx
    sub $(8 + \behind), %ecx
    jle 3f
    shr %ecx /* two instructions a turn, and one more when the number is odd */
    jnc 1f
    nop
1:  inc %ecx
2:  dec %ecx
    jnz 2b
3:
.endm

/* Notes when the access, \before instructions before this macro's RDTSC, was executed. */
.macro note before
    rdtsc
    sub $\before, %eax
    sbb $0, %edx
    mov %eax, accessed_at
    mov %edx, accessed_at + 4
.endm

/* uint8_t in_at(uint32_t at, uint32_t port) */
    .globl in_at
in_at:
    push %ebp
    mov %esp, %ebp
    wait_for 2
    mov 12(%ebp), %edx
    in %dx, %al
    movzbl %al, %ecx
    note 2
    mov %ecx, %eax
    pop %ebp
    ret

/* void out_at(uint32_t at, uint32_t port, uint8_t value) */
    .globl out_at
out_at:
    push %ebp
    mov %esp, %ebp
    wait_for 3
    mov 12(%ebp), %edx
    mov 16(%ebp), %eax
    out %al, %dx
    note 1
    pop %ebp
    ret

/*
 * uint8_t send_at(uint32_t at, const uint8_t* byte): reads STATUS, and when DRR is 0 writes DATA two instructions later.
 * So close, because a host that sends hundreds of bytes must not fall behind by what its polls cost: else the byte goes
 * to a port that nobody minds. Returns the STATUS read.
 */
    .globl send_at
send_at:
    push %ebp
    mov %esp, %ebp
    push %esi
    mov 12(%ebp), %esi
    wait_for 3
    xor %eax, %eax
    mov $STATUS, %edx
    in %dx, %al
    mov port_by_status(, %eax, 2), %dx
    outsb
    mov %eax, %ecx
    note 2
    mov %ecx, %eax
    pop %esi
    pop %ebp
    ret

    .section .rodata
    .align 8
gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .word 23
    .long gdt
    .align 2
port_by_status:
    .rept 2
    .fill 64, 2, DATA
    .fill 64, 2, NOWHERE
    .endr

    .bss
    .align 16
    .globl accessed_at /* the last of these accesses */
accessed_at:
    .skip 8
    .align 16
stack:
    .skip 16384
stack_end:
