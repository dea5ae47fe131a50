// SPDX-License-Identifier: MIT
// More CPUs than one: how they come up, what they ask of each other, and how they are stopped.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "mm/mm.hpp"

extern "C" CCHAR KeNumberProcessors;

namespace nanont::ke {
namespace {

volatile ULONG g_count = 1;

// One request at a time; whoever waits for an answer answers others meanwhile, for interrupts are on.
struct ForgetRequest {
    ULONGLONG address;
    size_t count;
    volatile LONG missing; // answers
};
ForgetRequest g_forget;
KSPIN_LOCK g_forget_lock;

volatile LONG g_stopper; // CPU number + 1 of the one that stops the machine; 0 = it runs

/// A mapping that other CPUs may remember is forgotten one page at a time, unless that is more work than all.
void forget_here(ULONGLONG address, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        cpu::forget_page(address + i * PAGE_SIZE);
    }
}

/// A started CPU's first C++: on the stack that becomes its idle thread's, interrupts off.
[[noreturn]] VOID NTAPI run_processor(ULONGLONG argument) {
    auto& processor = *reinterpret_cast<Processor*>(argument);
    mm::use_kernel_tables();
    Thread* idle = processor.idle_thread;
    init_processor(processor, processor.number);
    HalInitThisProcessor();
    processor.current_thread = idle;
    InterlockedExchange(&processor.online, 1);
    become_idle();
}

void start(ULONG number, ULONG apic_id, ULONG root) {
    Processor& processor = g_processors[number];
    const ULONGLONG stack = mm::allocate_stack();
    if (stack == 0) {
        dbg::say("no memory for the stack of processor %lu", number);
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_NO_MEMORY));
    }
    processor.number = static_cast<UCHAR>(number);
    processor.apic_id = apic_id;
    init_idle_thread(processor, stack, stack + kKernelStackSize);
    HAL_PROCESSOR_START how;
    how.PageTableRoot = root;
    how.Stack = stack + kKernelStackSize;
    how.Entry = reinterpret_cast<ULONGLONG>(&run_processor);
    how.Argument = reinterpret_cast<ULONGLONG>(&processor);
    constexpr ULONG kMostWaits = 10'000; // of 100 µs
    bool started = HalStartProcessor(apic_id, &how) != FALSE;
    for (ULONG i = 0; started && processor.online == 0; ++i) {
        KeStallExecutionProcessor(100);
        started = i < kMostWaits;
    }
    if (!started) {
        dbg::say("processor %lu (local APIC %lu) did not come up within 1 s", number, apic_id);
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_TIMEOUT));
    }
}

} // namespace

ULONG processor_count() {
    return g_count;
}

void start_processors() {
    ULONG ids[kMaxProcessors];
    const ULONG found = HalQueryProcessors(ids, kMaxProcessors);
    g_processors[0].apic_id = ids[0];
    g_processors[0].online = 1;
    const ULONG used = found < kMaxProcessors ? found : kMaxProcessors;
    if (found > used) {
        dbg::say("the machine has %lu processors, of which nanont uses %lu", found, used);
    }
    if (used == 1) {
        return;
    }
    const ULONG root = mm::make_start_tables(HAL_TRAMPOLINE);
    if (root == 0) {
        dbg::say("no memory for the page tables that processors are started with");
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_NO_MEMORY));
    }
    for (ULONG number = 1; number < used; ++number) {
        start(number, ids[number], root);
        g_count = number + 1; // from here on threads may go there
    }
    KeNumberProcessors = static_cast<CCHAR>(g_count);
}

void request(Processor& processor, ProcessorRequest what) {
    InterlockedOr(&processor.requests, what);
    HalSendInterrupt(processor.apic_id, HAL_VECTOR_IPI);
}

void serve_requests() {
    Processor& processor = this_processor();
    const LONG what = InterlockedExchange(&processor.requests, 0);
    if ((what & kForgetPages) != 0) {
        forget_here(g_forget.address, g_forget.count);
        InterlockedDecrement(&g_forget.missing);
    }
    if ((what & kTick) != 0) {
        tick(processor, interrupt_time());
    }
    if ((what & kReplanClock) != 0) {
        replan_clock();
    }
}

void forget_pages(ULONGLONG address, size_t count) {
    if (g_count == 1) {
        forget_here(address, count);
        return;
    }
    // Raised, for this must name one CPU and ask all the others.
    SpinLockGuard guard(g_forget_lock);
    forget_here(address, count);
    g_forget.address = address;
    g_forget.count = count;
    g_forget.missing = static_cast<LONG>(g_count - 1);
    for (ULONG i = 0; i < g_count; ++i) {
        if (&g_processors[i] != &this_processor()) {
            request(g_processors[i], kForgetPages);
        }
    }
    constexpr ULONG kMostLooks = 10'000'000;
    for (ULONG i = 0; g_forget.missing != 0; ++i) {
        YieldProcessor();
        if (i == kMostLooks) {
            dbg::bugcheck(DPC_WATCHDOG_VIOLATION, 1, i, 0, 0,
                          "another processor does not answer an inter-processor interrupt: it runs with interrupts "
                          "off, or above IPI_LEVEL");
        }
    }
}

bool stop_others() {
    const LONG me = this_processor().number + 1;
    const LONG stopper = InterlockedCompareExchange(&g_stopper, me, 0);
    if (stopper == 0 && g_count > 1) {
        HalStopOthers();
    }
    return stopper == 0 || stopper == me;
}

void halt_if_stopped() {
    if (g_stopper != 0) {
        for (;;) {
            asm volatile("cli; hlt");
        }
    }
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

extern "C" {

CCHAR KeNumberProcessors = 1;

KAFFINITY NTAPI KeQueryActiveProcessors(VOID) {
    return (KAFFINITY{1} << processor_count()) - 1;
}
ULONG NTAPI KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors) {
    if (ActiveProcessors != nullptr) {
        *ActiveProcessors = KeQueryActiveProcessors();
    }
    return processor_count();
}
/// ALL_PROCESSOR_GROUPS or group 0; there is no other.
ULONG NTAPI KeQueryActiveProcessorCountEx(USHORT GroupNumber) {
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? processor_count() : 0;
}
ULONG NTAPI KeQueryMaximumProcessorCount(VOID) {
    return kMaxProcessors;
}
ULONG export_KeQueryMaximumProcessorCountEx(USHORT GroupNumber) __asm__("KeQueryMaximumProcessorCountEx");
ULONG export_KeQueryMaximumProcessorCountEx(USHORT GroupNumber) {
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? kMaxProcessors : 0;
}
ULONG NTAPI KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber) {
    const ULONG number = this_processor().number;
    if (ProcNumber != nullptr) {
        *ProcNumber = {0, static_cast<UCHAR>(number), 0};
    }
    return number;
}
NTSTATUS export_KeGetProcessorNumberFromIndex(ULONG ProcIndex,
                                              PPROCESSOR_NUMBER ProcNumber) __asm__("KeGetProcessorNumberFromIndex");
NTSTATUS export_KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber) {
    if (ProcIndex >= kMaxProcessors) {
        return STATUS_INVALID_PARAMETER;
    }
    *ProcNumber = {0, static_cast<UCHAR>(ProcIndex), 0};
    return STATUS_SUCCESS;
}
ULONG export_KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber) __asm__("KeGetProcessorIndexFromNumber");
ULONG export_KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber) {
    constexpr ULONG kNone = 0xffffffff; // INVALID_PROCESSOR_INDEX
    return ProcNumber->Group == 0 && ProcNumber->Number < kMaxProcessors ? ProcNumber->Number : kNone;
}

} // extern "C"
