// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include <pool.hpp>

#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "locks.hpp"
#include "rules.hpp"

namespace nanont::vf {
namespace {

constexpr ULONG kLongestStall = 50; // us

bool drivers(const void* from) {
    return ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from));
}

VOID NTAPI stall(ULONG microseconds) {
    judged(10);
    if (microseconds > kLongestStall) {
        char text[160];
        _snprintf(text, sizeof(text) - 1, "V10 KeStallExecutionProcessor(%lu) at %s; it is meant for 50 us at most",
                  microseconds, dbg::Place(__builtin_return_address(0)).text);
        text[sizeof(text) - 1] = '\0';
        finding(10, microseconds, kLongestStall, text);
    }
    KeStallExecutionProcessor(microseconds);
}

} // namespace

void memory_goes(const void* begin, SIZE_T bytes, const void* from) {
    judged(55);
    judged(56);
    if (const KTIMER* timer = ke::timer_within(begin, bytes)) {
        finding_at(55, reinterpret_cast<ULONG_PTR>(timer), "V55 memory freed at %s holds a timer that is set", from);
        KeCancelTimer(
            const_cast<KTIMER*>(timer)); // it is told; what follows shall be the driver's doing, not this one's
    }
    if (const KDPC* dpc = ke::dpc_within(begin, bytes)) {
        finding_at(56, reinterpret_cast<ULONG_PTR>(dpc), "V56 memory freed at %s holds a DPC that waits to run", from);
        KeRemoveQueueDpc(const_cast<KDPC*>(dpc));
    }
    forget_locks(reinterpret_cast<ULONG_PTR>(begin), bytes);
}

void timer_initialised(const KTIMER& timer, const void* from) {
    if (!drivers(from)) {
        return;
    }
    judged(57);
    if (ke::timer_within(&timer, 1) != nullptr) {
        finding_at(57, reinterpret_cast<ULONG_PTR>(&timer), "V57 the timer that %s initialises is set", from);
        KeCancelTimer(const_cast<KTIMER*>(&timer));
    }
}

void dpc_initialised(const KDPC& dpc, const void* from) {
    if (!drivers(from)) {
        return;
    }
    judged(57);
    if (ke::dpc_within(&dpc, 1) != nullptr) {
        finding_at(57, reinterpret_cast<ULONG_PTR>(&dpc), "V57 the DPC that %s initialises waits to run", from);
        KeRemoveQueueDpc(const_cast<KDPC*>(&dpc));
    }
}

void check_type(UCHAR type, UCHAR expected, const char* what, const void* from) {
    if (!drivers(from)) {
        return;
    }
    judged(58);
    if (type != expected) {
        char text[160];
        _snprintf(text, sizeof(text) - 1, "V58 the %s that %s uses was never initialised", what, dbg::Place(from).text);
        text[sizeof(text) - 1] = '\0';
        finding(58, type, expected, text);
    }
}

bool is_fresh_memory(ULONG_PTR lock_word, const void* from) {
    constexpr ULONG_PTR kFresh = Pool::kFreshByte * 0x0101010101010101ull;
    if (lock_word != kFresh) {
        return false;
    }
    finding_at(58, 0, "V58 the spin lock that %s takes was never initialised: it lies in fresh pool", from);
    return true;
}

ULONGLONG watched_export(const char* name, ULONGLONG target) {
    return strcmp(name, "KeStallExecutionProcessor") == 0 ? reinterpret_cast<ULONGLONG>(&stall) : target;
}

} // namespace nanont::vf
