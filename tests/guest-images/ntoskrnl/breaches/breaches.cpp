// SPDX-License-Identifier: MIT
// breaches.sys breaks each rule that the kernel tells and then goes on, one after the other, and says before each which
// one it is. Between them it does the same things as they should be done. Everything is put right again behind a
// breach.
#include "module/ddk.hpp"

namespace {

constexpr ULONG kTag = 'kerB';
constexpr ULONG kLongest = 50; // us, of one stall

KSPIN_LOCK g_first, g_second, g_third;
KDPC g_dpc, g_keeper;
KTIMER g_timer;

struct AtDispatch {
    KIRQL old;
    AtDispatch() { KeRaiseIrql(DISPATCH_LEVEL, &old); }
    ~AtDispatch() { KeLowerIrql(old); }
};

template <class T> T* fresh(ULONG tag = kTag) {
    return static_cast<T*>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(T), tag));
}

LARGE_INTEGER in_a_minute() {
    LARGE_INTEGER due;
    due.QuadPart = -600'000'000;
    return due;
}

void take_both(KSPIN_LOCK& outer, KSPIN_LOCK& inner) {
    KIRQL old;
    KeAcquireSpinLock(&outer, &old);
    KeAcquireSpinLockAtDpcLevel(&inner);
    KeReleaseSpinLockFromDpcLevel(&inner);
    KeReleaseSpinLock(&outer, old);
}

VOID NTAPI nothing(PKDPC, PVOID, PVOID, PVOID) {}

VOID NTAPI keep_lock(PKDPC, PVOID, PVOID, PVOID) {
    KeAcquireSpinLockAtDpcLevel(&g_third);
}

VOID NTAPI give_lock_back(PKDPC, PVOID, PVOID, PVOID) {
    KeAcquireSpinLockAtDpcLevel(&g_third);
    KeReleaseSpinLockFromDpcLevel(&g_third);
}

void run_dpc(PKDEFERRED_ROUTINE routine) {
    KeInitializeDpc(&g_keeper, routine, nullptr);
    KeInsertQueueDpc(&g_keeper, nullptr, nullptr);
    KeFlushQueuedDpcs();
}

void nothing_is_wrong() {
    take_both(g_first, g_second);
    run_dpc(give_lock_back);
    ExSetTimerResolution(10'000, TRUE);
    ExSetTimerResolution(0, FALSE);
    KeStallExecutionProcessor(kLongest);
    KeInitializeTimer(&g_timer);
    KeSetTimer(&g_timer, in_a_minute(), nullptr);
    KeCancelTimer(&g_timer);
    KeInitializeTimer(&g_timer);
    auto* block = fresh<KTIMER>();
    KeInitializeTimer(block);
    KeSetTimer(block, in_a_minute(), nullptr);
    KeCancelTimer(block);
    ExFreePoolWithTag(block, kTag);
}

void resolution_given_up_twice() {
    ExSetTimerResolution(10'000, TRUE);
    ExSetTimerResolution(0, FALSE);
    ExSetTimerResolution(0, FALSE);
}

void provider_given_back_twice() {
    static const GUID id = {0x2f5ac7f0, 0x52d6, 0x4c58, {0x9e, 0x0b, 0x1d, 0x10, 0x5c, 0x4e, 0x10, 0x01}};
    REGHANDLE provider = 0;
    EtwRegister(&id, nullptr, nullptr, &provider);
    EtwUnregister(provider);
    EtwUnregister(provider);
}

void lock_kept() {
    run_dpc(keep_lock);
}

void lock_order() {
    take_both(g_first, g_second);
    take_both(g_second, g_first);
}

/// The second lock of a chain of three is known to come before the third, and so the first.
void lock_order_of_three() {
    KSPIN_LOCK* locks = static_cast<KSPIN_LOCK*>(ExAllocatePoolWithTag(NonPagedPoolNx, 3 * sizeof(KSPIN_LOCK), kTag));
    for (ULONG i = 0; i < 3; ++i)
        KeInitializeSpinLock(&locks[i]);
    take_both(locks[0], locks[1]);
    take_both(locks[1], locks[2]);
    take_both(locks[2], locks[0]);
    ExFreePoolWithTag(locks, kTag);
}

void lock_long() {
    KIRQL old;
    KeAcquireSpinLock(&g_first, &old);
    for (ULONG i = 0; i < 21; ++i)
        KeStallExecutionProcessor(kLongest);
    KeReleaseSpinLock(&g_first, old);
}

void long_stall() {
    KeStallExecutionProcessor(kLongest + 1);
}

void no_tag() {
    ExFreePool(fresh<ULONGLONG>(0));
}

void no_bytes() {
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 0, kTag), kTag);
}

void executable() {
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPool, 8, kTag), kTag);
}

void timer_in_freed() {
    auto* timer = fresh<KTIMER>();
    KeInitializeTimer(timer);
    KeSetTimer(timer, in_a_minute(), nullptr);
    ExFreePoolWithTag(timer, kTag);
}

void dpc_in_freed() {
    AtDispatch raised; // it cannot run in between
    auto* dpc = fresh<KDPC>();
    KeInitializeDpc(dpc, nothing, nullptr);
    KeInsertQueueDpc(dpc, nullptr, nullptr);
    ExFreePoolWithTag(dpc, kTag);
}

void timer_set_anew() {
    KeInitializeTimer(&g_timer);
    KeSetTimer(&g_timer, in_a_minute(), nullptr);
    KeInitializeTimer(&g_timer);
}

void dpc_set_anew() {
    AtDispatch raised;
    KeInitializeDpc(&g_dpc, nothing, nullptr);
    KeInsertQueueDpc(&g_dpc, nullptr, nullptr);
    KeInitializeDpc(&g_dpc, nothing, nullptr);
}

void timer_not_initialised() {
    auto* timer = fresh<KTIMER>();
    KeSetTimer(timer, in_a_minute(), nullptr);
    KeCancelTimer(timer);
    ExFreePoolWithTag(timer, kTag);
}

void dpc_not_initialised() {
    auto* dpc = fresh<KDPC>();
    KeInsertQueueDpc(dpc, nullptr, nullptr);
    ExFreePoolWithTag(dpc, kTag);
}

void lock_not_initialised() {
    auto* lock = fresh<KSPIN_LOCK>();
    KIRQL old;
    KeAcquireSpinLock(lock, &old);
    KeReleaseSpinLock(lock, old);
    ExFreePoolWithTag(lock, kTag);
}

struct Breach {
    const char* name;
    void (*run)();
};
#define BREACH(name)                                                                                                   \
    { #name, name }
constexpr Breach kBreaches[] = {
    BREACH(nothing_is_wrong),
    BREACH(lock_kept),
    BREACH(lock_order),
    BREACH(lock_order_of_three),
    BREACH(lock_long),
    BREACH(long_stall),
    BREACH(no_tag),
    BREACH(no_bytes),
    BREACH(executable),
    BREACH(timer_in_freed),
    BREACH(dpc_in_freed),
    BREACH(timer_set_anew),
    BREACH(dpc_set_anew),
    BREACH(timer_not_initialised),
    BREACH(dpc_not_initialised),
    BREACH(lock_not_initialised),
    BREACH(resolution_given_up_twice),
    BREACH(provider_given_back_twice),
};

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    KeInitializeSpinLock(&g_first);
    KeInitializeSpinLock(&g_second);
    KeInitializeSpinLock(&g_third);
    for (const Breach& breach : kBreaches) {
        DbgPrint("breaches: %s\n", breach.name);
        breach.run();
    }
    DbgPrint("breaches: done\n");
    return STATUS_SUCCESS;
}
