// SPDX-License-Identifier: MIT
#include "exceptions.hpp"

Trail g_trail;

void touch(volatile int* address) {
    *address = 1;
}

int divide(int by) {
    volatile int divisor = by, dividend = 100;
    return dividend / divisor;
}

void raise_status(NTSTATUS status) {
    ExRaiseStatus(status);
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    static const Case kCases[] = {{"access_violation", access_violation},
                                  {"divide_error", divide_error},
                                  {"raised_statuses", raised_statuses},
                                  {"software_breakpoint", software_breakpoint},
                                  {"filter_order", filter_order},
                                  {"continue_execution", continue_execution},
                                  {"record_and_context", record_and_context},
                                  {"exception_in_filter", exception_in_filter},
                                  {"many_frames", many_frames},
                                  {"nonvolatile_registers", nonvolatile_registers},
                                  {"finally_on_exception", finally_on_exception},
                                  {"finally_without_exception", finally_without_exception},
                                  {"return_through_finally", return_through_finally},
                                  {"nested_unwinds", nested_unwinds},
                                  {"exception_in_finally", exception_in_finally},
                                  {"own_unwind", own_unwind},
                                  {"walk_by_hand", walk_by_hand},
                                  {"probes", probes},
                                  {"locked_pages", locked_pages},
                                  {"captured_buffers", captured_buffers},
                                  {"pool_that_raises", pool_that_raises},
                                  {"calls_that_raise", calls_that_raise},
                                  {"record_of_ones_own", record_of_ones_own},
                                  {"breakpoint_by_call", breakpoint_by_call},
                                  {"large_frame", large_frame}};
    run_cases(kCases, [] { g_trail.clear(); });
    DbgPrint("semantics: all cases ran\n");
    return STATUS_UNSUCCESSFUL;
}
