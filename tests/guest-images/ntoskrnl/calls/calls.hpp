// SPDX-License-Identifier: MIT
// calls.sys: exports that no other test driver uses, tried with right and wrong input as their public documentation has
// it. calls_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#define CHECKS_OF "calls"
#include "../../support/checks.hpp"

// Every export as an import of its own: what headers make an inline function or a macro is called as the export it is.
#define NANONT_EXPORT(name, state, limit, missing, ...) extern "C" void (*__imp_##name)();
#define NANONT_EXPORT_DATA(name, state, missing, ...)
#include "ntoskrnl/exports.inc"
#undef NANONT_EXPORT
#undef NANONT_EXPORT_DATA

/// The export `name` as a pointer to a function: EXPORT(strlen, SIZE_T (*)(const char*))("abc").
#define EXPORT(name, ...) (reinterpret_cast<__VA_ARGS__>(__imp_##name))

extern PDRIVER_OBJECT g_driver;

/// The same bytes.
bool same(const void* a, const void* b, SIZE_T bytes);
/// Text with its zero.
bool is(const char* seen, const char* expected);
bool is(const WCHAR* seen, const WCHAR* expected);

void narrow_characters(), wide_characters(), formats(), memory(), debug_text(); // characters.cpp
void counted_strings(), ansi_and_unicode(), numbers_and_guids(), dates(), versions(), security(),
    access_lists(); // strings.cpp
void mutexes(), regions(), irql(), threads(), timers_and_time(), processors(), lists(),
    lookaside(); // synchronization.cpp
void pool_forms(), remove_locks(), irps(), memory_lists(), work_items(), cancel_safe_queues(), paging(); // requests.cpp
void mutex_of_another(), pulses(), remove_lock_of_another(), vector_registers();                         // threads.cpp
void requests_in_flight(); // in_flight.cpp
void names_refused(), opens_refused(), named_events(), handles_refused(), requests_refused(),
    no_handle_kept();                                                                            // refusals.cpp
void device_stacks(), references(), handles(), events_by_handle(), keys_by_handle(), identity(); // objects.cpp
