// SPDX-License-Identifier: MIT
// two_cpus.sys: what drivers count on when a second processor runs, tried from inside a driver and printed.
// two_cpus_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#include "../semantics/cases.hpp"

#include "../../support/other_thread.hpp"

extern "C" {
__declspec(dllimport) KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY);
__declspec(dllimport) VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY);
__declspec(dllimport) ULONG NTAPI KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER);
__declspec(dllimport) VOID NTAPI KeSetSystemAffinityThread(KAFFINITY);
__declspec(dllimport) VOID NTAPI KeRevertToUserAffinityThread(VOID);
__declspec(dllimport) VOID NTAPI KeSetSystemGroupAffinityThread(PGROUP_AFFINITY, PGROUP_AFFINITY);
__declspec(dllimport) VOID NTAPI KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY);
}

inline ULONG here() {
    return KeGetCurrentProcessorNumberEx(nullptr);
}

void processors_are_counted(), each_affinity_call_moves_the_thread(), a_pulse_is_no_state(),
    threads_go_where_they_are_told(), threads_run_at_the_same_time();
void a_spin_lock_keeps_the_other_out(), an_idle_processor_takes_a_ready_thread(), unmapped_pages_are_forgotten();
void dpcs_run_where_they_are_targeted(), a_flush_waits_for_the_other_processor(), unimportant_dpcs_wait();
void interlocked_lists_are_shared(), a_timer_dpc_runs_on_its_processor();
