// SPDX-License-Identifier: MIT
// Threads from their first instruction to their last, and the processors they run on.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "mm/mm.hpp"
#include "ob/ob.hpp"
#include "vf/rules.hpp"

namespace nanont::ke {

Processor g_processors[kMaxProcessors];

namespace {

constexpr UCHAR kThreadObject = 6;
Thread g_idle_threads[kMaxProcessors];
LONG g_next_id;

constexpr size_t kMaxThreads = 256;
// All that have a stack, under the dispatcher lock; the bugcheck report looks at them without.
Thread* g_threads[kMaxThreads];

void remember(Thread& thread) {
    for (Thread*& slot : g_threads) {
        if (slot == nullptr) {
            slot = &thread;
            return;
        }
    }
}
void forget(const Thread& thread) {
    for (Thread*& slot : g_threads) {
        if (slot == &thread) {
            slot = nullptr;
            return;
        }
    }
}

void init_thread(Thread& thread, SCHAR priority) {
    thread = {};
    thread.Header.Type = kThreadObject;
    thread.Header.Size = sizeof(Thread) / sizeof(LONG);
    List::init(thread.Header.WaitListHead);
    List::init(thread.ready_entry);
    List::init(thread.irps);
    KeInitializeTimerEx(&thread.timer, NotificationTimer);
    thread.priority = priority;
    thread.quantum_ticks_left = kQuantumTicks;
    thread.affinity = ~KAFFINITY{0};
    thread.id = static_cast<ULONG_PTR>(InterlockedIncrement(&g_next_id)) * 4;
}

/// What ki_swap_context finds on the stack of a thread that has not run yet.
struct FirstFrame {
    M128A xmm[10];
    ULONGLONG mxcsr;
    ULONGLONG registers[8];
    ULONGLONG return_address;
    ULONGLONG home[5]; // of ki_thread_start's (non-existent) caller
};
static_assert(offsetof(FirstFrame, return_address) == 10 * 16 + 8 + 8 * 8);

void prepare_stack(Thread& thread) {
    constexpr ULONGLONG kDefaultMxcsr = 0x1f80; // every floating-point exception masked
    auto* frame = reinterpret_cast<FirstFrame*>((thread.stack_base - sizeof(FirstFrame)) & ~ULONGLONG{15});
    *frame = {};
    frame->mxcsr = kDefaultMxcsr;
    frame->return_address = reinterpret_cast<ULONGLONG>(&ki_thread_start);
    thread.stack_pointer = reinterpret_cast<ULONGLONG>(frame);
}

/// Frees the stacks of threads that have ended on this CPU: whoever runs here now stands on none of them.
void free_ended() {
    for (;;) {
        Thread* ended = nullptr;
        {
            DispatcherLock lock;
            if (LIST_ENTRY* entry = List::pop_front(this_processor().ended)) {
                ended = CONTAINING_RECORD(entry, Thread, ready_entry);
                forget(*ended);
            }
        }
        if (ended == nullptr) {
            return;
        }
        mm::free_stack(ended->stack_limit);
        ObfDereferenceObject(ended);
    }
}

} // namespace

void init_processor(Processor& processor, UCHAR number) {
    arch::enable_processor_features();
    processor.self = &processor;
    processor.prcb = &processor.mxcsr;
    processor.number = number;
    processor.mxcsr = 0x1f80;
    cpu::set_gs_base(&processor);
    arch::load_descriptor_tables(processor.tables);
    cpu::set_gs_base(&processor); // loading segment registers may have cleared it
    cpu::set_irql_register(PASSIVE_LEVEL);
    processor.ready.init();
    List::init(processor.ended);
    init_dpcs(processor);
}

void init_idle_thread(Processor& processor, ULONGLONG stack_limit, ULONGLONG stack_base) {
    Thread& thread = g_idle_threads[processor.number];
    init_thread(thread, kIdlePriority);
    thread.id = 0;
    thread.state = ThreadState::Running;
    thread.stack_limit = stack_limit;
    thread.stack_base = stack_base;
    thread.processor = processor.number;
    thread.affinity = KAFFINITY{1} << processor.number;
    processor.idle_thread = &thread;
    processor.current_thread = &thread;
    remember(thread);
}

void init_threads(ULONGLONG stack_limit, ULONGLONG stack_base) {
    init_timers();
    // Before objects can be made, a thread is needed: the boot stack runs as the idle thread until the first real
    // thread exists, then idles.
    init_idle_thread(this_processor(), stack_limit, stack_base);
}

NTSTATUS create_thread(PKSTART_ROUTINE routine, PVOID context, SCHAR priority, Thread** result) {
    free_ended();
    auto* thread = static_cast<Thread*>(ob::create(ob::Type::Thread, sizeof(Thread)));
    if (thread == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    init_thread(*thread, priority);
    thread->start_routine = routine;
    thread->start_context = context;
    thread->correlation = current_thread()->correlation;
    thread->stack_limit = mm::allocate_stack();
    if (thread->stack_limit == 0) {
        ObfDereferenceObject(thread);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    thread->stack_base = thread->stack_limit + kKernelStackSize;
    vf::judged(59);
    prepare_stack(*thread);
    ObfReferenceObject(thread); // the running thread's own reference; the creator keeps the first
    *result = thread;
    DispatcherLock lock;
    remember(*thread);
    thread->processor = this_processor().number;
    make_ready(Locked{}, *thread);
    return STATUS_SUCCESS;
}

void end_thread(NTSTATUS status) {
    Thread& thread = *current_thread();
    free_ended();
    thread.exit_status = status;
    KeAcquireSpinLockRaiseToDpc(&g_dispatcher_lock);
    thread.Header.SignalState = 1;
    satisfy_waiters(Locked{}, thread.Header);
    thread.state = ThreadState::Terminated;
    List::push_back(this_processor().ended, thread.ready_entry);
    switch_thread(Locked{});
    __builtin_unreachable();
}

const Thread* stack_overflown_at(ULONGLONG address) {
    for (const Thread* thread : g_threads) {
        if (thread != nullptr && address < thread->stack_limit && thread->stack_limit - address <= PAGE_SIZE) {
            return thread;
        }
    }
    return nullptr;
}

/// A stack's last act that a CPU came up on: interrupts on, and it runs only when nobody else wants to.
[[noreturn]] void become_idle() {
    for (;;) {
        cpu::interrupts_off();
        if (this_processor().dpc_count != 0 && may_run_a_dpc(this_processor())) {
            request_dispatch(this_processor()); // those of low importance, which nobody hurries
        }
        cpu::wait_for_interrupt();
    }
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

/// A thread's first code: it was switched to with the dispatcher lock held.
extern "C" void ki_run_thread() {
    KeReleaseSpinLock(&g_dispatcher_lock, PASSIVE_LEVEL);
    Thread& thread = *current_thread();
    thread.start_routine(thread.start_context);
    end_thread(STATUS_SUCCESS);
}

#undef KeGetCurrentThread
#undef PsGetCurrentThread
extern "C" {

PVOID export_KeGetCurrentThread(void) __asm__("KeGetCurrentThread");
PVOID export_KeGetCurrentThread(void) {
    return current_thread();
}
PVOID export_PsGetCurrentThread(void) __asm__("PsGetCurrentThread");
PVOID export_PsGetCurrentThread(void) {
    return current_thread();
}

NTSTATUS NTAPI PsCreateSystemThread(PHANDLE ThreadHandle, ULONG, POBJECT_ATTRIBUTES, HANDLE, PCLIENT_ID ClientId,
                                    PKSTART_ROUTINE StartRoutine, PVOID StartContext) {
    Thread* thread = nullptr;
    const NTSTATUS status = create_thread(StartRoutine, StartContext, kNormalPriority, &thread);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (ClientId != nullptr) {
        ClientId->UniqueProcess = PsGetCurrentProcessId();
        ClientId->UniqueThread = reinterpret_cast<HANDLE>(thread->id);
    }
    const NTSTATUS opened = ob::open_handle(thread, GENERIC_ALL, *ThreadHandle);
    ObfDereferenceObject(thread);
    return opened;
}

NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS ExitStatus) {
    end_thread(ExitStatus);
}

HANDLE NTAPI PsGetCurrentThreadId(VOID) {
    return reinterpret_cast<HANDLE>(current_thread()->id);
}

/// Whether a 32-bit process asks: there are no processes but the system's. Any IRQL.
BOOLEAN NTAPI IoIs32bitProcess(PIRP) {
    return FALSE;
}

HANDLE NTAPI PsGetCurrentProcessId(VOID) {
    return reinterpret_cast<HANDLE>(ULONG_PTR{4}); // there is but the System process
}

KPRIORITY NTAPI KeQueryPriorityThread(PKTHREAD Thread) {
    return Thread->priority;
}

KPRIORITY NTAPI KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority) {
    if (Priority < 1 || Priority > kHighestPriority) {
        dbg::bugcheck(KMODE_EXCEPTION_NOT_HANDLED, static_cast<ULONG>(STATUS_INVALID_PARAMETER),
                      reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)), static_cast<ULONG>(Priority), 0,
                      "KeSetPriorityThread to %ld; expected 1..31", Priority);
    }
    DispatcherLock lock;
    Processor& processor = g_processors[Thread->processor];
    const KPRIORITY before = Thread->priority;
    if (Thread->state == ThreadState::Ready) {
        processor.ready.remove(Thread->ready_entry, Thread->priority);
        Thread->priority = static_cast<SCHAR>(Priority);
        make_ready(Locked{}, *Thread);
    } else {
        Thread->priority = static_cast<SCHAR>(Priority);
        if (Thread->state == ThreadState::Running && processor.ready.highest() > Priority) {
            processor.reschedule = true;
            request_dispatch(processor);
        }
    }
    return before;
}

VOID NTAPI IoGetStackLimits(PULONG_PTR LowLimit, PULONG_PTR HighLimit) {
    *LowLimit = static_cast<ULONG_PTR>(current_thread()->stack_limit);
    *HighLimit = static_cast<ULONG_PTR>(current_thread()->stack_base);
}

VOID NTAPI KeEnterCriticalRegion(VOID) {
    --current_thread()->kernel_apc_disable;
}
VOID NTAPI KeLeaveCriticalRegion(VOID) {
    ++current_thread()->kernel_apc_disable;
}
VOID NTAPI KeEnterGuardedRegion(VOID) {
    --current_thread()->special_apc_disable;
}
VOID NTAPI KeLeaveGuardedRegion(VOID) {
    ++current_thread()->special_apc_disable;
}
BOOLEAN NTAPI KeAreApcsDisabled(VOID) {
    return current_thread()->kernel_apc_disable != 0 || current_thread()->special_apc_disable != 0;
}
BOOLEAN NTAPI KeAreAllApcsDisabled(VOID) {
    return current_thread()->special_apc_disable != 0 || current_irql() >= APC_LEVEL;
}

} // extern "C"
