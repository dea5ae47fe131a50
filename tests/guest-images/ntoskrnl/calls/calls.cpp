// SPDX-License-Identifier: MIT
#include "calls.hpp"

PDRIVER_OBJECT g_driver;

bool same(const void* a, const void* b, SIZE_T bytes) {
    return RtlCompareMemory(a, b, bytes) == bytes;
}

namespace {

template <typename Character> bool equal(const Character* a, const Character* b) {
    for (; *a == *b; ++a, ++b) {
        if (*a == 0) return true;
    }
    return false;
}

} // namespace

bool is(const char* seen, const char* expected) {
    return equal(seen, expected);
}

bool is(const WCHAR* seen, const WCHAR* expected) {
    return equal(seen, expected);
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    g_driver = driver;
    static const Case cases[] = {CASE(narrow_characters),
                                 CASE(wide_characters),
                                 CASE(formats),
                                 CASE(memory),
                                 CASE(debug_text),
                                 CASE(counted_strings),
                                 CASE(ansi_and_unicode),
                                 CASE(numbers_and_guids),
                                 CASE(dates),
                                 CASE(versions),
                                 CASE(security),
                                 CASE(access_lists),
                                 CASE(mutexes),
                                 CASE(regions),
                                 CASE(irql),
                                 CASE(threads),
                                 CASE(timers_and_time),
                                 CASE(processors),
                                 CASE(lists),
                                 CASE(lookaside),
                                 CASE(pool_forms),
                                 CASE(remove_locks),
                                 CASE(irps),
                                 CASE(memory_lists),
                                 CASE(work_items),
                                 CASE(cancel_safe_queues),
                                 CASE(paging),
                                 CASE(device_stacks),
                                 CASE(references),
                                 CASE(handles),
                                 CASE(events_by_handle),
                                 CASE(keys_by_handle),
                                 CASE(identity),
                                 CASE(mutex_of_another),
                                 CASE(pulses),
                                 CASE(remove_lock_of_another),
                                 CASE(vector_registers),
                                 CASE(requests_in_flight),
                                 CASE(names_refused),
                                 CASE(opens_refused),
                                 CASE(named_events),
                                 CASE(handles_refused),
                                 CASE(requests_refused),
                                 CASE(no_handle_kept)};
    run_cases(cases);
    DbgPrint("calls: all cases ran\n");
    return STATUS_UNSUCCESSFUL; // nothing is left behind, and no device is wanted
}
