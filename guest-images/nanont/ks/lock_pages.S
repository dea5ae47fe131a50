/* SPDX-License-Identifier: MIT */
/* What `__try { MmProbeAndLockPages(...); } __except (EXCEPTION_EXECUTE_HANDLER) { return GetExceptionCode(); }` is, by
 * hand: GCC has no __try. The scope table is the one of __C_specific_handler ("x64 exception handling"): where the guarded
 * code begins and ends, the filter (1: takes everything), where __except goes on, with the exception's code in RAX. */
    .text

/* NTSTATUS ks_lock_pages(PMDL, KPROCESSOR_MODE, LOCK_OPERATION): STATUS_SUCCESS, or what was raised. <= APC_LEVEL. */
    .globl ks_lock_pages
    .seh_proc ks_lock_pages
ks_lock_pages:
    subq $40, %rsp
    .seh_stackalloc 40
    .seh_endprologue
.Lguarded:
    call *__imp_MmProbeAndLockPages(%rip)
    nop /* the call's return address must lie inside, too */
.Lguarded_end:
    xorl %eax, %eax
.Lexcept:
    addq $40, %rsp
    ret
    .seh_handler __C_specific_handler, @except
    .seh_handlerdata
    .long 1
    .rva .Lguarded, .Lguarded_end
    .long 1
    .rva .Lexcept
    .text
    .seh_endproc
