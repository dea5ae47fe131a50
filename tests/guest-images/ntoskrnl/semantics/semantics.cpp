// SPDX-License-Identifier: MIT
#include "cases.hpp"

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    static const Case kCases[] = {{"events", events},
                                  {"wait_promised", wait_promised},
                                  {"wait_any_and_all", wait_any_and_all},
                                  {"semaphores", semaphores},
                                  {"mutexes", mutexes},
                                  {"timeouts", timeouts},
                                  {"threads", threads},
                                  {"dpcs", dpcs},
                                  {"dpc_order", dpc_order},
                                  {"timers", timers},
                                  {"periodic_timers", periodic_timers},
                                  {"clock_ticks", clock_ticks},
                                  {"work_items", work_items},
                                  {"spin_locks", spin_locks},
                                  {"pool", pool},
                                  {"strings", strings},
                                  {"copies", copies},
                                  {"slists", slists},
                                  {"addresses", addresses}};
    run_cases(kCases);
    DbgPrint("semantics: all cases ran\n");
    return STATUS_SUCCESS;
}
