/* SPDX-License-Identifier: MIT
 * CONTEXT from and into the processor, and calls of exception handlers behind a handler of their own. Offsets are those
 * of common/context.hpp, which asserts them. */

#define CX_FLAGS 0x30
#define CX_MXCSR 0x34
#define CX_CS 0x38
#define CX_SS 0x42
#define CX_EFLAGS 0x44
#define CX_GPR(n) (0x78 + 8 * (n)) /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
#define CX_RIP 0xf8
#define CX_FX 0x100
#define CX_FX_MXCSR (CX_FX + 0x18)
#define CX_XMM(n) (0x1a0 + 16 * (n))
#define CX_SIZE 0x4d0
#define CONTEXT_FULL_AND_SEGMENTS 0x10000f

    .text

/* VOID RtlCaptureContext(PCONTEXT rcx): the caller's registers as they are at its next instruction. Any IRQL.
 * Of what the floating-point unit has, MXCSR and xmm0-15 are kept; kernel code has no x87 state. */
    .globl RtlCaptureContext
    .seh_proc RtlCaptureContext
RtlCaptureContext:
    pushfq
    .seh_stackalloc 8
    .seh_endprologue
    movq %rax, CX_GPR(0)(%rcx)
    movq %rcx, CX_GPR(1)(%rcx)
    movq %rdx, CX_GPR(2)(%rcx)
    movq %rbx, CX_GPR(3)(%rcx)
    movq %rbp, CX_GPR(5)(%rcx)
    movq %rsi, CX_GPR(6)(%rcx)
    movq %rdi, CX_GPR(7)(%rcx)
    movq %r8, CX_GPR(8)(%rcx)
    movq %r9, CX_GPR(9)(%rcx)
    movq %r10, CX_GPR(10)(%rcx)
    movq %r11, CX_GPR(11)(%rcx)
    movq %r12, CX_GPR(12)(%rcx)
    movq %r13, CX_GPR(13)(%rcx)
    movq %r14, CX_GPR(14)(%rcx)
    movq %r15, CX_GPR(15)(%rcx)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups %xmm\n, CX_XMM(\n)(%rcx)
    .endr
    stmxcsr CX_MXCSR(%rcx)
    stmxcsr CX_FX_MXCSR(%rcx)
    movw %cs, CX_CS(%rcx)
    movw %ss, CX_SS(%rcx)
    movl (%rsp), %eax
    movl %eax, CX_EFLAGS(%rcx)
    movq 8(%rsp), %rax
    movq %rax, CX_RIP(%rcx)
    leaq 16(%rsp), %rax
    movq %rax, CX_GPR(4)(%rcx)
    movl $CONTEXT_FULL_AND_SEGMENTS, CX_FLAGS(%rcx)
    movq CX_GPR(0)(%rcx), %rax
    addq $8, %rsp
    ret
    .seh_endproc

/* VOID RtlRestoreContext(PCONTEXT rcx, PEXCEPTION_RECORD rdx): goes on there. Does not return. */
    .globl RtlRestoreContext
    .seh_proc RtlRestoreContext
RtlRestoreContext:
    .seh_endprologue
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups CX_XMM(\n)(%rcx), %xmm\n
    .endr
    ldmxcsr CX_MXCSR(%rcx)
    /* iretq takes rip, cs, flags, rsp and ss at once; they are put where they are not in the way of what lies above
     * the new stack pointer: on this function's own stack, which lies below it. */
    movq %ss, %rax
    pushq %rax
    pushq CX_GPR(4)(%rcx)
    movl CX_EFLAGS(%rcx), %eax
    pushq %rax
    movq %cs, %rax
    pushq %rax
    pushq CX_RIP(%rcx)
    movq CX_GPR(0)(%rcx), %rax
    movq CX_GPR(2)(%rcx), %rdx
    movq CX_GPR(3)(%rcx), %rbx
    movq CX_GPR(5)(%rcx), %rbp
    movq CX_GPR(6)(%rcx), %rsi
    movq CX_GPR(7)(%rcx), %rdi
    movq CX_GPR(8)(%rcx), %r8
    movq CX_GPR(9)(%rcx), %r9
    movq CX_GPR(10)(%rcx), %r10
    movq CX_GPR(11)(%rcx), %r11
    movq CX_GPR(12)(%rcx), %r12
    movq CX_GPR(13)(%rcx), %r13
    movq CX_GPR(14)(%rcx), %r14
    movq CX_GPR(15)(%rcx), %r15
    movq CX_GPR(1)(%rcx), %rcx
    iretq
    .seh_endproc

/* int seh_call_handler(record rcx, frame rdx, context r8, dispatcher context r9): calls its LanguageHandler. An exception
 * raised in there passes this frame, whose handler tells the search that it is nested; seh_call_unwind_handler likewise,
 * for a second unwind that runs into the first. */
#define DC_HANDLER 0x30

    .macro call_handler name, own
    .globl \name
    .seh_proc \name
\name:
    subq $0x28, %rsp
    .seh_stackalloc 0x28
    .seh_endprologue
    movq %r9, 0x20(%rsp) /* for \own, which finds it by this frame's stack pointer */
    call *DC_HANDLER(%r9)
    nop
    addq $0x28, %rsp
    ret
    .seh_handler \own, @except, @unwind
    .seh_endproc
    .endm
    call_handler seh_call_handler, seh_nested_exception
    call_handler seh_call_unwind_handler, seh_collided_unwind

/* VOID KeBugCheckEx(code, p1, p2, p3, p4), VOID KeBugCheck(code): registers as the caller has them. */
#define BC_SIZE (0x20 + CX_SIZE + 8)

    .macro bugcheck_entry name, target
    .globl \name
    .seh_proc \name
\name:
    movq %rcx, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %r8, 24(%rsp)
    movq %r9, 32(%rsp)
    subq $BC_SIZE, %rsp
    .seh_stackalloc BC_SIZE
    .seh_endprologue
    leaq 0x20(%rsp), %rcx
    call RtlCaptureContext
    leaq 0x20(%rsp), %rdx
    movq BC_SIZE(%rsp), %rax
    movq %rax, CX_RIP(%rdx)
    leaq BC_SIZE+8(%rsp), %rcx /* the parameters, in a row */
    movq %rcx, CX_GPR(4)(%rdx)
    movq 0(%rcx), %rax
    movq %rax, CX_GPR(1)(%rdx)
    movq 8(%rcx), %rax
    movq %rax, CX_GPR(2)(%rdx)
    call \target
    ud2
    .seh_endproc
    .endm
    bugcheck_entry KeBugCheckEx, ki_bugcheck_ex
    bugcheck_entry KeBugCheck, ki_bugcheck
