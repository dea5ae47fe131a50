/* SPDX-License-Identifier: MIT
 * A call that is interrupted on its way (vf/troubles.hpp): jumped to by an export's gate with the export in r10, the
 * caller's arguments in their registers and its return address on the stack. */

#define PR_GPR 0x20
#define PR_XMM (PR_GPR + 5 * 8)
#define PR_SIZE (PR_XMM + 4 * 16) /* 0x88: with the return address a multiple of 16 */

    .text
    .globl ki_preempt_and_jump
    .seh_proc ki_preempt_and_jump
ki_preempt_and_jump:
    subq $PR_SIZE, %rsp
    .seh_stackalloc PR_SIZE
    .seh_endprologue
    movq %rcx, PR_GPR+0(%rsp)
    movq %rdx, PR_GPR+8(%rsp)
    movq %r8, PR_GPR+16(%rsp)
    movq %r9, PR_GPR+24(%rsp)
    movq %r10, PR_GPR+32(%rsp)
    movups %xmm0, PR_XMM+0(%rsp)
    movups %xmm1, PR_XMM+16(%rsp)
    movups %xmm2, PR_XMM+32(%rsp)
    movups %xmm3, PR_XMM+48(%rsp)
    call ki_preempt
    movq PR_GPR+0(%rsp), %rcx
    movq PR_GPR+8(%rsp), %rdx
    movq PR_GPR+16(%rsp), %r8
    movq PR_GPR+24(%rsp), %r9
    movq PR_GPR+32(%rsp), %r10
    movups PR_XMM+0(%rsp), %xmm0
    movups PR_XMM+16(%rsp), %xmm1
    movups PR_XMM+32(%rsp), %xmm2
    movups PR_XMM+48(%rsp), %xmm3
    addq $PR_SIZE, %rsp
    jmp *%r10
    .seh_endproc
