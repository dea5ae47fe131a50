/* SPDX-License-Identifier: MIT
 * Every way into the kernel that is not a call: 32 exceptions, 224 interrupt vectors; and the way from one thread to
 * another. Unwind directives go along, so that a report can walk from an interrupt into what it interrupted.
 *
 * Code compiled for Windows may use xmm0-5 anywhere, in interrupt routines too: they are saved on every entry. xmm6-15
 * and the callee-saved registers are saved by whoever changes them (reference portcls-midi §6.4). */

    .text

/* --- exceptions ------------------------------------------------------------------------------------------------- */

/* struct arch::ExceptionFrame, from the stack pointer up: all there is, for a CONTEXT is made of it */
#define EX_XMM 0x20
#define EX_GPR (EX_XMM + 16 * 16)
#define EX_MXCSR (EX_GPR + 15 * 8)
#define EX_SIZE (EX_MXCSR + 16) /* 8 more than a multiple of 16, for vector and error code lie above */

    .macro exception vector, has_error
exception_\vector:
    .if !\has_error
    pushq $0
    .endif
    pushq $\vector
    jmp exception_common
    .endm

    .irp n, 0,1,2,3,4,5,6,7,9,15,16,18,19,20,22,23,24,25,26,27,28,31
    exception \n, 0
    .endr
    .irp n, 8,10,11,12,13,14,17,21,29,30
    exception \n, 1
    .endr
    exception 0x29, 0 /* int 29h: __fastfail */
    exception 0x2c, 0 /* int 2Ch: an assertion */

    .seh_proc exception_common
exception_common:
    .seh_pushframe code
    .seh_stackalloc 8
    subq $EX_SIZE, %rsp
    .seh_stackalloc EX_SIZE
    .seh_endprologue
    movq %rax, EX_GPR+0(%rsp)
    movq %rcx, EX_GPR+8(%rsp)
    movq %rdx, EX_GPR+16(%rsp)
    movq %rbx, EX_GPR+24(%rsp)
    movq %rbp, EX_GPR+32(%rsp)
    movq %rsi, EX_GPR+40(%rsp)
    movq %rdi, EX_GPR+48(%rsp)
    movq %r8, EX_GPR+56(%rsp)
    movq %r9, EX_GPR+64(%rsp)
    movq %r10, EX_GPR+72(%rsp)
    movq %r11, EX_GPR+80(%rsp)
    movq %r12, EX_GPR+88(%rsp)
    movq %r13, EX_GPR+96(%rsp)
    movq %r14, EX_GPR+104(%rsp)
    movq %r15, EX_GPR+112(%rsp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups %xmm\n, EX_XMM+16*\n(%rsp)
    .endr
    stmxcsr EX_MXCSR(%rsp)
    cld
    leaq EX_XMM(%rsp), %rcx
    call ki_exception
    ldmxcsr EX_MXCSR(%rsp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups EX_XMM+16*\n(%rsp), %xmm\n
    .endr
    movq EX_GPR+0(%rsp), %rax
    movq EX_GPR+8(%rsp), %rcx
    movq EX_GPR+16(%rsp), %rdx
    movq EX_GPR+24(%rsp), %rbx
    movq EX_GPR+32(%rsp), %rbp
    movq EX_GPR+40(%rsp), %rsi
    movq EX_GPR+48(%rsp), %rdi
    movq EX_GPR+56(%rsp), %r8
    movq EX_GPR+64(%rsp), %r9
    movq EX_GPR+72(%rsp), %r10
    movq EX_GPR+80(%rsp), %r11
    movq EX_GPR+88(%rsp), %r12
    movq EX_GPR+96(%rsp), %r13
    movq EX_GPR+104(%rsp), %r14
    movq EX_GPR+112(%rsp), %r15
    addq $EX_SIZE + 16, %rsp
    iretq
    .seh_endproc

/* --- interrupts: the vector stands where an error code would ------------------------------------------------------ */

#define IN_XMM 0x20
#define IN_GPR (IN_XMM + 6 * 16)
#define IN_MXCSR (IN_GPR + 7 * 8)
#define IN_SIZE (IN_MXCSR + 8) /* 0xc0 */

    .balign 16
    .globl interrupt_stubs
interrupt_stubs: /* 16 bytes each, vector 32 first */
    .set vector, 32
    .rept 224
    .balign 16
    .byte 0x68 /* pushq imm32 */
    .long vector
    jmp interrupt_common
    .set vector, vector + 1
    .endr

    .seh_proc interrupt_common
interrupt_common:
    .seh_pushframe code
    subq $IN_SIZE, %rsp
    .seh_stackalloc IN_SIZE
    .seh_endprologue
    movq %rax, IN_GPR+0(%rsp)
    movq %rcx, IN_GPR+8(%rsp)
    movq %rdx, IN_GPR+16(%rsp)
    movq %r8, IN_GPR+24(%rsp)
    movq %r9, IN_GPR+32(%rsp)
    movq %r10, IN_GPR+40(%rsp)
    movq %r11, IN_GPR+48(%rsp)
    movups %xmm0, IN_XMM+0(%rsp)
    movups %xmm1, IN_XMM+16(%rsp)
    movups %xmm2, IN_XMM+32(%rsp)
    movups %xmm3, IN_XMM+48(%rsp)
    movups %xmm4, IN_XMM+64(%rsp)
    movups %xmm5, IN_XMM+80(%rsp)
    stmxcsr IN_MXCSR(%rsp)
    cld
    movl IN_SIZE(%rsp), %ecx
    call ki_interrupt
    ldmxcsr IN_MXCSR(%rsp)
    movups IN_XMM+0(%rsp), %xmm0
    movups IN_XMM+16(%rsp), %xmm1
    movups IN_XMM+32(%rsp), %xmm2
    movups IN_XMM+48(%rsp), %xmm3
    movups IN_XMM+64(%rsp), %xmm4
    movups IN_XMM+80(%rsp), %xmm5
    movq IN_GPR+0(%rsp), %rax
    movq IN_GPR+8(%rsp), %rcx
    movq IN_GPR+16(%rsp), %rdx
    movq IN_GPR+24(%rsp), %r8
    movq IN_GPR+32(%rsp), %r9
    movq IN_GPR+40(%rsp), %r10
    movq IN_GPR+48(%rsp), %r11
    addq $IN_SIZE + 8, %rsp
    iretq
    .seh_handler ki_interrupt_handler, @except, @unwind
    .seh_endproc

/* --- threads ------------------------------------------------------------------------------------------------------ */

#define SW_SIZE (10 * 16 + 8) /* xmm6-15 and, above them, MXCSR; keeps the stack aligned below eight pushes */

/* ki_swap_context(rcx: where to keep this thread's stack pointer, rdx: stack pointer to go on with).
 * Interrupts as they are; IRQL DISPATCH_LEVEL, the dispatcher lock is held on both sides. */
    .globl ki_swap_context
    .seh_proc ki_swap_context
ki_swap_context:
    pushq %rbx
    .seh_pushreg %rbx
    pushq %rbp
    .seh_pushreg %rbp
    pushq %rsi
    .seh_pushreg %rsi
    pushq %rdi
    .seh_pushreg %rdi
    pushq %r12
    .seh_pushreg %r12
    pushq %r13
    .seh_pushreg %r13
    pushq %r14
    .seh_pushreg %r14
    pushq %r15
    .seh_pushreg %r15
    subq $SW_SIZE, %rsp
    .seh_stackalloc SW_SIZE
    .seh_endprologue
    movaps %xmm6, 0(%rsp)
    movaps %xmm7, 16(%rsp)
    movaps %xmm8, 32(%rsp)
    movaps %xmm9, 48(%rsp)
    movaps %xmm10, 64(%rsp)
    movaps %xmm11, 80(%rsp)
    movaps %xmm12, 96(%rsp)
    movaps %xmm13, 112(%rsp)
    movaps %xmm14, 128(%rsp)
    movaps %xmm15, 144(%rsp)
    stmxcsr 160(%rsp)
    movq %rsp, (%rcx)
    movq %rdx, %rsp
    ldmxcsr 160(%rsp)
    movaps 0(%rsp), %xmm6
    movaps 16(%rsp), %xmm7
    movaps 32(%rsp), %xmm8
    movaps 48(%rsp), %xmm9
    movaps 64(%rsp), %xmm10
    movaps 80(%rsp), %xmm11
    movaps 96(%rsp), %xmm12
    movaps 112(%rsp), %xmm13
    movaps 128(%rsp), %xmm14
    movaps 144(%rsp), %xmm15
    addq $SW_SIZE, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    ret
    .seh_endproc

/* A new thread's first instruction: ki_swap_context returns here. */
    .globl ki_thread_start
    .seh_proc ki_thread_start
ki_thread_start: /* returned to, not called: the stack is 16-aligned here */
    subq $32, %rsp
    .seh_stackalloc 32
    .seh_endprologue
    call ki_run_thread
    ud2 /* ki_run_thread does not return */
    .seh_handler ki_system_thread_handler, @except
    .seh_endproc

    .section .rdata, "dr"
    .balign 8
    .globl exception_entries
exception_entries:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .quad exception_\n
    .endr
    .globl fast_fail_entry
fast_fail_entry:
    .quad exception_0x29
    .globl assertion_entry
assertion_entry:
    .quad exception_0x2c
