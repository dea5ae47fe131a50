// SPDX-License-Identifier: MIT
// Sleeping to the 100 ns, whatever the clock ticks at: for the score's agent, whose PnP and power requests come into
// the middle of what a client does, not at its ticks. No driver gets it: Windows' timers expire at ticks.
#include "ke.hpp"

namespace nanont::ke {
namespace {

/// On the stack of who sleeps.
struct Alarm {
    Alarm* next;
    ULONGLONG due;
    KEVENT event;
};

Alarm* g_alarms;                                // soonest first, under the dispatcher lock
volatile ULONGLONG g_next_alarm = MAXULONGLONG; // of the first; MAXULONGLONG while alarms ring
volatile bool g_ringing;

void plan_next_alarm(Locked) {
    g_next_alarm = g_alarms != nullptr ? g_alarms->due : MAXULONGLONG;
    if (g_alarms == nullptr) {
        return;
    }
    if (this_processor().number == 0) {
        arm_clock();
    } else {
        request(g_processors[0], kReplanClock);
    }
}

} // namespace

ULONGLONG next_alarm() {
    return g_next_alarm;
}

bool alarms_ring() {
    return g_ringing;
}

void ring_alarms() {
    g_ringing = true;
    g_next_alarm = MAXULONGLONG; // the clock is not to come for it again
}

void answer_alarms() {
    if (!g_ringing) {
        return;
    }
    DispatcherLock lock;
    g_ringing = false;
    const auto now = static_cast<ULONGLONG>(KeQueryPerformanceCounter(nullptr).QuadPart);
    while (g_alarms != nullptr && g_alarms->due <= now) {
        Alarm& alarm = *g_alarms;
        g_alarms = alarm.next;
        alarm.event.Header.SignalState = 1;
        satisfy_waiters(Locked{}, alarm.event.Header);
    }
    plan_next_alarm(Locked{});
}

void sleep_exactly(ULONGLONG time_100ns) {
    Alarm alarm{};
    KeInitializeEvent(&alarm.event, NotificationEvent, FALSE);
    alarm.due = static_cast<ULONGLONG>(KeQueryPerformanceCounter(nullptr).QuadPart) + time_100ns;
    {
        DispatcherLock lock;
        Alarm** place = &g_alarms;
        while (*place != nullptr && (*place)->due <= alarm.due) {
            place = &(*place)->next;
        }
        alarm.next = *place;
        *place = &alarm;
        if (!g_ringing) {
            plan_next_alarm(Locked{});
        }
    }
    KeWaitForSingleObject(&alarm.event, Executive, KernelMode, FALSE, nullptr);
}

} // namespace nanont::ke

extern "C" VOID NTAPI NanontSleep(ULONGLONG Time) {
    nanont::ke::sleep_exactly(Time);
}
