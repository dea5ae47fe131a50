// SPDX-License-Identifier: MIT
// Calls into a driver that look whether it keeps the nonvolatile registers (V67): kept_call.S. No platform headers, as
// every header of common/.
#ifndef NANONT_COMMON_KEPT_CALL_HPP
#define NANONT_COMMON_KEPT_CALL_HPP

#include <stdint.h>

/// Called right before the routine and right after it, with what it returned; `leave` may be NULL.
struct nanont_call_hooks {
    void (*enter)(void* context);
    void (*leave)(void* context, uintptr_t result);
    void* context;
};

/// Calls `routine` with `count` words, twelve at most (at `arguments` there are twelve, or four when `count` is no
/// more: those it always gets). What it returns goes to `*result`; the answer is 0, or a bit for each register that it
/// changed: 1 rbx, 2 rbp, 4 rsi, 8 rdi, 0x10 to 0x80 r12 to r15, 0x100 one of xmm6 to xmm15, 0x200 the direction flag.
/// `hooks`: NULL, none. Any IRQL.
extern "C" uint32_t nanont_kept_call(const void* routine, const uintptr_t* arguments, uintptr_t* result,
                                     const nanont_call_hooks* hooks, uint32_t count);

namespace nanont {

/// What a parameter is in its register: numbers, pointers, and unions of a register's size (POWER_STATE); no floating
/// point.
template <typename Value> uintptr_t register_word(Value value) {
    static_assert(sizeof(Value) == 1 || sizeof(Value) == 2 || sizeof(Value) == 4 || sizeof(Value) == 8,
                  "others are passed by reference, which is another word");
    uintptr_t word = 0;
    __builtin_memcpy(&word, &value, sizeof(Value));
    return word;
}

/// `judge` is told of the routine what nanont_kept_call answers; the routine's own result is handed through.
template <typename Result, typename... Words>
Result kept_call(void (*judge)(const void* routine, uint32_t changed), const nanont_call_hooks* hooks,
                 const void* routine, Words... words) {
    static_assert(sizeof...(Words) <= 12);
    const uintptr_t arguments[sizeof...(Words) <= 4 ? 4 : 12] = {words...};
    uintptr_t result = 0;
    judge(routine, nanont_kept_call(routine, arguments, &result, hooks, sizeof...(Words)));
    if constexpr (!__is_same(Result, void)) {
        Result typed;
        __builtin_memcpy(&typed, &result, sizeof(Result));
        return typed;
    }
}

} // namespace nanont

#endif
