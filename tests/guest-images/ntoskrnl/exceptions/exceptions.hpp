// SPDX-License-Identifier: MIT
// exceptions.sys: structured exception handling as a driver's compiler uses it (clang, MSVC ABI), tried from inside and
// printed. Expectations: "Structured exception handling" and "x64 exception handling", learn.microsoft.com.
#pragma once

#include "../semantics/cases.hpp"

extern "C" {
unsigned long _exception_code();
void* _exception_info();
}

#define NOINLINE __attribute__((noinline))
inline constexpr int kExecuteHandler = 1, kContinueSearch = 0, kContinueExecution = -1;

/** What happened, in order; CHECK_TRAIL compares. */
struct Trail {
    char text[64];
    int length;
    NOINLINE void clear() {
        length = 0;
        text[0] = 0;
    }
    NOINLINE void add(char what) {
        if (length < 63) text[length++] = what;
        text[length] = 0;
    }
};
extern Trail g_trail;

#define CHECK_TRAIL(expected)                                                                                          \
    do {                                                                                                               \
        if (strcmp(g_trail.text, expected) != 0)                                                                       \
            DbgPrint("semantics: FAILED %s:%d: went \"%s\", expected \"%s\"\n", __FILE__, __LINE__, g_trail.text,      \
                     expected);                                                                                        \
    } while (0)

// Ways to raise; never inlined, as a compiler guards calls only.
void NOINLINE touch(volatile int* address);
int NOINLINE divide(int by);
void NOINLINE raise_status(NTSTATUS status);

// handling.cpp
void access_violation(), divide_error(), raised_statuses(), software_breakpoint(), filter_order(), continue_execution(),
    record_and_context(), exception_in_filter(), many_frames(), nonvolatile_registers();
// unwinding.cpp
void finally_on_exception(), finally_without_exception(), return_through_finally(), nested_unwinds(),
    exception_in_finally(), own_unwind(), walk_by_hand();
// raising.cpp
void calls_that_raise(), record_of_ones_own(), breakpoint_by_call(), large_frame();
// probing.cpp
void probes(), locked_pages(), captured_buffers(), pool_that_raises();
