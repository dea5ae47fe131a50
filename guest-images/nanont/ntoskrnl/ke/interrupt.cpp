// SPDX-License-Identifier: MIT
// Device interrupts: who is connected to a vector, and the lock that goes with it. Several drivers may share a line.
#include "dbg/report.hpp"
#include "io/io.hpp"
#include "io/pci_function.hpp"
#include "ke.hpp"
#include "mm/paged.hpp"
#include "vf/driver_call.hpp"
#include "vf/locks.hpp"
#include "vf/rules.hpp"

/// What drivers hold as PKINTERRUPT.
struct _KINTERRUPT : nanont::ke::InterruptRequest {
    LIST_ENTRY link; // with those of the same vector
    KSPIN_LOCK own_lock;

    ULONG_PTR routine_address() const {
        return message_routine != nullptr ? reinterpret_cast<ULONG_PTR>(message_routine)
                                          : reinterpret_cast<ULONG_PTR>(routine);
    }
    BOOLEAN serve() {
        return message_routine != nullptr ? nanont::vf::call(message_routine, this, context, message)
                                          : nanont::vf::call(routine, this, context);
    }
};

namespace nanont::ke {
namespace {

constexpr ULONG kFirstDeviceVector = 0x30;
constexpr ULONG kLastDeviceVector = 0xbf;
constexpr ULONG kVectors = kLastDeviceVector - kFirstDeviceVector + 1;
constexpr ULONG kStormLimit = 100'000;
constexpr ULONG kMostShares = 16; // of one vector

struct InterruptVector {
    _KINTERRUPT* first; // the list runs in a ring through `link`
    ULONG shares;
    ULONG unclaimed;          // interrupts in a row that no routine wanted
    volatile LONG in_service; // CPUs that walk the list right now
};
InterruptVector g_vectors[kVectors];
ULONG g_connected;
KSPIN_LOCK g_connect_lock; // with interrupts off

/// Interrupts off, and the lists are this CPU's.
class ConnectLock {
  public:
    ConnectLock() { acquire_lock(g_connect_lock); }
    ~ConnectLock() { release_lock(g_connect_lock); }

  private:
    cpu::InterruptsOff off_;
};

bool is_device_vector(ULONG vector) {
    return vector >= kFirstDeviceVector && vector <= kLastDeviceVector;
}

/// At DIRQL already; takes the interrupt's lock round the routine.
template <typename Routine> BOOLEAN synchronized(_KINTERRUPT& interrupt, Routine routine) {
    acquire_lock(*interrupt.lock);
    const BOOLEAN result = routine();
    release_lock(*interrupt.lock);
    return result;
}

void check_return(const _KINTERRUPT& interrupt) {
    vf::judged(3);
    if (current_irql() != interrupt.synchronize_irql) {
        dbg::bugcheck({IRQL_UNEXPECTED_VALUE, 3}, dbg::unexpected_irql(current_irql(), interrupt.synchronize_irql),
                      interrupt.routine_address(), 0, 0,
                      "interrupt routine %s returned at IRQL %u; it was called at %u",
                      dbg::Place(interrupt.routine_address()).text, current_irql(), interrupt.synchronize_irql);
    }
}

} // namespace

ULONG connected_interrupts() {
    return g_connected;
}

void device_interrupt(ULONG vector) {
    bool claimed = false;
    InterruptVector* place = is_device_vector(vector) ? &g_vectors[vector - kFirstDeviceVector] : nullptr;
    _KINTERRUPT* connected[kMostShares];
    ULONG count = 0;
    if (place != nullptr) {
        InterlockedIncrement(&place->in_service);
        ConnectLock lock;
        for (_KINTERRUPT* interrupt = place->first; count < place->shares;
             interrupt = CONTAINING_RECORD(interrupt->link.Flink, _KINTERRUPT, link)) {
            connected[count++] = interrupt;
        }
    }
    // A level stays up until every device behind it is content: who claims it ends the round (the page of strmini's
    // PHW_INTERRUPT says so; KSERVICE_ROUTINE's, that others are called after FALSE), and a false claim keeps the
    // others from being heard. One edge may stand for several devices.
    bool level_is_taken = false;
    for (ULONG i = 0; i < count && !level_is_taken; ++i) {
        _KINTERRUPT& interrupt = *connected[i];
        RaisedIrql raised(interrupt.synchronize_irql);
        mm::irql_has_risen(nullptr);
        const ULONG locks = vf::locks_held();
        const bool claims = synchronized(interrupt, [&] { return interrupt.serve(); }) != FALSE;
        claimed |= claims;
        level_is_taken = claims && interrupt.mode == LevelSensitive;
        check_return(interrupt);
        vf::check_locks_after(reinterpret_cast<void*>(interrupt.routine), locks);
    }
    if (count != 0) {
        place->unclaimed = claimed ? 0 : place->unclaimed + 1;
    }
    if (place != nullptr) {
        InterlockedDecrement(&place->in_service);
    }
    dbg::emit(MPULAB_KIND_INTERRUPT, 0, vector, claimed ? 1 : 0, HalIsMessageVector(vector) ? 1 : 0);
    if (place != nullptr && place->unclaimed > kStormLimit) {
        constexpr ULONG kNotChained = 1, kChained = 2;
        const _KINTERRUPT* first = place->first;
        dbg::bugcheck(
            {HARDWARE_INTERRUPT_STORM, 13}, first != nullptr ? first->routine_address() : 0,
            first != nullptr ? reinterpret_cast<ULONG_PTR>(first->context) : 0, reinterpret_cast<ULONG_PTR>(first),
            place->shares > 1 ? kChained : kNotChained,
            "vector 0x%lx interrupted %lu times in a row and no routine claimed it: its cause is never removed", vector,
            place->unclaimed);
    }
}

namespace {

/// What does not belong together in a request; nullptr = nothing.
const char* what_is_wrong_with(const InterruptRequest& request) {
    if (!is_device_vector(request.vector) || request.irql != request.vector >> 4 ||
        request.synchronize_irql < request.irql || request.synchronize_irql > HIGH_LEVEL) {
        return "vector, IRQL and synchronize IRQL do not belong together";
    }
    if ((request.affinity & KeQueryActiveProcessors()) == 0) {
        return "the affinity holds no processor that runs";
    }
    if (HalIsMessageVector(request.vector) && request.mode != Latched) {
        return "a message-signalled interrupt is latched";
    }
    return nullptr;
}

/// One CPU serves a vector: the first of those asked for.
void open(const InterruptRequest& request) {
    const ULONG number = static_cast<ULONG>(__builtin_ctzll(request.affinity & KeQueryActiveProcessors()));
    const ULONG apic_id = g_processors[number].apic_id;
    if (HalIsMessageVector(request.vector)) {
        io::enable_pci_message(request.vector, apic_id);
    } else {
        HalEnableInterrupt(request.vector, request.mode == Latched, apic_id);
    }
}

void close(ULONG vector) {
    if (HalIsMessageVector(vector)) {
        io::disable_pci_message(vector);
    } else {
        HalDisableInterrupt(vector);
    }
}

} // namespace

NTSTATUS connect_interrupt(const InterruptRequest& request, PKINTERRUPT* result) {
    *result = nullptr;
    if (const char* wrong = what_is_wrong_with(request)) {
        dbg::say(
            "IoConnectInterrupt: vector 0x%lx, IRQL %u, synchronize IRQL %u, affinity 0x%I64x, %s: %s; expected the "
            "translated interrupt resource",
            request.vector, request.irql, request.synchronize_irql, static_cast<ULONGLONG>(request.affinity),
            request.mode == Latched ? "latched" : "level", wrong);
        return STATUS_INVALID_PARAMETER;
    }
    auto* interrupt = static_cast<PKINTERRUPT>(ExAllocatePoolWithTag(NonPagedPool, sizeof(_KINTERRUPT), tag("Intr")));
    if (interrupt == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *interrupt = {};
    static_cast<InterruptRequest&>(*interrupt) = request;
    if (interrupt->lock == nullptr) {
        interrupt->lock = &interrupt->own_lock;
    }
    bool first = false;
    NTSTATUS status = STATUS_SUCCESS;
    {
        ConnectLock lock;
        InterruptVector& place = g_vectors[request.vector - kFirstDeviceVector];
        first = place.first == nullptr;
        if (first) {
            List::init(interrupt->link);
            place.first = interrupt;
            place.unclaimed = 0;
        } else if (request.share && place.first->share && place.first->mode == request.mode &&
                   place.shares < kMostShares) {
            List::push_back(place.first->link, interrupt->link);
        } else {
            status = STATUS_INVALID_PARAMETER;
        }
        if (NT_SUCCESS(status)) {
            ++g_connected;
            ++place.shares;
            *result = interrupt; // the routine may run, and look at it, from here on
        }
    }
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(interrupt, tag("Intr"));
        return status;
    }
    if (first) {
        open(request);
    }
    return STATUS_SUCCESS;
}

} // namespace nanont::ke

using namespace nanont;
using namespace nanont::ke;

extern "C" {

NTSTATUS NTAPI IoConnectInterrupt(PKINTERRUPT* InterruptObject, PKSERVICE_ROUTINE ServiceRoutine, PVOID ServiceContext,
                                  PKSPIN_LOCK SpinLock, ULONG Vector, KIRQL Irql, KIRQL SynchronizeIrql,
                                  KINTERRUPT_MODE InterruptMode, BOOLEAN ShareVector, KAFFINITY ProcessorEnableMask,
                                  BOOLEAN) {
    InterruptRequest request{};
    request.routine = ServiceRoutine;
    request.context = ServiceContext;
    request.lock = SpinLock;
    request.vector = Vector;
    request.irql = Irql;
    request.synchronize_irql = SynchronizeIrql;
    request.mode = InterruptMode;
    request.share = ShareVector != FALSE;
    request.affinity = ProcessorEnableMask;
    io::judge_vector(request);
    return connect_interrupt(request, InterruptObject);
}

VOID NTAPI IoDisconnectInterrupt(PKINTERRUPT InterruptObject) {
    bool last = false;
    InterruptVector& place = g_vectors[InterruptObject->vector - kFirstDeviceVector];
    {
        ConnectLock lock;
        last = List::empty(InterruptObject->link);
        if (last) {
            place.first = nullptr;
        } else if (place.first == InterruptObject) {
            place.first = CONTAINING_RECORD(InterruptObject->link.Flink, _KINTERRUPT, link);
        }
        List::remove(InterruptObject->link);
        --g_connected;
        --place.shares;
    }
    if (last) {
        close(InterruptObject->vector);
    }
    while (place.in_service != 0) {
        YieldProcessor(); // another CPU may be in the routine; it comes back, or the machine has worse to report
    }
    ExFreePoolWithTag(InterruptObject, tag("Intr"));
}

BOOLEAN NTAPI KeSynchronizeExecution(PKINTERRUPT Interrupt, PKSYNCHRONIZE_ROUTINE SynchronizeRoutine,
                                     PVOID SynchronizeContext) {
    RaisedIrql raised(Interrupt->synchronize_irql);
    mm::irql_has_risen(nullptr);
    return synchronized(*Interrupt, [&] { return vf::call(SynchronizeRoutine, SynchronizeContext); });
}

KIRQL NTAPI KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt) {
    const KIRQL old = current_irql();
    if (old > Interrupt->synchronize_irql) {
        KeBugCheckEx(IRQL_NOT_GREATER_OR_EQUAL, Interrupt->synchronize_irql, old, 0, 0);
    }
    cpu::set_irql_register(Interrupt->synchronize_irql);
    mm::irql_has_risen(nullptr);
    acquire_lock(*Interrupt->lock);
    return old;
}

VOID NTAPI KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql) {
    release_lock(*Interrupt->lock);
    cpu::set_irql_register(OldIrql);
}

} // extern "C"
