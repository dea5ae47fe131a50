// SPDX-License-Identifier: MIT
// Kernel timers. They expire at clock ticks, as in Windows: interrupt time is that of the last tick, both when a timer
// is set and when it is looked at.
#include "dbg/report.hpp"
#include "ke.hpp"

namespace nanont::ke {
namespace {

constexpr UCHAR kNotificationTimer = 8;
constexpr UCHAR kSynchronizationTimer = 9;

struct TimerAccess {
    static uint64_t due(const LIST_ENTRY& entry) {
        return CONTAINING_RECORD(&entry, const KTIMER, TimerListEntry)->DueTime.QuadPart;
    }
};

constinit TimerQueue<LIST_ENTRY, TimerAccess> g_timers{};

void signal(Locked locked, KTIMER& timer) {
    timer.Header.SignalState = 1;
    satisfy_waiters(locked, timer.Header);
    if (timer.Dpc != nullptr) {
        KeInsertQueueDpc(timer.Dpc, nullptr, nullptr);
    }
}

} // namespace

void init_timers() {
    g_timers.init();
}

ULONGLONG next_timer_due() {
    return g_timers.next_due();
}

bool remove_timer(Locked, KTIMER& timer) {
    if (!timer.Header.Inserted) {
        return false;
    }
    timer.Header.Inserted = FALSE;
    g_timers.remove(timer.TimerListEntry);
    return true;
}

void insert_timer(Locked locked, KTIMER& timer, LARGE_INTEGER due, ULONG period, KDPC* dpc) {
    const ULONGLONG now = interrupt_time();
    ULONGLONG when;
    if (due.QuadPart < 0) {
        when = now + static_cast<ULONGLONG>(-due.QuadPart);
    } else {
        const ULONGLONG system_now = system_time_of(now);
        const auto wanted = static_cast<ULONGLONG>(due.QuadPart);
        when = wanted > system_now ? now + (wanted - system_now) : now;
    }
    timer.DueTime.QuadPart = when;
    timer.Period = period;
    timer.Dpc = dpc;
    timer.Header.SignalState = 0;
    const bool already = when <= now;
    if (already && period != 0) {
        timer.DueTime.QuadPart = now + ULONGLONG{period} * 10'000;
    }
    if (!already || period != 0) {
        timer.Header.Inserted = TRUE;
        g_timers.insert(timer.TimerListEntry);
    }
    if (already) {
        signal(locked, timer);
    }
}

void expire_timers() {
    if (g_timers.next_due() > interrupt_time()) {
        return;
    }
    DispatcherLock lock;
    const ULONGLONG now = interrupt_time();
    while (LIST_ENTRY* entry = g_timers.pop_due(now)) {
        KTIMER& timer = *CONTAINING_RECORD(entry, KTIMER, TimerListEntry);
        timer.Header.Inserted = FALSE;
        if (timer.Period != 0) {
            // Ticks that were missed are not made up for: the next expiry lies in the future.
            const ULONGLONG period = ULONGLONG{timer.Period} * 10'000;
            timer.DueTime.QuadPart += period;
            if (timer.DueTime.QuadPart <= now) {
                timer.DueTime.QuadPart += (now - timer.DueTime.QuadPart) / period * period + period;
            }
            timer.Header.Inserted = TRUE;
            g_timers.insert(timer.TimerListEntry);
        }
        signal(Locked{}, timer);
    }
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

extern "C" {

VOID NTAPI KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type) {
    *Timer = {};
    Timer->Header.Type = Type == SynchronizationTimer ? kSynchronizationTimer : kNotificationTimer;
    Timer->Header.Size = sizeof(KTIMER) / sizeof(LONG);
    List::init(Timer->Header.WaitListHead);
    List::init(Timer->TimerListEntry);
}

VOID NTAPI KeInitializeTimer(PKTIMER Timer) {
    KeInitializeTimerEx(Timer, NotificationTimer);
}

BOOLEAN NTAPI KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc) {
    DispatcherLock lock;
    const bool was_set = remove_timer(Locked{}, *Timer);
    insert_timer(Locked{}, *Timer, DueTime, Period > 0 ? static_cast<ULONG>(Period) : 0, Dpc);
    return was_set;
}

BOOLEAN NTAPI KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) {
    return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}

BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG, PKDPC Dpc) {
    return KeSetTimerEx(Timer, DueTime, static_cast<LONG>(Period), Dpc); // a delay of 0 is within every tolerance
}

BOOLEAN NTAPI KeCancelTimer(PKTIMER Timer) {
    DispatcherLock lock;
    return remove_timer(Locked{}, *Timer);
}

BOOLEAN NTAPI KeReadStateTimer(PKTIMER Timer) {
    return Timer->Header.SignalState != 0;
}

} // extern "C"
