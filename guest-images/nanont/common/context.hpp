// SPDX-License-Identifier: MIT
// CONTEXT and EXCEPTION_RECORD of x64 as Windows lays them out (winnt.h, "CONTEXT structure", learn.microsoft.com), and
// what goes with them; under names of our own, so that code with no kernel in it can use them on the host too.
#ifndef NANONT_COMMON_CONTEXT_HPP
#define NANONT_COMMON_CONTEXT_HPP

#include <stddef.h>
#include <stdint.h>

namespace nanont {

struct alignas(16) Xmm {
    uint64_t low, high;
};

/// XMM_SAVE_AREA32: what FXSAVE writes.
struct alignas(16) FloatSave {
    uint16_t control_word, status_word;
    uint8_t tag_word, reserved1;
    uint16_t error_opcode;
    uint32_t error_offset;
    uint16_t error_selector, reserved2;
    uint32_t data_offset;
    uint16_t data_selector, reserved3;
    uint32_t mxcsr, mxcsr_mask;
    Xmm float_registers[8];
    Xmm xmm[16];
    uint8_t reserved4[96];
};

enum Register : unsigned {
    kRax,
    kRcx,
    kRdx,
    kRbx,
    kRsp,
    kRbp,
    kRsi,
    kRdi,
    kR8,
    kR9,
    kR10,
    kR11,
    kR12,
    kR13,
    kR14,
    kR15
};

struct alignas(16) Context {
    uint64_t home[6];
    uint32_t flags; // kContext*
    uint32_t mxcsr;
    uint16_t cs, ds, es, fs, gs, ss;
    uint32_t eflags;
    uint64_t debug[6];
    uint64_t integer[16]; // as the processor's instructions number them: rax rcx rdx rbx rsp rbp rsi rdi r8..r15
    uint64_t rip;
    FloatSave floating;
    Xmm vector[26];
    uint64_t vector_control, debug_control, last_branch_to, last_branch_from, last_exception_to, last_exception_from;

    uint64_t& rsp() { return integer[kRsp]; }
    uint64_t rsp() const { return integer[kRsp]; }
};
static_assert(offsetof(Context, mxcsr) == 0x34 && offsetof(Context, eflags) == 0x44 &&
              offsetof(Context, integer) == 0x78 && offsetof(Context, rip) == 0xf8 &&
              offsetof(Context, floating) == 0x100 && offsetof(Context, floating.xmm) == 0x1a0 &&
              offsetof(Context, vector) == 0x300 && sizeof(Context) == 0x4d0);

inline constexpr uint32_t kContextControl = 0x100001;
inline constexpr uint32_t kContextInteger = 0x100002;
inline constexpr uint32_t kContextSegments = 0x100004;
inline constexpr uint32_t kContextFloatingPoint = 0x100008;
inline constexpr uint32_t kContextFull = kContextControl | kContextInteger | kContextFloatingPoint;
inline constexpr uint32_t kContextUnwound = 0x20000000; // CONTEXT_UNWOUND_TO_CALL: rip is a return address

/// EXCEPTION_RECORD.
struct ExceptionRecord {
    uint32_t code;
    uint32_t flags; // kException*
    ExceptionRecord* nested;
    uint64_t address;
    uint32_t parameter_count;
    uint64_t information[15];
};
static_assert(offsetof(ExceptionRecord, information) == 0x20 && sizeof(ExceptionRecord) == 0x98);

inline constexpr uint32_t kExceptionNoncontinuable = 0x01;
inline constexpr uint32_t kExceptionUnwinding = 0x02;
inline constexpr uint32_t kExceptionExitUnwind = 0x04;
inline constexpr uint32_t kExceptionStackInvalid = 0x08;
inline constexpr uint32_t kExceptionNestedCall = 0x10;
inline constexpr uint32_t kExceptionTargetUnwind = 0x20;
inline constexpr uint32_t kExceptionCollidedUnwind = 0x40;
inline constexpr uint32_t kExceptionUnwind = kExceptionUnwinding | kExceptionExitUnwind;

/// RUNTIME_FUNCTION: an entry of .pdata; RVAs all.
struct RuntimeFunction {
    uint32_t begin, end, unwind;
};

/// KNONVOLATILE_CONTEXT_POINTERS: where each register of a caller was found; 0 = it is still in the register.
struct ContextPointers {
    uint64_t xmm[16];
    uint64_t integer[16];
};

} // namespace nanont

#endif
