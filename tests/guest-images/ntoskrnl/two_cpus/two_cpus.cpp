// SPDX-License-Identifier: MIT
#include "two_cpus.hpp"

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    static constexpr Case kCases[] = {
        {"processors_are_counted", processors_are_counted},
        {"each_affinity_call_moves_the_thread", each_affinity_call_moves_the_thread},
        {"a_pulse_is_no_state", a_pulse_is_no_state},
        {"threads_go_where_they_are_told", threads_go_where_they_are_told},
        {"threads_run_at_the_same_time", threads_run_at_the_same_time},
        {"a_spin_lock_keeps_the_other_out", a_spin_lock_keeps_the_other_out},
        {"an_idle_processor_takes_a_ready_thread", an_idle_processor_takes_a_ready_thread},
        {"unmapped_pages_are_forgotten", unmapped_pages_are_forgotten},
        {"dpcs_run_where_they_are_targeted", dpcs_run_where_they_are_targeted},
        {"a_flush_waits_for_the_other_processor", a_flush_waits_for_the_other_processor},
        {"unimportant_dpcs_wait", unimportant_dpcs_wait},
        {"interlocked_lists_are_shared", interlocked_lists_are_shared},
        {"a_timer_dpc_runs_on_its_processor", a_timer_dpc_runs_on_its_processor}};
    run_cases(kCases);
    DbgPrint("semantics: all cases ran\n");
    return STATUS_SUCCESS;
}
