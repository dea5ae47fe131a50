// SPDX-License-Identifier: MIT
// Waiting for dispatcher objects: one, any, or all, with a timeout.
#include "dbg/report.hpp"
#include "ke.hpp"

namespace nanont::ke {

bool can_have(const DISPATCHER_HEADER& object, const Thread& thread);
void take(DISPATCHER_HEADER& object, Thread& thread);

namespace {

/// What a wait gives back: the caller's IRQL, or, when the call before it said Wait = TRUE, that from before that call.
class CallersIrql {
  public:
    explicit CallersIrql(Thread& thread) : irql_(thread.wait_promised ? thread.promised_irql : current_irql()) {
        thread.wait_promised = FALSE;
    }
    ~CallersIrql() { cpu::set_irql_register(irql_); }
    CallersIrql(const CallersIrql&) = delete;
    CallersIrql& operator=(const CallersIrql&) = delete;
    KIRQL irql() const { return irql_; }

  private:
    KIRQL irql_;
};

void require_waitable(bool may_block, KIRQL irql) {
    const Processor& processor = this_processor();
    if (irql > DISPATCH_LEVEL || (may_block && irql == DISPATCH_LEVEL)) {
        dbg::bugcheck(ATTEMPTED_SWITCH_FROM_DPC, reinterpret_cast<ULONG_PTR>(processor.current_thread), 0,
                      reinterpret_cast<ULONG_PTR>(__builtin_frame_address(0)),
                      reinterpret_cast<ULONG_PTR>(processor.current_dpc),
                      "a wait that may block at IRQL %u; expected APC_LEVEL (1) or below, or a timeout of 0", irql);
    }
}

/// Takes what can be had at once. The status of the wait, or STATUS_PENDING when it must block.
NTSTATUS try_now(Thread& thread, ULONG count, PVOID* objects, WAIT_TYPE type) {
    if (type == WaitAny) {
        for (ULONG i = 0; i < count; ++i) {
            auto& object = *static_cast<DISPATCHER_HEADER*>(objects[i]);
            if (can_have(object, thread)) {
                take(object, thread);
                return static_cast<NTSTATUS>(STATUS_WAIT_0 + i);
            }
        }
        return STATUS_PENDING;
    }
    for (ULONG i = 0; i < count; ++i) {
        if (!can_have(*static_cast<DISPATCHER_HEADER*>(objects[i]), thread)) {
            return STATUS_PENDING;
        }
    }
    for (ULONG i = 0; i < count; ++i) {
        take(*static_cast<DISPATCHER_HEADER*>(objects[i]), thread);
    }
    return STATUS_SUCCESS;
}

void queue_block(Thread& thread, KWAIT_BLOCK& block, DISPATCHER_HEADER& object, USHORT key, UCHAR type) {
    block.Thread = &thread;
    block.Object = &object;
    block.WaitKey = key;
    block.WaitType = type;
    List::push_back(object.WaitListHead, block.WaitListEntry);
    if (thread.wait_list == nullptr) {
        thread.wait_list = &block;
        block.NextWaitBlock = &block;
    } else {
        block.NextWaitBlock = thread.wait_list->NextWaitBlock;
        thread.wait_list->NextWaitBlock = &block;
    }
}

NTSTATUS wait(ULONG count, PVOID* objects, WAIT_TYPE type, KPROCESSOR_MODE mode, PLARGE_INTEGER timeout,
              KWAIT_BLOCK* blocks) {
    const bool may_block = timeout == nullptr || timeout->QuadPart != 0;
    Thread& thread = *current_thread();
    const CallersIrql callers(thread);
    require_waitable(may_block, callers.irql());
    DispatcherLock lock;
    const NTSTATUS now = count != 0 ? try_now(thread, count, objects, type) : STATUS_PENDING;
    if (now != STATUS_PENDING) {
        return now;
    }
    if (!may_block) {
        return STATUS_TIMEOUT;
    }
    thread.wait_list = nullptr;
    for (ULONG i = 0; i < count; ++i) {
        queue_block(thread, blocks[i], *static_cast<DISPATCHER_HEADER*>(objects[i]), static_cast<USHORT>(i),
                    static_cast<UCHAR>(type));
    }
    thread.wait_mode = mode;
    thread.state = ThreadState::Waiting;
    if (timeout != nullptr) {
        KWAIT_BLOCK& own = thread.own_blocks[THREAD_WAIT_OBJECTS];
        queue_block(thread, own, thread.timer.Header, static_cast<USHORT>(STATUS_TIMEOUT), WaitAny);
        insert_timer(Locked{}, thread.timer, *timeout, 0, nullptr); // a time in the past ends the wait right here
    }
    if (thread.state == ThreadState::Waiting) {
        switch_thread(Locked{});
    } else {
        // Made ready again before it had gone to sleep: it is still the one that runs.
        g_processors[thread.processor].ready.remove(thread.ready_entry, thread.priority);
        thread.processor = this_processor().number;
        thread.state = ThreadState::Running;
    }
    return thread.wait_status;
}

} // namespace
} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

extern "C" {

NTSTATUS NTAPI KeWaitForSingleObject(PVOID Object, KWAIT_REASON, KPROCESSOR_MODE WaitMode, BOOLEAN,
                                     PLARGE_INTEGER Timeout) {
    return wait(1, &Object, WaitAny, WaitMode, Timeout, current_thread()->own_blocks);
}

#undef KeWaitForMutexObject
NTSTATUS NTAPI KeWaitForMutexObject(PVOID Object, KWAIT_REASON Reason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                                    PLARGE_INTEGER Timeout) {
    return KeWaitForSingleObject(Object, Reason, WaitMode, Alertable, Timeout);
}

NTSTATUS NTAPI KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON,
                                        KPROCESSOR_MODE WaitMode, BOOLEAN, PLARGE_INTEGER Timeout,
                                        PKWAIT_BLOCK WaitBlockArray) {
    const ULONG limit = WaitBlockArray != nullptr ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS;
    if (Count > limit) {
        dbg::bugcheck(MAXIMUM_WAIT_OBJECTS_EXCEEDED, Count, limit, 0, 0,
                      "KeWaitForMultipleObjects for %lu objects; without wait blocks 3, with them 64", Count);
    }
    return wait(Count, Object, WaitType, WaitMode, Timeout,
                WaitBlockArray != nullptr ? WaitBlockArray : current_thread()->own_blocks);
}

NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN, PLARGE_INTEGER Interval) {
    if (Interval->QuadPart == 0) {
        DispatcherLock lock; // gives the rest of the quantum away
        current_thread()->quantum_ticks_left = 0;
        switch_thread(Locked{});
        return STATUS_SUCCESS;
    }
    const NTSTATUS status = wait(0, nullptr, WaitAny, WaitMode, Interval, nullptr);
    return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}

} // extern "C"
