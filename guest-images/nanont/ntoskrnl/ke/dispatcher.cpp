// SPDX-License-Identifier: MIT
// The scheduler, the dispatch interrupt, and who is woken when an object is signalled.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "vf/troubles.hpp"

namespace nanont::ke {

KSPIN_LOCK g_dispatcher_lock;

namespace {

Thread* thread_of(LIST_ENTRY* entry) {
    return CONTAINING_RECORD(entry, Thread, ready_entry);
}

enum ObjectType : UCHAR {
    kNotificationEvent = 0,
    kSynchronizationEvent = 1,
    kMutant = 2,
    kSemaphore = 5,
    kThread = 6,
    kNotificationTimer = 8,
    kSynchronizationTimer = 9
};

} // namespace

namespace {

bool may_run(const Thread& thread, const Processor& processor) {
    return (thread.affinity >> processor.number & 1) != 0;
}

/// Nothing runs there and nothing is about to.
bool has_nothing_to_do(const Processor& processor) {
    return is_idle(processor) && processor.ready.highest() < 0;
}

/// Where a thread goes that can run: back to where it was if that is idle, or to an idle CPU, or to one where it would
/// run at once, or where it was.
Processor& choose_processor(const Thread& thread) {
    Processor& last = g_processors[thread.processor];
    if (processor_count() == 1 || (may_run(thread, last) && has_nothing_to_do(last))) {
        return last;
    }
    Processor* best = may_run(thread, last) ? &last : nullptr;
    for (ULONG i = 0; i < processor_count(); ++i) {
        Processor& other = g_processors[i];
        if (!may_run(thread, other) || &other == best) {
            continue;
        }
        if (has_nothing_to_do(other)) {
            return other;
        }
        if (best == nullptr ||
            (best->current_thread->priority >= thread.priority && other.current_thread->priority < thread.priority)) {
            best = &other;
        }
    }
    return *best; // an affinity holds one CPU at least
}

/// A CPU with nothing to do takes what waits at another.
Thread* steal(const Processor& thief) {
    for (ULONG i = 0; i < processor_count(); ++i) {
        Processor& other = g_processors[i];
        if (&other == &thief) {
            continue;
        }
        if (LIST_ENTRY* entry =
                other.ready.pop_if([&](LIST_ENTRY& candidate) { return may_run(*thread_of(&candidate), thief); })) {
            return thread_of(entry);
        }
    }
    return nullptr;
}

} // namespace

void make_ready(Locked, Thread& thread) {
    Processor& processor = choose_processor(thread);
    thread.state = ThreadState::Ready;
    thread.processor = processor.number;
    processor.ready.push_back(thread.ready_entry, thread.priority);
    if (thread.priority > processor.current_thread->priority) {
        processor.reschedule = true;
        request_dispatch(processor);
    }
}

void switch_thread(Locked) {
    Processor& processor = this_processor();
    Thread* old = processor.current_thread;
    processor.reschedule = false;
    if (old->state == ThreadState::Running) {
        if (!may_run(*old, processor)) {
            old->quantum_ticks_left = 0; // its affinity was changed at DISPATCH_LEVEL
            make_ready(Locked{}, *old);
        } else if (old != processor.idle_thread) {
            if (processor.ready.highest() < old->priority) {
                return;
            }
            old->state = ThreadState::Ready;
            if (old->quantum_ticks_left == 0 || processor.ready.highest() == old->priority) {
                processor.ready.push_back(old->ready_entry, old->priority);
            } else {
                processor.ready.push_front(old->ready_entry, old->priority);
            }
        }
    }
    LIST_ENTRY* entry = processor.ready.pop();
    Thread* next = entry != nullptr ? thread_of(entry) : steal(processor);
    if (next == nullptr) {
        next = processor.idle_thread;
    }
    next->processor = processor.number;
    next->quantum_ticks_left = kQuantumTicks;
    next->state = ThreadState::Running;
    if (next != old) {
        processor.current_thread = next;
        ki_swap_context(&old->stack_pointer, next->stack_pointer);
    }
}

bool can_have(const DISPATCHER_HEADER& object, const Thread& thread) {
    if (object.Type == kMutant) {
        const auto& mutant = reinterpret_cast<const KMUTANT&>(object);
        return object.SignalState > 0 || mutant.OwnerThread == &thread;
    }
    return object.SignalState > 0;
}

void take(DISPATCHER_HEADER& object, Thread& thread) {
    switch (object.Type) {
    case kSynchronizationEvent:
    case kSynchronizationTimer:
        object.SignalState = 0;
        break;
    case kSemaphore:
        --object.SignalState;
        break;
    case kMutant: {
        auto& mutant = reinterpret_cast<KMUTANT&>(object);
        if (object.SignalState-- == 1) {
            --thread.kernel_apc_disable; // as in a critical region, until it is released
        }
        mutant.OwnerThread = &thread;
        break;
    }
    default:
        break;
    }
}

void end_wait(Locked locked, Thread& thread, NTSTATUS status) {
    KWAIT_BLOCK* block = thread.wait_list;
    do {
        List::remove(block->WaitListEntry);
        block = block->NextWaitBlock;
    } while (block != thread.wait_list);
    thread.wait_list = nullptr;
    remove_timer(locked, thread.timer);
    thread.wait_status = status;
    make_ready(locked, thread);
}

/// A thread that waits for all of its objects takes them all at once or none.
bool try_take_all(Thread& thread) {
    KWAIT_BLOCK* block = thread.wait_list;
    do {
        if (block->WaitType == WaitAll && !can_have(*static_cast<DISPATCHER_HEADER*>(block->Object), thread)) {
            return false;
        }
        block = block->NextWaitBlock;
    } while (block != thread.wait_list);
    do {
        if (block->WaitType == WaitAll) {
            take(*static_cast<DISPATCHER_HEADER*>(block->Object), thread);
        }
        block = block->NextWaitBlock;
    } while (block != thread.wait_list);
    return true;
}

void satisfy_waiters(Locked locked, DISPATCHER_HEADER& object) {
    LIST_ENTRY* entry = object.WaitListHead.Flink;
    while (entry != &object.WaitListHead && object.SignalState > 0) {
        auto* block = CONTAINING_RECORD(entry, KWAIT_BLOCK, WaitListEntry);
        entry = entry->Flink;
        Thread& thread = *block->Thread;
        if (block->WaitType == WaitAny) {
            take(object, thread);
            end_wait(locked, thread, block->WaitKey);
            entry = object.WaitListHead.Flink; // other blocks of that thread may have been in this list too
        } else if (try_take_all(thread)) {
            end_wait(locked, thread, STATUS_SUCCESS);
            entry = object.WaitListHead.Flink;
        }
    }
}

namespace {

/// The dispatch interrupt: timers, DPCs, then the scheduler. On return to what was interrupted IRQL is as it was.
void dispatch_interrupt() {
    Processor& processor = this_processor();
    HalEndOfInterrupt();
    processor.dispatch_requested = false;
    processor.in_dispatch_interrupt = true;
    cpu::interrupts_on();
    const bool keeps_time = processor.number == 0;
    for (;;) {
        if (keeps_time) {
            expire_timers();
            answer_alarms();
        }
        drain_dpcs();
        cpu::interrupts_off();
        if (!may_run_a_dpc(processor) && (!keeps_time || (next_timer_due() > interrupt_time() && !alarms_ring()))) {
            break;
        }
        cpu::interrupts_on();
    }
    // From here on a new request makes a new interrupt: it comes when the threads have been switched.
    processor.in_dispatch_interrupt = false;
    if (processor.reschedule) {
        // Every thread is switched to and from with interrupts on; IRQL keeps the scheduler to itself.
        cpu::interrupts_on();
        acquire_lock(g_dispatcher_lock);
        switch_thread(Locked{});
        release_lock(g_dispatcher_lock);
        cpu::interrupts_off();
    }
}

} // namespace

} // namespace nanont::ke

/// Called by trap.S for every vector from 32 on, interrupts off.
extern "C" void ki_interrupt(ULONG vector) {
    using namespace nanont;
    using namespace nanont::ke;
    if (vector == HAL_VECTOR_SPURIOUS) {
        return;
    }
    const KIRQL old = current_irql();
    cpu::set_irql_register(vector >> 4);
    if (vector == HAL_VECTOR_DISPATCH) {
        dispatch_interrupt();
    } else {
        Processor& processor = this_processor();
        ++processor.interrupt_depth;
        if (vector == HAL_VECTOR_CLOCK) {
            clock_interrupt();
        } else if (vector == HAL_VECTOR_IPI) {
            serve_requests();
        } else {
            cpu::interrupts_on();
            // Of what it would keep waiting at DISPATCH_LEVEL, a DPC or who holds a lock, the time is judged.
            constexpr ULONG kLatest = 100; // us
            const ULONG late = old < DISPATCH_LEVEL ? vf::draw_trouble(NANONT_CHOICE_LATE_INTERRUPTS, kLatest) : 0;
            if (late != 0) {
                KeStallExecutionProcessor(late);
            }
            device_interrupt(vector);
            cpu::interrupts_off();
        }
        --processor.interrupt_depth;
        HalEndOfInterrupt();
    }
    cpu::set_irql_register(old);
}
