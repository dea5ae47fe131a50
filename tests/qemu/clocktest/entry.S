// SPDX-License-Identifier: MIT
// Boot code of the clock test: multiboot entry, interrupt stubs, the second CPU's start.

    .set kMultibootMagic, 0x1badb002
    .set kCodeSelector, 0x08
    .set kDataSelector, 0x10

    .section .multiboot, "a"
    .align 4
    .long kMultibootMagic, 0, -kMultibootMagic

    .text
    .code32
    .globl start
start:
    cli
    lgdt gdt_register
    ljmp $kCodeSelector, $1f
1:  movw $kDataSelector, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $stack0_end, %esp
    pushl %ebx      // multiboot information
    pushl $0
    call clocktest_main
2:  hlt
    jmp 2b

// The second CPU starts in real mode at kTrampoline (main.c copies these bytes there).
    .set kTrampoline, 0x8000
    .code16
    .globl trampoline, trampoline_end
trampoline:
    cli
    lgdtl %cs:(trampoline_gdt - trampoline)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $kCodeSelector, $second_cpu
    .align 4
trampoline_gdt:
    .word gdt_end - gdt - 1
    .long gdt
trampoline_end:

    .code32
second_cpu:
    movw $kDataSelector, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $stack1_end, %esp
    pushl $1
    call clocktest_second
3:  hlt
    jmp 3b

// Interrupts: the handler gets the vector and the instruction that was interrupted.
    .macro stub vector
    .globl stub_\vector
stub_\vector:
    pushal
    pushl 32(%esp)
    pushl $\vector
    call clocktest_interrupt
    addl $8, %esp
    popal
    iretl
    .endm
    stub 0x40
    stub 0x41
    stub 0x42
    stub 0xff

    .data
    .align 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_end:
gdt_register:
    .word gdt_end - gdt - 1
    .long gdt

    .bss
    .align 16
    .skip 16384
stack0_end:
    .skip 16384
stack1_end:
