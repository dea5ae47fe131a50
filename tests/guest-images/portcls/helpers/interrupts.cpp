// SPDX-License-Identifier: MIT
// IInterruptSync: its three modes, when its routines run and in which order, and what it refuses.
#include "helpers.hpp"

namespace {

/// What the routines did: a letter each time one was called.
struct Calls {
    char text[256];
    ULONG length;
    ULONG wrong_irql;
} g_calls;

KIRQL line_irql() {
    return static_cast<KIRQL>(g_resources->FindTranslatedEntry(CmResourceTypeInterrupt, 0)->u.Interrupt.Level);
}

void note(char letter) {
    if (g_calls.length + 1 < sizeof g_calls.text) g_calls.text[g_calls.length++] = letter;
    if (KeGetCurrentIrql() != line_irql()) ++g_calls.wrong_irql;
}

NTSTATUS NTAPI not_mine(IInterruptSync*, PVOID) {
    note('a');
    return STATUS_UNSUCCESSFUL;
}

/// The card's own: takes what waits.
NTSTATUS NTAPI mine(IInterruptSync*, PVOID) {
    note('b');
    return take_byte() ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

NTSTATUS NTAPI last(IInterruptSync*, PVOID) {
    note('c');
    return STATUS_UNSUCCESSFUL;
}

NTSTATUS NTAPI always(IInterruptSync*, PVOID) {
    take_byte();
    note('s');
    return STATUS_SUCCESS;
}

/// Its own object from within its service routine.
NTSTATUS NTAPI reenters(IInterruptSync* self, PVOID context) {
    take_byte();
    *static_cast<NTSTATUS*>(context) = self->CallSynchronizedRoutine(last, nullptr);
    return STATUS_SUCCESS;
}

IInterruptSync* make(INTERRUPTSYNCMODE mode) {
    g_calls = {};
    IInterruptSync* sync = nullptr;
    CHECK_EQUAL(PcNewInterruptSync(&sync, nullptr, g_resources, 0, mode), STATUS_SUCCESS);
    return sync;
}

bool called(const char* expected) {
    ULONG i = 0;
    for (; expected[i] != 0 && i < g_calls.length; ++i)
        if (g_calls.text[i] != expected[i]) break;
    if (expected[i] == 0 && i == g_calls.length && g_calls.wrong_irql == 0) return true;
    g_calls.text[g_calls.length] = 0;
    DbgPrint("helpers: called: %s, expected: %s; at another IRQL: %u\n", g_calls.text, expected, g_calls.wrong_irql);
    return false;
}

/// One interrupt through three routines; what they were called.
void one_interrupt(INTERRUPTSYNCMODE mode, const char* expected) {
    IInterruptSync* sync = make(mode);
    for (PINTERRUPTSYNCROUTINE routine : {not_mine, mine, last})
        CHECK_EQUAL(sync->RegisterServiceRoutine(routine, nullptr, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    ring();
    CHECK(called(expected));
    sync->Disconnect();
    CHECK_EQUAL(sync->Release(), 0);
}

} // namespace

void modes() {
    one_interrupt(InterruptSyncModeNormal, "ab");     // as far as the first that says yes
    one_interrupt(InterruptSyncModeAll, "abc");       // each once
    one_interrupt(InterruptSyncModeRepeat, "abcabc"); // until a whole pass says no
}

void order() {
    IInterruptSync* sync = make(InterruptSyncModeAll);
    CHECK_EQUAL(sync->RegisterServiceRoutine(mine, nullptr, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->RegisterServiceRoutine(not_mine, nullptr, TRUE), STATUS_SUCCESS); // in front of it
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    CHECK_EQUAL(sync->RegisterServiceRoutine(last, nullptr, FALSE), STATUS_SUCCESS); // too late to be right
    ring();
    CHECK(called("abc"));
    sync->Disconnect();
    sync->Release();
}

/// A routine that always says yes would hang the machine in Windows.
void endless() {
    IInterruptSync* sync = make(InterruptSyncModeRepeat);
    CHECK_EQUAL(sync->RegisterServiceRoutine(always, nullptr, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    ring();
    CHECK(g_calls.length > 1);
    CHECK_EQUAL(g_calls.wrong_irql, 0);
    sync->Disconnect();
    sync->Release();
}

void connecting() {
    IInterruptSync* sync = make(InterruptSyncModeNormal);
    CHECK(sync->GetKInterrupt() == nullptr);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS); // without a routine: nobody claims anything
    CHECK(sync->GetKInterrupt() != nullptr);
    IInterruptSync* second = nullptr;
    CHECK_EQUAL(PcNewInterruptSync(&second, nullptr, g_resources, 0, InterruptSyncModeNormal), STATUS_SUCCESS);
    CHECK(!NT_SUCCESS(second->Connect())); // the line is not shared
    CHECK(second->GetKInterrupt() == nullptr);
    second->Release();
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS); // it is already
    sync->Disconnect();
    CHECK(sync->GetKInterrupt() == nullptr);
    sync->Disconnect();
    CHECK_EQUAL(sync->RegisterServiceRoutine(mine, nullptr, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS); // and again
    ring();
    CHECK(called("b"));
    sync->Disconnect();
    ring();
    CHECK(called("b")); // nobody listens
    while (take_byte()) {
    }
    sync->Release();
}

void releasing() {
    IInterruptSync* sync = make(InterruptSyncModeNormal);
    CHECK_EQUAL(sync->RegisterServiceRoutine(mine, nullptr, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Release(), 0); // without Disconnect
    ring();
    CHECK(called(""));
    while (take_byte()) {
    }
}

void synchronized() {
    IInterruptSync* sync = make(InterruptSyncModeNormal);
    NTSTATUS from_routine = STATUS_PENDING;
    CHECK_EQUAL(sync->RegisterServiceRoutine(reenters, &from_routine, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    CHECK_EQUAL(sync->CallSynchronizedRoutine(not_mine, nullptr), STATUS_UNSUCCESSFUL); // its own status
    CHECK(called("a"));
    KIRQL old;
    KeRaiseIrql(HIGH_LEVEL, &old);
    const NTSTATUS too_high = sync->CallSynchronizedRoutine(not_mine, nullptr);
    KeLowerIrql(old);
    CHECK_EQUAL(too_high, STATUS_INVALID_DEVICE_STATE);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const NTSTATUS from_dispatch = sync->CallSynchronizedRoutine(not_mine, nullptr);
    KeLowerIrql(old);
    CHECK_EQUAL(from_dispatch, STATUS_UNSUCCESSFUL);
    ring();
    CHECK_EQUAL(from_routine, STATUS_INVALID_DEVICE_STATE); // it would have locked itself out
    CHECK(called("aa"));
    sync->Disconnect();
    sync->Release();
}

void too_many_routines() {
    IInterruptSync* sync = make(InterruptSyncModeAll);
    CHECK_EQUAL(sync->RegisterServiceRoutine(nullptr, nullptr, FALSE), STATUS_INVALID_PARAMETER);
    ULONG taken = 0;
    while (taken < 100 && NT_SUCCESS(sync->RegisterServiceRoutine(last, nullptr, FALSE)))
        ++taken;
    CHECK_EQUAL(taken, 16);
    CHECK_EQUAL(sync->RegisterServiceRoutine(last, nullptr, TRUE), STATUS_INSUFFICIENT_RESOURCES);
    sync->Release();
}
