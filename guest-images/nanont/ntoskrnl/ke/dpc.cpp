// SPDX-License-Identifier: MIT
// Deferred procedure calls: queued per CPU at any IRQL, run first come first served at DISPATCH_LEVEL.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "ldr/ldr.hpp"
#include "mm/paged.hpp"
#include "vf/driver_call.hpp"
#include "vf/locks.hpp"
#include "vf/memory.hpp"
#include "vf/rules.hpp"
#include "vf/troubles.hpp"

namespace nanont::ke {
namespace {

constexpr UCHAR kDpcType = 0x13;
constexpr USHORT kTargeted = 0x20; // KDPC::Number of a DPC with a CPU of its own; 0 = wherever it is queued
constexpr ULONG kHurriedDepth = 4; // so many waiting make even unimportant ones urgent

/// The CPU a DPC is queued on lives in DpcData; null = not queued.
Processor* queued_on(const KDPC& dpc) {
    return static_cast<Processor*>(__atomic_load_n(const_cast<PVOID*>(&dpc.DpcData), __ATOMIC_ACQUIRE));
}

constexpr ULONG kLatestDrawn = 10'000; // 100 ns

ULONG g_delay;    // 100 ns; see set_dpc_delay()
bool g_some_late; // DPCs may be held back at all

/// When a DPC may run, on a clock of 100 ns that wraps: in the four bytes that amd64's KDPC leaves unused behind
/// Number.
ULONG& due_of(KDPC& dpc) {
    static_assert(offsetof(KDPC, Number) + sizeof(USHORT) == 4 && offsetof(KDPC, DpcListEntry) == 8);
    return *reinterpret_cast<ULONG*>(reinterpret_cast<UCHAR*>(&dpc) + 4);
}

ULONG now_wrapping() {
    return static_cast<ULONG>(KeQueryPerformanceCounter(nullptr).QuadPart);
}

/// 100 ns until it may run; 0 or less: it may.
LONG time_left(KDPC& dpc, ULONG now) {
    return static_cast<LONG>(due_of(dpc) - now);
}

VOID NTAPI reached(KDPC*, PVOID event, PVOID, PVOID);

/// The kernel's own come at once; the one that a flush waits for comes no sooner than those before it.
bool is_held_back(const KDPC& dpc) {
    return g_some_late &&
           (!ldr::in_kernel(reinterpret_cast<ULONG_PTR>(dpc.DeferredRoutine)) || dpc.DeferredRoutine == reached);
}

/// The first that may run; null: none. Under the queue's lock.
LIST_ENTRY* first_due(Processor& processor) {
    LIST_ENTRY* entry = processor.dpcs.Flink;
    if (entry == &processor.dpcs) {
        return nullptr;
    }
    if (!g_some_late) {
        return entry;
    }
    const ULONG now = now_wrapping();
    while (entry != &processor.dpcs && time_left(*CONTAINING_RECORD(entry, KDPC, DpcListEntry), now) > 0) {
        entry = entry->Flink;
    }
    return entry != &processor.dpcs ? entry : nullptr;
}

struct Call {
    PKDEFERRED_ROUTINE routine;
    PVOID context, argument1, argument2;
};

/// Takes the next DPC out before it runs, so that it may queue itself again. `early`: those held back, too.
KDPC* next_dpc(Processor& processor, Call& call, bool early) {
    cpu::InterruptsOff off;
    acquire_lock(processor.dpc_lock);
    KDPC* dpc = nullptr;
    LIST_ENTRY* entry = early && !List::empty(processor.dpcs) ? processor.dpcs.Flink : first_due(processor);
    if (entry != nullptr) {
        List::remove(*entry);
        dpc = CONTAINING_RECORD(entry, KDPC, DpcListEntry);
        call = {dpc->DeferredRoutine, dpc->DeferredContext, dpc->SystemArgument1, dpc->SystemArgument2};
        dpc->DpcData = nullptr;
        processor.dpc_count = processor.dpc_count - 1;
    }
    release_lock(processor.dpc_lock);
    return dpc;
}

Processor& target_of(const KDPC& dpc) {
    const ULONG number = dpc.Number - ULONG{kTargeted};
    return number < processor_count() ? g_processors[number] : this_processor();
}

/// Microsoft's "Organization of DPC queues": a queue is looked at at once for all but the unimportant on this CPU and
/// for the more than medium important on another; else when it has grown, or when that CPU idles or ticks.
bool is_urgent(const KDPC& dpc, const Processor& target) {
    if (target.dpc_count >= kHurriedDepth) {
        return true;
    }
    if (&target == &this_processor()) {
        return dpc.Importance != LowImportance;
    }
    return dpc.Importance == HighImportance || dpc.Importance == MediumHighImportance || is_idle(target);
}

/// Signals the event that a flush waits for.
VOID NTAPI reached(KDPC*, PVOID event, PVOID, PVOID) {
    KeSetEvent(static_cast<PKEVENT>(event), 0, FALSE);
}

void check_return(const Call& call) {
    vf::judged(3);
    if (current_irql() != DISPATCH_LEVEL) {
        dbg::bugcheck({IRQL_UNEXPECTED_VALUE, 3}, dbg::unexpected_irql(current_irql(), DISPATCH_LEVEL),
                      reinterpret_cast<ULONG_PTR>(call.routine), 0, 0,
                      "DPC routine %s returned at IRQL %u; it was called at DISPATCH_LEVEL (2)",
                      dbg::Place(reinterpret_cast<void*>(call.routine)).text, current_irql());
    }
}

} // namespace

void init_dpcs(Processor& processor) {
    List::init(processor.dpcs);
    processor.dpc_lock = 0;
    processor.dpc_count = 0;
}

void request_dispatch(Processor& processor) {
    if (&processor != &this_processor()) {
        HalSendInterrupt(processor.apic_id, HAL_VECTOR_DISPATCH);
    } else if (!processor.in_dispatch_interrupt && !processor.dispatch_requested) {
        processor.dispatch_requested = true;
        HalRequestSoftwareDpc();
    }
}

void set_dpc_delay(ULONG delay_100ns) {
    g_delay = delay_100ns;
    g_some_late = g_delay != 0;
}

void let_dpcs_be_late() {
    g_some_late = true;
}

bool may_run_a_dpc(Processor& processor) {
    if (!g_some_late) {
        return !List::empty(processor.dpcs);
    }
    acquire_lock(processor.dpc_lock);
    const bool may = first_due(processor) != nullptr;
    release_lock(processor.dpc_lock);
    return may;
}

ULONG next_late_dpc(Processor& processor) {
    ULONG soonest = MAXULONG;
    if (!g_some_late) {
        return soonest;
    }
    acquire_lock(processor.dpc_lock);
    const ULONG now = now_wrapping();
    for (LIST_ENTRY* at = processor.dpcs.Flink; at != &processor.dpcs; at = at->Flink) {
        const LONG left = time_left(*CONTAINING_RECORD(at, KDPC, DpcListEntry), now);
        if (left > 0 && static_cast<ULONG>(left) < soonest) {
            soonest = static_cast<ULONG>(left);
        }
    }
    release_lock(processor.dpc_lock);
    return soonest;
}

const KDPC* dpc_within(const void* begin, SIZE_T bytes) {
    for (ULONG i = 0; i < processor_count(); ++i) {
        cpu::InterruptsOff off;
        Processor& processor = g_processors[i];
        const KDPC* found = nullptr;
        acquire_lock(processor.dpc_lock);
        for (LIST_ENTRY* at = processor.dpcs.Flink; at != &processor.dpcs && found == nullptr; at = at->Flink) {
            const KDPC* dpc = CONTAINING_RECORD(at, KDPC, DpcListEntry);
            if (reinterpret_cast<ULONG_PTR>(dpc) - reinterpret_cast<ULONG_PTR>(begin) < bytes) {
                found = dpc;
            }
        }
        release_lock(processor.dpc_lock);
        if (found != nullptr) {
            return found;
        }
    }
    return nullptr;
}

namespace {

void enter_routine(void* routine) {
    dbg::emit(MPULAB_KIND_CALL_ENTER, 0, MPULAB_CALLBACK_DeferredRoutine, reinterpret_cast<ULONG_PTR>(routine), 0);
}

void leave_routine(void*, uintptr_t) {
    dbg::emit(MPULAB_KIND_CALL_LEAVE, 0, MPULAB_CALLBACK_DeferredRoutine, 0, 0);
}

} // namespace

void drain_dpcs(bool early) {
    Processor& processor = this_processor();
    Call call;
    processor.dpcs_began = interrupt_time();
    while (KDPC* dpc = next_dpc(processor, call, early)) {
        const bool drivers = ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(call.routine));
        dbg::emit(MPULAB_KIND_DPC, 0, reinterpret_cast<ULONG_PTR>(call.routine),
                  reinterpret_cast<ULONG_PTR>(call.context), 0);
        processor.dpc_began = interrupt_time();
        processor.current_dpc = call.routine;
        const ULONG locks = vf::locks_held();
        mm::irql_has_risen(nullptr);
        const nanont_call_hooks hooks{enter_routine, leave_routine, reinterpret_cast<void*>(call.routine)};
        vf::call_with(&hooks, call.routine, dpc, call.context, call.argument1, call.argument2);
        processor.current_dpc = nullptr;
        check_return(call);
        if (drivers) {
            vf::check_locks_after(reinterpret_cast<void*>(call.routine), locks);
        }
    }
    processor.dpcs_began = 0;
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

extern "C" {

VOID NTAPI KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
    vf::dpc_initialised(*Dpc, __builtin_return_address(0));
    *Dpc = {};
    Dpc->Type = kDpcType;
    Dpc->Importance = MediumImportance;
    Dpc->DeferredRoutine = DeferredRoutine;
    Dpc->DeferredContext = DeferredContext;
}

BOOLEAN NTAPI KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2) {
    vf::check_type(Dpc->Type, kDpcType, "KDPC", __builtin_return_address(0));
    cpu::InterruptsOff off;
    Processor& processor = target_of(*Dpc);
    // Under the lock of the queue it goes to: whoever sees it queued there finds it there.
    acquire_lock(processor.dpc_lock);
    PVOID nobody = nullptr;
    if (!__atomic_compare_exchange_n(const_cast<PVOID*>(&Dpc->DpcData), &nobody, static_cast<PVOID>(&processor), false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        release_lock(processor.dpc_lock);
        return FALSE;
    }
    Dpc->SystemArgument1 = SystemArgument1;
    Dpc->SystemArgument2 = SystemArgument2;
    if (Dpc->Importance == HighImportance) {
        List::push_front(processor.dpcs, Dpc->DpcListEntry);
    } else {
        List::push_back(processor.dpcs, Dpc->DpcListEntry);
    }
    processor.dpc_count = processor.dpc_count + 1;
    const bool late = is_held_back(*Dpc);
    if (g_some_late) {
        due_of(*Dpc) = now_wrapping() + (late ? g_delay + vf::draw_trouble(NANONT_CHOICE_LATE_DPCS, kLatestDrawn) : 0);
    }
    release_lock(processor.dpc_lock);
    if (late) {
        if (processor.number == 0 && &processor == &this_processor()) {
            arm_clock();
        }
    } else if (is_urgent(*Dpc, processor)) {
        request_dispatch(processor);
    }
    return TRUE;
}

BOOLEAN NTAPI KeRemoveQueueDpc(PRKDPC Dpc) {
    cpu::InterruptsOff off;
    Processor* processor = queued_on(*Dpc);
    if (processor == nullptr) {
        return FALSE;
    }
    acquire_lock(processor->dpc_lock);
    const bool still_queued = queued_on(*Dpc) == processor;
    if (still_queued) {
        List::remove(Dpc->DpcListEntry);
        Dpc->DpcData = nullptr;
        processor->dpc_count = processor->dpc_count - 1;
    }
    release_lock(processor->dpc_lock);
    return still_queued;
}

VOID NTAPI KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance) {
    Dpc->Importance = static_cast<UCHAR>(Importance);
}

VOID NTAPI KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number) {
    Dpc->Number = static_cast<USHORT>(kTargeted + static_cast<UCHAR>(Number));
}

NTSTATUS export_KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber) __asm__("KeSetTargetProcessorDpcEx");
NTSTATUS export_KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber) {
    if (ProcNumber->Group != 0 || ProcNumber->Number >= kMaxProcessors || ProcNumber->Reserved != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Dpc->Number = static_cast<USHORT>(kTargeted + ProcNumber->Number);
    return STATUS_SUCCESS;
}

/// One CPU drains its queue at once. On more, a DPC behind all others of each CPU says that it has come so far.
VOID NTAPI KeFlushQueuedDpcs(VOID) {
    if (processor_count() == 1) {
        RaisedIrql raised(DISPATCH_LEVEL);
        drain_dpcs(true);
        return;
    }
    for (ULONG i = 0; i < processor_count(); ++i) {
        KEVENT event;
        KDPC dpc;
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        KeInitializeDpc(&dpc, reached, &event);
        KeSetImportanceDpc(&dpc, MediumHighImportance);
        KeSetTargetProcessorDpc(&dpc, static_cast<CCHAR>(i));
        KeInsertQueueDpc(&dpc, nullptr, nullptr);
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
    }
}

} // extern "C"
