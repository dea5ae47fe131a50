// SPDX-License-Identifier: MIT
// Kernel timers. They expire at clock ticks, as in Windows: interrupt time is that of the last tick, both when a timer
// is set and when it is looked at.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "ldr/ldr.hpp"
#include "vf/memory.hpp"
#include "vf/troubles.hpp"

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

const KTIMER* timer_within(const void* begin, SIZE_T bytes) {
    DispatcherLock lock;
    const LIST_ENTRY* found = g_timers.find([&](const LIST_ENTRY& entry) {
        const KTIMER* timer = CONTAINING_RECORD(&entry, KTIMER, TimerListEntry);
        return reinterpret_cast<ULONG_PTR>(timer) - reinterpret_cast<ULONG_PTR>(begin) < bytes;
    });
    return found != nullptr ? CONTAINING_RECORD(found, KTIMER, TimerListEntry) : nullptr;
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

namespace {

void initialize(KTIMER* Timer, TIMER_TYPE Type, const void* from) {
    vf::timer_initialised(*Timer, from);
    *Timer = {};
    Timer->Header.Type = Type == SynchronizationTimer ? kSynchronizationTimer : kNotificationTimer;
    Timer->Header.Size = sizeof(KTIMER) / sizeof(LONG);
    List::init(Timer->Header.WaitListHead);
    List::init(Timer->TimerListEntry);
}

BOOLEAN set(KTIMER* Timer, LARGE_INTEGER DueTime, LONG Period, KDPC* Dpc, const void* from) {
    const bool is_timer = Timer->Header.Type == kNotificationTimer || Timer->Header.Type == kSynchronizationTimer;
    vf::check_type(Timer->Header.Type, is_timer ? Timer->Header.Type : kNotificationTimer, "KTIMER", from);
    if (!is_timer) {
        initialize(Timer, NotificationTimer, from); // it is told; its links must not be followed
    }
    constexpr ULONG kLatest = 20'000; // 100 ns
    if (vf::has_trouble(NANONT_CHOICE_LATE_TIMERS) && !ldr::in_kernel(reinterpret_cast<ULONG_PTR>(from))) {
        const LONGLONG late = vf::draw_trouble(NANONT_CHOICE_LATE_TIMERS, kLatest);
        DueTime.QuadPart += DueTime.QuadPart < 0 ? -late : late;
    }
    DispatcherLock lock;
    const bool was_set = remove_timer(Locked{}, *Timer);
    insert_timer(Locked{}, *Timer, DueTime, Period > 0 ? static_cast<ULONG>(Period) : 0, Dpc);
    return was_set;
}

} // namespace

VOID NTAPI KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type) {
    initialize(Timer, Type, __builtin_return_address(0));
}

VOID NTAPI KeInitializeTimer(PKTIMER Timer) {
    initialize(Timer, NotificationTimer, __builtin_return_address(0));
}

BOOLEAN NTAPI KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc) {
    return set(Timer, DueTime, Period, Dpc, __builtin_return_address(0));
}

BOOLEAN NTAPI KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) {
    return set(Timer, DueTime, 0, Dpc, __builtin_return_address(0));
}

BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG, PKDPC Dpc) {
    return set(Timer, DueTime, static_cast<LONG>(Period), Dpc,
               __builtin_return_address(0)); // a delay of 0 is within every tolerance
}

BOOLEAN NTAPI KeCancelTimer(PKTIMER Timer) {
    DispatcherLock lock;
    return remove_timer(Locked{}, *Timer);
}

BOOLEAN NTAPI KeReadStateTimer(PKTIMER Timer) {
    return Timer->Header.SignalState != 0;
}

} // extern "C"
