/* SPDX-License-Identifier: MIT
 * Control-flow guard's two ways in (ldr/guard.hpp). A call that is right costs a look into a table of the last ones;
 * the long way keeps what a call may carry: integer and xmm argument registers. */

    .text

#define GU_XMM 0x20
#define GU_GPR (GU_XMM + 6 * 16)
#define GU_SIZE (GU_GPR + 7 * 8) /* 0xb8: with the return address a multiple of 16 */

    .macro look_up target
    movq \target, %r11
    shrq $4, %r11
    andl $63, %r11d
    leaq ki_guard_cache(%rip), %r10
    cmpq (%r10,%r11,8), \target
    .endm

/* rcx: target. Returns when it may be called. */
    .globl ki_guard_check
    .seh_proc ki_guard_check
ki_guard_check:
    .seh_endprologue
    look_up %rcx
    jne ki_guard_look
    ret
    .seh_endproc

/* rax: target. Goes there; the caller's return address is on the stack. */
    .globl ki_guard_dispatch
    .seh_proc ki_guard_dispatch
ki_guard_dispatch:
    subq $8, %rsp
    .seh_stackalloc 8
    .seh_endprologue
    look_up %rax
    je 1f
    movq %rcx, (%rsp)
    movq %rax, %rcx
    call ki_guard_look
    movq (%rsp), %rcx
1:  addq $8, %rsp
    rex.W jmp *%rax
    .seh_endproc

/* rcx: target; the stack is as at a call of ki_guard_check. Returns with every register as it was but r10 and r11. */
    .seh_proc ki_guard_look
ki_guard_look:
    pushq %rbp
    .seh_pushreg %rbp
    movq %rsp, %rbp
    .seh_setframe %rbp, 0
    subq $GU_SIZE, %rsp
    .seh_stackalloc GU_SIZE
    .seh_endprologue
    andq $-16, %rsp
    movq %rax, GU_GPR+0(%rsp)
    movq %rcx, GU_GPR+8(%rsp)
    movq %rdx, GU_GPR+16(%rsp)
    movq %r8, GU_GPR+24(%rsp)
    movq %r9, GU_GPR+32(%rsp)
    .irp n, 0,1,2,3,4,5
    movups %xmm\n, GU_XMM+16*\n(%rsp)
    .endr
    call ki_guard_permits
    testb %al, %al
    je 2f
    .irp n, 0,1,2,3,4,5
    movups GU_XMM+16*\n(%rsp), %xmm\n
    .endr
    movq GU_GPR+0(%rsp), %rax
    movq GU_GPR+8(%rsp), %rcx
    movq GU_GPR+16(%rsp), %rdx
    movq GU_GPR+24(%rsp), %r8
    movq GU_GPR+32(%rsp), %r9
    movq %rbp, %rsp
    popq %rbp
    ret
2:  movq GU_GPR+8(%rsp), %rdx /* for the report: rdx is where the call would have led */
    movl $10, %ecx            /* FAST_FAIL_GUARD_ICALL_CHECK_FAILURE */
    int $0x29
    ud2
    .seh_endproc
