/* SPDX-License-Identifier: MIT
 * The first instructions of a processor that is being started: real mode, at a page below 1 MB that HalStartProcessor
 * has copied this to (code segment = that page). Straight into long mode with page tables that hold this page one to
 * one beside the kernel's own addresses. Nothing here may be reached by a relocated address. */

#define CR0_PE_MP_ET_NE_WP_PG 0x80010033
#define CR4_PAE_PGE_OSFXSR_OSXMMEXCPT 0x6a0
#define EFER 0xc0000080
#define EFER_LME_NXE 0x900

/* offsets in struct StartParameters (processors.cpp) */
#define P_ROOT 0
#define P_FAR 4
#define P_GDT 10
#define P_STACK 20
#define P_ENTRY 28
#define P_ARGUMENT 36

    .section .rdata, "dr"
    .balign 16
    .globl hal_trampoline_begin
hal_trampoline_begin:
    .code16
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movl $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    movl %eax, %cr4
    movl (hal_trampoline_parameters - hal_trampoline_begin + P_ROOT), %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    lgdtl (hal_trampoline_parameters - hal_trampoline_begin + P_GDT)
    movl $CR0_PE_MP_ET_NE_WP_PG, %eax
    movl %eax, %cr0
    ljmpl *(hal_trampoline_parameters - hal_trampoline_begin + P_FAR)

    .code64
long_mode:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movq hal_trampoline_parameters + P_STACK(%rip), %rsp
    movq hal_trampoline_parameters + P_ARGUMENT(%rip), %rcx
    movq hal_trampoline_parameters + P_ENTRY(%rip), %rax
    xorl %ebp, %ebp
    subq $40, %rsp             /* home space, and the place of a return address */
    jmp *%rax

    .balign 8
gdt:
    .quad 0
    .quad 0x00209b0000000000   /* 64-bit code */
    .quad 0x0000930000000000   /* data */
gdt_end:

    .balign 4
    .globl hal_trampoline_parameters
hal_trampoline_parameters:
    .skip 44
    .globl hal_trampoline_end
hal_trampoline_end:

    .balign 4
    .globl hal_trampoline_offsets
hal_trampoline_offsets:
    .long long_mode - hal_trampoline_begin
    .long gdt - hal_trampoline_begin
    .long gdt_end - gdt
