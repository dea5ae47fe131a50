// SPDX-License-Identifier: MIT
// The kernel's core: processors, IRQL, threads, dispatcher objects.
//
// IRQL, and what is allowed below each: PASSIVE 0 everything; APC 1 everything but APCs; DISPATCH 2 no waiting, no
// pageable memory; device 3..11 only what the interrupted code cannot be holding; clock 13, IPI 14, HIGH 15.
// IRQL is CR8, so that drivers' inline code and the kernel speak of the same thing.
#ifndef NANONT_KE_KE_HPP
#define NANONT_KE_KE_HPP

#include <intrusive_list.hpp>
#include <ready_queue.hpp>
#include <timer_queue.hpp>

#include "arch/arch.hpp"
#include "arch/cpu.hpp"
#include "nt.hpp"

using List = nanont::Links<LIST_ENTRY>;

enum class ThreadState : UCHAR { Initialized, Ready, Running, Waiting, Terminated };

/// A thread; the body of a Thread object, and what drivers know as PKTHREAD and PETHREAD.
struct _KTHREAD {
    DISPATCHER_HEADER Header; // signalled when the thread has ended

    LIST_ENTRY ready_entry;  // also in the list of those that have ended
    ULONGLONG stack_pointer; // while it does not run
    ULONGLONG stack_limit;   // lowest address; the page below is not mapped
    ULONGLONG stack_base;    // one past the highest address
    ThreadState state;
    SCHAR priority; // 0..31; the idle thread is in no queue
    UCHAR quantum_ticks_left;
    KPROCESSOR_MODE wait_mode;
    UCHAR processor;    // number of the one it runs on, ran on last, or is queued at
    KAFFINITY affinity; // the processors it may run on

    NTSTATUS wait_status;
    KWAIT_BLOCK* wait_list; // circular through NextWaitBlock while it waits
    KWAIT_BLOCK own_blocks[THREAD_WAIT_OBJECTS + 1];
    KTIMER timer; // of a wait with a timeout

    LONG kernel_apc_disable;  // critical regions
    LONG special_apc_disable; // guarded regions
    PKSTART_ROUTINE start_routine;
    PVOID start_context;
    NTSTATUS exit_status;
    ULONG_PTR id;

    LIST_ENTRY irps; // sent by this thread and not done yet
    KSPIN_LOCK irps_lock;
    ULONGLONG correlation; // NanontSetCorrelation

    BOOLEAN wait_promised; // by Wait = TRUE: it runs at DISPATCH_LEVEL until it waits
    KIRQL promised_irql;   // which that wait gives back
};

namespace nanont::ke {

using Thread = _KTHREAD;

inline constexpr SCHAR kIdlePriority = -1;
inline constexpr SCHAR kNormalPriority = 8;
inline constexpr SCHAR kLowestRealTime = 16;
inline constexpr SCHAR kHighestPriority = 31;
inline constexpr UCHAR kQuantumTicks = 2;

struct Processor;

/// One CPU. The first 0x190 bytes lie where Windows' KPCR and KPRCB have them, for the code that drivers' headers put
/// inline: gs:[0x18] self, gs:[0x184] number, gs:[0x188] current thread.
struct Processor {
    PVOID gdt_base;
    PVOID task_base;
    ULONGLONG user_rsp;
    Processor* self;
    PVOID prcb;
    UCHAR pcr_reserved1[0x108 - 0x28];
    PVOID kd_version_block; // dbg/crash_data.cpp
    UCHAR pcr_reserved2[0x180 - 0x110];
    ULONG mxcsr;
    UCHAR number;
    UCHAR reserved[3];
    Thread* current_thread;

    Thread* idle_thread;
    ReadyQueue<LIST_ENTRY> ready; // under the dispatcher lock
    LIST_ENTRY ended;             // threads whose stacks nobody stands on any more but this CPU; under that lock too
    volatile bool reschedule;     // a thread of higher priority, or the next one, should run
    bool dispatch_requested;      // the dispatch interrupt is on its way
    bool in_dispatch_interrupt;   // and being served: DPCs run, then the scheduler

    ULONG apic_id;
    volatile LONG online;
    volatile LONG requests; // ProcessorRequest: what HAL_VECTOR_IPI is about

    LIST_ENTRY dpcs; // with interrupts off
    KSPIN_LOCK dpc_lock;
    volatile ULONG dpc_count;
    KDPC* current_dpc_object;
    PKDEFERRED_ROUTINE current_dpc; // null between DPCs
    ULONGLONG dpc_began;            // interrupt time
    ULONGLONG dpcs_began;           // interrupt time at which the queue that is being emptied began to be; 0: none is
    ULONG interrupt_depth;

    arch::DescriptorTables tables;
};
static_assert(offsetof(Processor, self) == 0x18 && offsetof(Processor, kd_version_block) == 0x108 &&
              offsetof(Processor, mxcsr) == 0x180 && offsetof(Processor, number) == 0x184 &&
              offsetof(Processor, current_thread) == 0x188);

inline constexpr ULONG kMaxProcessors = 2;
extern Processor g_processors[kMaxProcessors];

/// The one this runs on: for as long as IRQL is DISPATCH_LEVEL or above, or interrupts are off.
inline Processor& this_processor() {
    Processor* self;
    asm volatile("movq %%gs:0x18, %0" : "=r"(self));
    return *self;
}
inline Thread* current_thread() {
    Thread* thread;
    asm volatile("movq %%gs:0x188, %0" : "=r"(thread));
    return thread;
}
inline KIRQL current_irql() {
    return static_cast<KIRQL>(cpu::irql_register());
}

/// Raises to `level` while it lives; refuses to "raise" downwards.
class RaisedIrql {
  public:
    explicit RaisedIrql(KIRQL level) : old_(current_irql()) {
        if (old_ > level) {
            KeBugCheckEx(IRQL_NOT_GREATER_OR_EQUAL, level, old_, 0,
                         reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)));
        }
        cpu::set_irql_register(level);
    }
    ~RaisedIrql() { cpu::set_irql_register(old_); }
    RaisedIrql(const RaisedIrql&) = delete;
    RaisedIrql& operator=(const RaisedIrql&) = delete;
    KIRQL old() const { return old_; }

  private:
    KIRQL old_;
};

/// A spin lock at DISPATCH_LEVEL.
class SpinLockGuard {
  public:
    explicit SpinLockGuard(KSPIN_LOCK& lock) : lock_(lock), old_(KeAcquireSpinLockRaiseToDpc(&lock)) {}
    ~SpinLockGuard() { KeReleaseSpinLock(&lock_, old_); }
    SpinLockGuard(const SpinLockGuard&) = delete;
    SpinLockGuard& operator=(const SpinLockGuard&) = delete;

  private:
    KSPIN_LOCK& lock_;
    KIRQL old_;
};

/// A mutex of the kernel's own, for work at PASSIVE_LEVEL. Zeroed memory is a free one.
struct Mutex {
    FAST_MUTEX mutex;
    bool ready; // set by its first user, while boot still runs on one thread
};

class MutexGuard {
  public:
    explicit MutexGuard(Mutex& mutex) : mutex_(mutex) {
        if (!mutex_.ready) {
            ExInitializeFastMutex(&mutex_.mutex);
            mutex_.ready = true;
        }
        KeEnterCriticalRegion();
        ExAcquireFastMutexUnsafe(&mutex_.mutex);
    }
    ~MutexGuard() {
        ExReleaseFastMutexUnsafe(&mutex_.mutex);
        KeLeaveCriticalRegion();
    }
    MutexGuard(const MutexGuard&) = delete;
    MutexGuard& operator=(const MutexGuard&) = delete;

  private:
    Mutex& mutex_;
};

// --- spin_lock.cpp: locks as such, at whatever IRQL the caller has raised to; owner known, deadlock reported

void acquire_lock(KSPIN_LOCK& lock);
void release_lock(KSPIN_LOCK& lock);

// --- dispatcher.cpp: one lock over threads, waits and timers of all CPUs

extern KSPIN_LOCK g_dispatcher_lock;

class DispatcherLock {
  public:
    DispatcherLock() : guard_(g_dispatcher_lock) {}

  private:
    SpinLockGuard guard_;
};

/// What is called with the dispatcher lock held says so by taking this.
struct Locked {};

/// Puts a thread where it can run; asks for the scheduler when it should run now.
void make_ready(Locked, Thread& thread);
/// Gives the CPU to the next thread. The calling thread's state says what becomes of it.
void switch_thread(Locked);
/// Wakes those who wait for the object and can have it now.
void satisfy_waiters(Locked, DISPATCHER_HEADER& object);
/// Ends the wait of a thread with `status`.
void end_wait(Locked, Thread& thread, NTSTATUS status);

/// Asks for the dispatch interrupt on a CPU; it comes when IRQL there allows. DISPATCH_LEVEL or interrupts off.
void request_dispatch(Processor& processor);

// --- processors.cpp

/// How many CPUs run: 1 until start_processors.
ULONG processor_count();
inline bool is_idle(const Processor& processor) {
    return processor.current_thread == processor.idle_thread;
}
/// Starts the machine's other CPUs, up to kMaxProcessors, and waits until they idle. On the boot CPU.
void start_processors();

enum ProcessorRequest : LONG { kForgetPages = 1, kTick = 2, kReplanClock = 4 };
/// Asks something of another CPU; it answers at IPI_LEVEL.
void request(Processor& processor, ProcessorRequest what);
/// The other end of `request`.
void serve_requests();

/// Makes every CPU forget what it knows about the mapping of these pages. IRQL < IPI_LEVEL, interrupts on (but at
/// boot).
void forget_pages(ULONGLONG address, size_t count);
/// The machine comes to a stop: no other CPU executes anything from here on. False: another CPU has begun to stop it,
/// and this one never returns from its next non-maskable interrupt.
bool stop_others();
/// A non-maskable interrupt arrived: does not return when the machine is being stopped.
void halt_if_stopped();

// --- timer.cpp

void init_timers();
void insert_timer(Locked, KTIMER& timer, LARGE_INTEGER due, ULONG period, KDPC* dpc);
bool remove_timer(Locked, KTIMER& timer);
/// Signals the timers whose time has come; at DISPATCH_LEVEL.
void expire_timers();
ULONGLONG next_timer_due();

// --- alarm.cpp

/// The caller sleeps so long, ticks or no ticks. PASSIVE_LEVEL.
void sleep_exactly(ULONGLONG time_100ns);
/// When the soonest of those who sleep so is to be woken; MAXULONGLONG: there is none, or it is being woken.
ULONGLONG next_alarm();
/// That time has come; at CLOCK_LEVEL, interrupts off. The dispatch interrupt of the boot CPU must follow.
void ring_alarms();
bool alarms_ring();
/// Wakes whose time has come; at DISPATCH_LEVEL, on the boot CPU.
void answer_alarms();

// --- clock.cpp

void start_clock();
void clock_interrupt();
/// The length of a tick has changed. On the boot CPU, whose timer is the clock.
void replan_clock();
/// A DPC is held back, or somebody sleeps exactly: the clock shall interrupt when its time comes. On the boot CPU.
void arm_clock();
/// What a tick is to each CPU: quanta, low-importance DPCs, DPCs that never end.
void tick(Processor& processor, ULONGLONG now);
/// Interrupt time of the last tick, 100 ns.
ULONGLONG interrupt_time();
ULONGLONG system_time_of(ULONGLONG interrupt_time);

// --- dpc.cpp

void init_dpcs(Processor& processor);
/// Runs what is queued on this CPU; at DISPATCH_LEVEL, interrupts on.
void drain_dpcs(bool early = false);
/// The first object in `bytes` from `begin` on that is queued; nullptr: none is. IRQL <= DISPATCH_LEVEL.
const KDPC* dpc_within(const void* begin, SIZE_T bytes);
const KTIMER* timer_within(const void* begin, SIZE_T bytes);
/// Each DPC whose routine is not the kernel's comes so much later, at least, and the CPU is free meanwhile: what a
/// driver sees of a system in which others run long DPCs. A flush does not wait for it. Before the first driver.
void set_dpc_delay(ULONG delay_100ns);
/// The same, by lots that are drawn for each (vf/troubles.hpp). Once the driver has started.
void let_dpcs_be_late();
/// A DPC of this processor is queued and not held back. Interrupts off.
bool may_run_a_dpc(Processor& processor);
/// 100 ns until the next one that is still held back may run; MAXULONG: none is. Interrupts off.
ULONG next_late_dpc(Processor& processor);

// --- interrupt.cpp

/// What a driver asks for when it connects to an interrupt.
struct InterruptRequest {
    PKSERVICE_ROUTINE routine;
    PKMESSAGE_SERVICE_ROUTINE message_routine; // instead of it
    PVOID context;
    ULONG message;    // number handed to it
    KSPIN_LOCK* lock; // nullptr = one of its own
    ULONG vector;
    KIRQL irql;
    KIRQL synchronize_irql;
    KINTERRUPT_MODE mode;
    bool share;
    KAFFINITY affinity;
};
/// STATUS_INVALID_PARAMETER (and says why, unless the vector is somebody else's), STATUS_INSUFFICIENT_RESOURCES.
/// PASSIVE_LEVEL.
NTSTATUS connect_interrupt(const InterruptRequest& request, PKINTERRUPT* interrupt);

/// Serves a device's vector; false when nobody is connected to it.
void device_interrupt(ULONG vector);
ULONG connected_interrupts();

// --- thread.cpp

void init_processor(Processor& processor, UCHAR number);
/// Makes the stack that boot came up on the first thread, and starts the idle thread.
void init_threads(ULONGLONG stack_limit, ULONGLONG stack_base);
/// Makes the stack a started CPU came up on its idle thread.
void init_idle_thread(Processor& processor, ULONGLONG stack_limit, ULONGLONG stack_base);
/// A new thread, running soon. PASSIVE_LEVEL.
NTSTATUS create_thread(PKSTART_ROUTINE routine, PVOID context, SCHAR priority, Thread** thread);
/// What the stack that boot came up on does from now on: idle.
[[noreturn]] void become_idle();
[[noreturn]] void end_thread(NTSTATUS status);

/// True when the address lies in the guard page below some thread's stack: that thread has run over it.
const Thread* stack_overflown_at(ULONGLONG address);

} // namespace nanont::ke

#endif
