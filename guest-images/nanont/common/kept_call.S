/* SPDX-License-Identifier: MIT */
/* A call that looks whether the callee keeps what the x64 calling convention has it keep ("x64 ABI conventions": callee-saved
 * registers; the direction flag is clear). Whatever comes back, the caller's registers are as they were.
 *
 * ULONG nanont_kept_call(const void* routine, const ULONG_PTR* arguments, ULONG_PTR* result, const nanont_call_hooks* hooks,
 * ULONG count): a bit for each that is not what it was, see kept_call.hpp. The registers carry patterns meanwhile: a callee that
 * zeroes one is seen where it was 0 before, too. The hooks stand as close to the routine as can be: what is measured between
 * them is its own. */
    .set ARGUMENTS, 0 /* the first four are the callee's home space */
    .set RESULT, 96
    .set HOOKS, 104
    .set WORDS, 112
    .set ROUTINE, 120
    .set XMM, 128
    .set FRAME, 296 /* with eight registers and the return address: a multiple of 16 */
    .set COUNT, FRAME + 8 * 8 + 8 + 32 /* the fifth argument */
    .set PATTERN, 0x4b455000
    .set ENTER, 0 /* nanont_call_hooks */
    .set LEAVE, 8
    .set CONTEXT, 16

    .macro looked_at register, number, bit
    cmpq $PATTERN + \number, \register
    je .Lkept_\number
    orl $\bit, %eax
.Lkept_\number:
    .endm

    .macro looked_at_xmm number
    pcmpeqb %xmm4, %xmm\number
    pand %xmm\number, %xmm5
    .endm

    .section .rdata, "dr"
    .balign 16
.Lpattern:
    .quad 0x4b4550544b455054, 0x4b4550544b455054

    .text
    .globl nanont_kept_call
    .seh_proc nanont_kept_call
nanont_kept_call:
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
    subq $FRAME, %rsp
    .seh_stackalloc FRAME
    .irp number, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movaps %xmm\number, XMM + (\number - 6) * 16(%rsp)
    .seh_savexmm %xmm\number, XMM + (\number - 6) * 16
    .endr
    .seh_endprologue

    movq %rcx, ROUTINE(%rsp)
    movq %rdx, WORDS(%rsp)
    movq %r8, RESULT(%rsp)
    movq %r9, HOOKS(%rsp)
    cmpl $4, COUNT(%rsp)
    jbe .Lkept_in_registers
    .irp at, 32, 40, 48, 56, 64, 72, 80, 88
    movq \at(%rdx), %rax
    movq %rax, ARGUMENTS + \at(%rsp)
    .endr
.Lkept_in_registers:
    movq $PATTERN + 0, %rbx
    movq $PATTERN + 1, %rbp
    movq $PATTERN + 2, %rsi
    movq $PATTERN + 3, %rdi
    movq $PATTERN + 4, %r12
    movq $PATTERN + 5, %r13
    movq $PATTERN + 6, %r14
    movq $PATTERN + 7, %r15
    .irp number, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqa .Lpattern(%rip), %xmm\number
    .endr
    testq %r9, %r9
    jz .Lkept_go
    movq CONTEXT(%r9), %rcx
    call *ENTER(%r9) /* keeps the patterns: it is compiled */
.Lkept_go:
    movq WORDS(%rsp), %r10
    movq (%r10), %rcx
    movq 8(%r10), %rdx
    movq 16(%r10), %r8
    movq 24(%r10), %r9
    call *ROUTINE(%rsp)
    movq RESULT(%rsp), %r10
    movq %rax, (%r10)

    /* The direction flag first: compiled code counts on it. rsi is looked at here, for lodsb is how the flag is seen: pushfq
     * would move the stack pointer that the unwinder goes by. */
    xorl %r11d, %r11d
    cmpq $PATTERN + 2, %rsi
    je .Lkept_2
    orl $0x04, %r11d
.Lkept_2:
    movq %rax, %rdx
    leaq RESULT(%rsp), %rsi
    leaq RESULT + 1(%rsp), %rcx
    lodsb
    cmpq %rcx, %rsi
    je .Lkept_direction
    orl $0x200, %r11d
    cld
.Lkept_direction:
    movl %r11d, ROUTINE(%rsp)
    movq HOOKS(%rsp), %r9
    testq %r9, %r9
    jz .Lkept_left
    movq CONTEXT(%r9), %rcx
    movq LEAVE(%r9), %rax
    testq %rax, %rax
    jz .Lkept_left
    call *%rax
.Lkept_left:

    movl ROUTINE(%rsp), %eax
    looked_at %rbx, 0, 0x01
    looked_at %rbp, 1, 0x02
    looked_at %rdi, 3, 0x08
    looked_at %r12, 4, 0x10
    looked_at %r13, 5, 0x20
    looked_at %r14, 6, 0x40
    looked_at %r15, 7, 0x80
    movdqa .Lpattern(%rip), %xmm4
    pcmpeqb %xmm5, %xmm5
    .irp number, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    looked_at_xmm \number
    .endr
    pmovmskb %xmm5, %ecx
    cmpl $0xffff, %ecx
    je .Lkept_xmm
    orl $0x100, %eax
.Lkept_xmm:
    .irp number, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movaps XMM + (\number - 6) * 16(%rsp), %xmm\number
    .endr
    addq $FRAME, %rsp
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
