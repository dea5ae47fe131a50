/* SPDX-License-Identifier: MIT
 * Multiboot 1 entry: 32-bit protected mode, paging off, eax = magic, ebx = information. Sets up just enough paging to
 * enter long mode: low memory one to one in 2 MB pages, replaced by the real tables before the kernel is entered. */

#define MULTIBOOT_HEADER_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3 /* modules page-aligned, memory map wanted */
#define EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define CR0_PE_MP_ET_NE_WP_PG 0x80010033
#define CR4_PAE_PGE_OSFXSR_OSXMMEXCPT 0x6a0
#define CODE64 0x08

    .section .multiboot, "a"
    .balign 4
    .long MULTIBOOT_HEADER_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_FLAGS)

    .text
    .code32
    .globl _start
_start:
    cli
    cld
    movl $boot_stack_top, %esp
    movl %eax, %edi            /* first argument of loader_main */
    movl %ebx, %esi            /* second */

    /* 1 GB one to one: root -> third level -> 512 large pages */
    movl $boot_pdpt + 0x3, boot_root
    movl $boot_directory + 0x3, boot_pdpt
    movl $boot_directory, %eax
    movl $0x83, %edx
1:  movl %edx, (%eax)
    addl $8, %eax
    addl $0x200000, %edx
    cmpl $boot_directory + 0x1000, %eax
    jne 1b

    movl $boot_root, %eax
    movl %eax, %cr3
    movl $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    movl %eax, %cr4
    movl $EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $CR0_PE_MP_ET_NE_WP_PG, %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $CODE64, $2f

    .code64
2:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %edi, %edi            /* clear the upper halves */
    movl %esi, %esi
    xorl %ebp, %ebp
    call loader_main
3:  cli
    hlt
    jmp 3b

/* enter_kernel(entry, block, stack_top, root): loads the real tables and leaves for good. */
    .globl enter_kernel
enter_kernel:
    movq %rcx, %cr3
    movq %rdx, %rsp
    movq %rsi, %rcx            /* first argument of a Windows function */
    subq $40, %rsp             /* its home space, and the place of a return address */
    jmp *%rdi

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00209b0000000000   /* 64-bit code */
    .quad 0x0000930000000000   /* data */
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt

    .bss
    .balign 4096
boot_root: .skip 4096
boot_pdpt: .skip 4096
boot_directory: .skip 4096
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
