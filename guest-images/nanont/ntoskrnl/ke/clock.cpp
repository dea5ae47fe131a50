// SPDX-License-Identifier: MIT
// The clock: ticks at planned times, 15.625 ms apart, or what ExSetTimerResolution asks for down to 1 ms. At a tick the
// page shared with drivers (KUSER_SHARED_DATA) moves on, timers expire, quanta end, and whatever should long be over
// is found out.
#include "call_watch.hpp"
#include "dbg/report.hpp"
#include "ke.hpp"
#include "mm/mm.hpp"
#include "shared_page.hpp"
#include "vf/resolution.hpp"

namespace nanont::ke {
namespace {

constexpr ULONG kSlowestTick = 156'250; // 100 ns
constexpr ULONG kFastestTick = 10'000;
constexpr ULONGLONG kSecond = 10'000'000;
constexpr ULONGLONG kDpcLimit = 1 * kSecond;    // of one DPC routine, and of those that run without a thread in between
constexpr ULONGLONG kIdleLimit = 600 * kSecond; // with nothing but device interrupts to hope for

KUSER_SHARED_DATA* g_shared; // the writable view
ULONGLONG g_boot_time;
volatile ULONGLONG g_interrupt_time;
ULONG g_tick = kSlowestTick; // length of a tick
ULONG g_resolution_requests;
ULONGLONG g_next_tick;
ULONGLONG g_last_thread_ran; // interrupt time at which a thread other than an idle one last ran

/// Written so that a reader between the stores sees high halves that differ.
void publish(volatile KSYSTEM_TIME& where, ULONGLONG value) {
    where.High2Time = static_cast<LONG>(value >> 32);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    where.LowPart = static_cast<ULONG>(value);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    where.High1Time = static_cast<LONG>(value >> 32);
}

void publish_time(ULONGLONG now) {
    g_interrupt_time = now;
    publish(g_shared->InterruptTime, now);
    publish(g_shared->SystemTime, g_boot_time + now);
    publish(g_shared->TickCount, now / kSlowestTick);
}

ULONGLONG now_precise() {
    return static_cast<ULONGLONG>(KeQueryPerformanceCounter(nullptr).QuadPart);
}

/// For the next tick, or what is to come before it: a DPC that is held back, the end of an exact sleep.
void arm_clock(ULONGLONG now) {
    const ULONG late = next_late_dpc(g_processors[0]);
    ULONGLONG wanted = late != MAXULONG ? now + late : MAXULONGLONG;
    wanted = next_alarm() < wanted ? next_alarm() : wanted;
    HalArmClock(wanted < g_next_tick ? wanted : g_next_tick, now);
}

void plan_next_tick(ULONGLONG now) {
    g_next_tick = g_interrupt_time + g_tick;
    if (g_next_tick <= now) {
        g_next_tick += (now - g_next_tick) / g_tick * g_tick + g_tick;
    }
    arm_clock(now);
}

void look_for_a_stuck_dpc(Processor& processor, ULONGLONG now) {
    if (processor.current_dpc != nullptr && now - processor.dpc_began > kDpcLimit) {
        dbg::bugcheck(DPC_WATCHDOG_VIOLATION, 0, (now - processor.dpc_began) / kSlowestTick, kDpcLimit / kSlowestTick,
                      reinterpret_cast<ULONG_PTR>(processor.current_dpc),
                      "DPC routine %s has been running for %I64u ms; it should return within 100 us",
                      dbg::Place(reinterpret_cast<void*>(processor.current_dpc)).text,
                      (now - processor.dpc_began) / 10'000);
    }
    // DPCs that queue one another: each is short, and no thread ever runs again.
    if (processor.dpcs_began != 0 && now - processor.dpcs_began > kDpcLimit) {
        dbg::bugcheck(DPC_WATCHDOG_VIOLATION, 1, (now - processor.dpcs_began) / kSlowestTick, kDpcLimit / kSlowestTick,
                      0, "DPCs have been running one after the other for %I64u ms%s%s; threads should run in between",
                      (now - processor.dpcs_began) / 10'000, processor.current_dpc != nullptr ? ", now " : "",
                      processor.current_dpc != nullptr ? dbg::Place(reinterpret_cast<void*>(processor.current_dpc)).text
                                                       : "");
    }
}

void look_for_the_end_of_everything(ULONGLONG now) {
    for (ULONG i = 0; i < processor_count(); ++i) {
        if (!is_idle(g_processors[i])) {
            g_last_thread_ran = now;
            return;
        }
    }
    const bool can_be_woken = connected_interrupts() != 0;
    const bool has_timers = next_timer_due() != MAXULONGLONG || next_alarm() != MAXULONGLONG;
    const ULONGLONG limit = can_be_woken ? kIdleLimit : kSecond;
    if (!has_timers && !a_call_is_watched() && now - g_last_thread_ran > limit) {
        dbg::say("nothing can run: no thread is ready, no timer is set%s, for %I64u ms; every thread waits for "
                 "something that will not come",
                 can_be_woken ? ", and no interrupt woke one" : ", no interrupt is connected",
                 (now - g_last_thread_ran) / 10'000);
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_TIMEOUT));
    }
}

} // namespace

ULONGLONG interrupt_time() {
    return g_interrupt_time;
}

ULONGLONG system_time_of(ULONGLONG time) {
    return g_boot_time + time;
}

void start_clock() {
    g_shared = mm::map_shared_user_data();
    g_boot_time = HalQueryBootTime();
    fill_shared_page(*g_shared);
    cpu::InterruptsOff off;
    publish_time(now_precise() / kSlowestTick * kSlowestTick);
    g_last_thread_ran = g_interrupt_time;
    plan_next_tick(now_precise());
}

void arm_clock() {
    cpu::InterruptsOff off;
    arm_clock(now_precise());
}

void replan_clock() {
    cpu::InterruptsOff off;
    plan_next_tick(now_precise());
}

void tick(Processor& processor, ULONGLONG now) {
    Thread* thread = processor.current_thread;
    if (!is_idle(processor) && thread->quantum_ticks_left != 0 && --thread->quantum_ticks_left == 0) {
        processor.reschedule = true;
        request_dispatch(processor);
    }
    if (processor.dpc_count != 0) {
        request_dispatch(processor);
    }
    look_for_a_stuck_dpc(processor, now);
    look_for_a_hanging_call(now);
}

/// The boot CPU's alone: it keeps the time, and passes each tick on to those that have something to do. At CLOCK_LEVEL,
/// interrupts off.
void clock_interrupt() {
    Processor& processor = this_processor();
    const ULONGLONG precise =
        now_precise(); // once: under an instruction-counted clock a look ends the emulator's block
    if (precise >= next_alarm()) {
        ring_alarms();
        request_dispatch(processor);
    }
    if (precise < g_next_tick) {
        arm_clock(precise); // the one-shot timer was cut short by its own width, or it came for something else
        if (processor.dpc_count != 0 && may_run_a_dpc(processor)) {
            request_dispatch(processor);
        }
        return;
    }
    const ULONGLONG now = g_next_tick;
    publish_time(now);
    plan_next_tick(precise);
    if (next_timer_due() <= now) {
        request_dispatch(processor);
    }
    tick(processor, now);
    for (ULONG i = 1; i < processor_count(); ++i) {
        Processor& other = g_processors[i];
        if (!is_idle(other) || other.dpc_count != 0 || other.current_dpc != nullptr) {
            request(other, kTick);
        }
    }
    look_for_the_end_of_everything(now);
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

#undef KeQueryInterruptTime
#undef KeQueryUnbiasedInterruptTime
extern "C" {

/// One request of the caller's at a time; the clock goes back to 15.625 ms when the last one is given up.
ULONG NTAPI ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution) {
    DispatcherLock lock;
    if (!vf::resolution_changed(SetResolution != FALSE, __builtin_return_address(0))) {
        return g_tick; // somebody else's request stays
    }
    if (SetResolution) {
        ++g_resolution_requests;
        const ULONG wanted = DesiredTime < kFastestTick ? kFastestTick : DesiredTime;
        g_tick = wanted < g_tick ? wanted : g_tick;
    } else if (g_resolution_requests != 0 && --g_resolution_requests == 0) {
        g_tick = kSlowestTick;
    }
    if (this_processor().number == 0) {
        replan_clock();
    } else {
        request(g_processors[0], kReplanClock);
    }
    return g_tick;
}

VOID NTAPI ExQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime) {
    *MaximumTime = kSlowestTick;
    *MinimumTime = kFastestTick;
    *CurrentTime = g_tick;
}

ULONG NTAPI KeQueryTimeIncrement(VOID) {
    return kSlowestTick;
}

ULONGLONG export_KeQueryInterruptTime(void) __asm__("KeQueryInterruptTime");
ULONGLONG export_KeQueryInterruptTime(void) {
    return interrupt_time();
}

ULONGLONG export_KeQueryUnbiasedInterruptTime(void) __asm__("KeQueryUnbiasedInterruptTime");
ULONGLONG export_KeQueryUnbiasedInterruptTime(void) {
    return interrupt_time(); // never asleep
}

ULONG64 export_KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp) __asm__("KeQueryInterruptTimePrecise");
ULONG64 export_KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp) {
    *QpcTimeStamp = now_precise();
    return *QpcTimeStamp;
}

VOID export_KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime) __asm__("KeQuerySystemTimePrecise");
VOID export_KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime) {
    CurrentTime->QuadPart = static_cast<LONGLONG>(system_time_of(now_precise()));
}

} // extern "C"
