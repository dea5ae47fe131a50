// SPDX-License-Identifier: MIT
// The line of the card without an IInterruptSync: IoConnectInterrupt, and what goes with the object that it makes.
#include "helpers.hpp"

namespace {

struct Served {
    volatile LONG times;
    KIRQL irql;
};

BOOLEAN NTAPI serve(PKINTERRUPT, PVOID context) {
    auto& served = *static_cast<Served*>(context);
    served.irql = KeGetCurrentIrql();
    if (!take_byte()) return FALSE;
    InterlockedIncrement(&served.times);
    return TRUE;
}

BOOLEAN NTAPI look(PVOID context) {
    auto& irql = *static_cast<KIRQL*>(context);
    const bool is_first = irql == PASSIVE_LEVEL;
    irql = KeGetCurrentIrql();
    return is_first;
}

struct Wanted {
    ULONG vector;
    KIRQL irql;
    KAFFINITY affinity;
};

NTSTATUS connect(PKINTERRUPT& interrupt, Served& served, const Wanted& wanted) {
    return IoConnectInterrupt(&interrupt, serve, &served, nullptr, wanted.vector, wanted.irql, wanted.irql, Latched,
                              FALSE, wanted.affinity, FALSE);
}

} // namespace

void plain_interrupt() {
    const auto& line = g_resources->FindTranslatedEntry(CmResourceTypeInterrupt, 0)->u.Interrupt;
    const Wanted right = {line.Vector, static_cast<KIRQL>(line.Level), line.Affinity};
    PKINTERRUPT interrupt = nullptr, second = nullptr;
    Served served{}, nobody{};
    CHECK_EQUAL(connect(interrupt, served, right), STATUS_SUCCESS);
    CHECK_REFUSES(IoConnectInterrupt, connect(second, nobody, right), STATUS_INVALID_PARAMETER); // it is taken
    Wanted wrong = right;
    wrong.vector = 5; // the processor's own
    CHECK_REFUSES(IoConnectInterrupt, connect(second, nobody, wrong), STATUS_INVALID_PARAMETER);
    wrong = right;
    wrong.irql = DISPATCH_LEVEL; // not the vector's
    CHECK_REFUSES(IoConnectInterrupt, connect(second, nobody, wrong), STATUS_INVALID_PARAMETER);
    wrong = right;
    wrong.affinity = 0;
    CHECK_REFUSES(IoConnectInterrupt, connect(second, nobody, wrong), STATUS_INVALID_PARAMETER);
    CHECK(second == nullptr);

    ring();
    CHECK_EQUAL(served.times, 1);
    CHECK_EQUAL(served.irql, right.irql);
    KIRQL inside = PASSIVE_LEVEL;
    CHECK(KeSynchronizeExecution(interrupt, look, &inside)); // its routine's answer
    CHECK_EQUAL(inside, right.irql);
    CHECK(!KeSynchronizeExecution(interrupt, look, &inside));
    const KIRQL old = KeAcquireInterruptSpinLock(interrupt);
    const KIRQL held = KeGetCurrentIrql();
    KeReleaseInterruptSpinLock(interrupt, old);
    CHECK_EQUAL(held, right.irql);
    IoDisconnectInterrupt(interrupt);
    ring();
    CHECK_EQUAL(served.times, 1); // nobody listens
    while (take_byte()) {
    }
}
