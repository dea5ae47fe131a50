// SPDX-License-Identifier: MIT
// Threads that want to run on certain CPUs only.
#include "dbg/report.hpp"
#include "ke.hpp"

namespace nanont::ke {
namespace {

/// Sets the calling thread's affinity and goes where it says; at DISPATCH_LEVEL, as documented, when IRQL falls below.
/// Returns the one before; 0, and changes nothing, when the mask holds no CPU that runs.
KAFFINITY move_to(KAFFINITY wanted) {
    if ((wanted & KeQueryActiveProcessors()) == 0) {
        return 0;
    }
    Thread& thread = *current_thread();
    const bool can_go_now = current_irql() < DISPATCH_LEVEL;
    DispatcherLock lock;
    const KAFFINITY before = thread.affinity;
    thread.affinity = wanted;
    if ((wanted >> this_processor().number & 1) != 0) {
        return before;
    }
    if (can_go_now) {
        thread.quantum_ticks_left = 0;
        make_ready(Locked{}, thread); // on a CPU it may run on; it stands here until that one takes it
        switch_thread(Locked{});
    } else {
        this_processor().reschedule = true;
        request_dispatch(this_processor());
    }
    return before;
}

constexpr KAFFINITY kEverywhere = ~KAFFINITY{0};

KAFFINITY visible(KAFFINITY affinity) {
    return affinity == kEverywhere ? 0 : affinity; // documented: 0 when the thread had none of its own
}

} // namespace
} // namespace nanont::ke

using namespace nanont::ke;

extern "C" {

VOID export_KeSetSystemAffinityThread(KAFFINITY Affinity) __asm__("KeSetSystemAffinityThread");
VOID export_KeSetSystemAffinityThread(KAFFINITY Affinity) {
    move_to(Affinity);
}

KAFFINITY export_KeSetSystemAffinityThreadEx(KAFFINITY Affinity) __asm__("KeSetSystemAffinityThreadEx");
KAFFINITY export_KeSetSystemAffinityThreadEx(KAFFINITY Affinity) {
    return visible(move_to(Affinity));
}

VOID export_KeRevertToUserAffinityThread(VOID) __asm__("KeRevertToUserAffinityThread");
VOID export_KeRevertToUserAffinityThread(VOID) {
    move_to(kEverywhere);
}

VOID export_KeRevertToUserAffinityThreadEx(KAFFINITY Affinity) __asm__("KeRevertToUserAffinityThreadEx");
VOID export_KeRevertToUserAffinityThreadEx(KAFFINITY Affinity) {
    move_to(Affinity != 0 ? Affinity : kEverywhere);
}

VOID export_KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity,
                                           PGROUP_AFFINITY PreviousAffinity) __asm__("KeSetSystemGroupAffinityThread");
VOID export_KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity) {
    const KAFFINITY before = Affinity->Group == 0 ? visible(move_to(Affinity->Mask)) : 0;
    if (PreviousAffinity != nullptr) {
        *PreviousAffinity = {};
        PreviousAffinity->Mask = before;
    }
}

VOID export_KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity) __asm__(
    "KeRevertToUserGroupAffinityThread");
VOID export_KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity) {
    move_to(PreviousAffinity->Mask != 0 ? PreviousAffinity->Mask : kEverywhere);
}

} // extern "C"
