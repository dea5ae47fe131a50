// SPDX-License-Identifier: MIT
#include "selftest.hpp"

#include <context.hpp>

#include "arch/cpu.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "ldr/irql_gate.hpp"
#include "ldr/ldr.hpp"
#include "locks.hpp"
#include "mm/driver_blocks.hpp"
#include "mm/mm.hpp"
#include "mm/paged.hpp"
#include "rules.hpp"
#include "seh/seh.hpp"

namespace nanont::vf {
namespace {

constexpr ULONG kTag = 'tseS';
constexpr SIZE_T kBytes = 24; // leaves a tail in its block

struct Defect {
    ULONG rule;
    void (*plant)();
    void (*repair)(); // of what the checker has left as it was
};

// A rule that ends the run comes back to where its defect was planted; so all of this lives beyond the stack.
volatile ULONGLONG g_awaited[2], g_caught[2]; // bit n: Vn
volatile bool g_running, g_planting, g_came_back;
Context g_back;

UCHAR* g_block;
KSPIN_LOCK g_locks[2];
KTIMER g_timer;

bool has(const volatile ULONGLONG (&set)[2], ULONG rule) {
    return rule < 128 && (set[rule / 64] >> rule % 64 & 1) != 0;
}

void add(volatile ULONGLONG (&set)[2], ULONG rule) {
    set[rule / 64] = set[rule / 64] | 1ull << rule % 64;
}

void nothing() {}

/// An export as a driver gets it: through its gate.
template <class Function> Function as_import(const char* name) {
    return reinterpret_cast<Function>(ldr::irql_gate(name, ldr::system_routine(name)));
}

void close_at_dispatch() {
    const auto close = as_import<NTSTATUS(NTAPI*)(HANDLE)>("ZwClose");
    cpu::set_irql_register(DISPATCH_LEVEL);
    close(nullptr);
}
void lower_irql() {
    cpu::set_irql_register(PASSIVE_LEVEL);
}

UCHAR* allocate() {
    return static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, kBytes, kTag));
}

void overrun_block() {
    g_block = allocate();
    g_block[kBytes] = 0;
    ExFreePoolWithTag(g_block, kTag);
}
void free_overrun() {
    g_block[kBytes] = Pool::kTailByte;
    ExFreePoolWithTag(g_block, kTag);
}

void leave_block() {
    g_block = allocate();
    mm::tell_unfreed_blocks(); // as when the driver's image goes
}
void free_block() {
    ExFreePoolWithTag(g_block, kTag);
}

void complete_freed_irp() {
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoFreeIrp(irp);
    IofCompleteRequest(irp, IO_NO_INCREMENT);
}

void take_in_both_orders() {
    for (ULONG first = 0; first < 2; ++first) {
        const KIRQL old = KeAcquireSpinLockRaiseToDpc(&g_locks[first]);
        KeAcquireSpinLockAtDpcLevel(&g_locks[1 - first]);
        KeReleaseSpinLockFromDpcLevel(&g_locks[1 - first]);
        KeReleaseSpinLock(&g_locks[first], old);
    }
}

void write_code() {
    *reinterpret_cast<volatile UCHAR*>(&nothing) = 0;
}

void set_timer_anew() {
    LARGE_INTEGER due;
    due.QuadPart = -600'000'000;
    KeInitializeTimer(&g_timer);
    KeSetTimer(&g_timer, due, nullptr);
    KeInitializeTimer(&g_timer);
}
void cancel_timer() {
    KeCancelTimer(&g_timer);
}

void touch_freed() {
    g_block = allocate();
    ExFreePoolWithTag(g_block, kTag);
    *const_cast<volatile UCHAR*>(g_block) = 0;
}

void touch_paged() {
    g_block = static_cast<UCHAR*>(ExAllocatePoolWithTag(PagedPool, kBytes, kTag));
    *const_cast<volatile UCHAR*>(g_block) = 0;
    cpu::set_irql_register(DISPATCH_LEVEL);
    mm::irql_has_risen(nullptr);
    *const_cast<volatile UCHAR*>(g_block) = 0;
}
void free_paged() {
    lower_irql();
    free_block();
}

// One at least of each group with a checker in the kernel; power and portcls: portcls.sys plants its own.
constexpr Defect kDefects[] = {
    {1, close_at_dispatch, lower_irql},                                    // irql
    {2, touch_paged, free_paged},       {52, overrun_block, free_overrun}, // pool
    {48, touch_freed, nothing},         {20, leave_block, free_block},     // tracking
    {71, complete_freed_irp, nothing},                                     // io
    {8, take_in_both_orders, nothing},                                     // deadlock
    {65, write_code, nothing},                                             // security
    {57, set_timer_anew, cancel_timer},                                    // misc
};

__attribute__((noinline)) void try_defect(const Defect& defect) {
    await_planted(&defect.rule, 1);
    g_came_back = false;
    rtl_capture_context(&g_back);
    if (!g_came_back) {
        g_planting = true;
        defect.plant();
    }
    g_planting = false;
    defect.repair();
    tell_planted();
}

} // namespace

void await_planted(const ULONG* rules, ULONG count) {
    for (ULONG i = 0; i < count; ++i) {
        add(g_awaited, rules[i]);
    }
}

void tell_planted() {
    for (ULONG rule = 1; rule <= kRules; ++rule) {
        if (has(g_awaited, rule)) {
            dbg::emit(MPULAB_KIND_SELFTEST, 0, rule, has(g_caught, rule), 0);
        }
    }
    for (ULONG word = 0; word < 2; ++word) {
        g_awaited[word] = 0;
        g_caught[word] = 0;
    }
}

bool was_planted(ULONG rule) {
    if (!has(g_awaited, rule)) {
        return false;
    }
    add(g_caught, rule);
    return true;
}

void go_back_if_planted(ULONG rule) {
    if (!g_planting || !was_planted(rule)) {
        return;
    }
    g_came_back = true;
    rtl_restore_context(&g_back, nullptr);
}

bool wants_special_pool(ULONG tag) {
    return !g_running || tag == kTag;
}

bool selftest_runs() {
    return g_running;
}

void run_selftest() {
    const ldr::Module* kernel = ldr::find_by_address(reinterpret_cast<ULONG_PTR>(&run_selftest));
    ldr::stand_in_for_driver(true);
    g_running = true;
    for (const Defect& defect : kDefects) {
        try_defect(defect);
    }
    g_running = false;
    ldr::stand_in_for_driver(false);
    forget_held(); // the dispatcher takes its lock on one thread and gives it back, unwatched, on another
    forget_locks(kernel->base, kernel->size); // its own count for nothing from here on, nor does their order
    forget_counts();
}

} // namespace nanont::vf
