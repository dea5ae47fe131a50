// SPDX-License-Identifier: MIT
// IInterruptSync: a list of service routines behind one interrupt, in three modes (reference portcls-midi.md §3.1).
#include "aggregation.hpp"
#include "selftest.hpp"
#include "service_group.hpp"

#include "module/locks.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxRoutines = 16;
constexpr ULONG kMaxRepeats = 64; // passes of InterruptSyncModeRepeat before the ISR gives up: V13

class InterruptSync final : public Aggregatable<IInterruptSync> {
  public:
    InterruptSync(PUNKNOWN outer, const CM_PARTIAL_RESOURCE_DESCRIPTOR& line, INTERRUPTSYNCMODE mode)
        : Aggregatable(outer), line_(line), mode_(mode) {
        KeInitializeSpinLock(&lock_);
    }

    /** The routine runs at the line's IRQL under the interrupt lock; its status is returned. Caller's IRQL <= that. */
    STDMETHODIMP_(NTSTATUS) CallSynchronizedRoutine(PINTERRUPTSYNCROUTINE routine, PVOID context) override {
        trace::judged(45);
        trace::judged(44);
        if (KeGetCurrentIrql() > irql()) {
            trace::finding(45, KeGetCurrentIrql(), irql(), "V45 CallSynchronizedRoutine above the interrupt's IRQL");
            return STATUS_INVALID_DEVICE_STATE;
        }
        if (holder_ == KeGetCurrentThread() && KeGetCurrentIrql() == irql()) {
            trace::finding(45, reinterpret_cast<ULONG_PTR>(routine), 0,
                           "V45 CallSynchronizedRoutine from its own ISR or synchronized routine: refused, it would "
                           "deadlock");
            return STATUS_INVALID_DEVICE_STATE;
        }
        Synchronized call{this, routine, context, STATUS_UNSUCCESSFUL};
        if (interrupt_) {
            KeSynchronizeExecution(interrupt_, &InterruptSync::run_synchronized, &call);
            return call.status;
        }
        trace::finding(44, 0, 1,
                       "V44 CallSynchronizedRoutine before Connect: what Windows does then is not documented");
        return call_unconnected(call);
    }

    STDMETHODIMP_(PKINTERRUPT) GetKInterrupt() override { return interrupt_; }

    STDMETHODIMP_(NTSTATUS) Connect() override {
        if (!at_passive("V01 IInterruptSync::Connect above PASSIVE_LEVEL")) return STATUS_INVALID_DEVICE_STATE;
        if (!trace::expect(44, !interrupt_, 1, 0, "V44 Connect of an interrupt that is connected")) {
            return STATUS_SUCCESS;
        }
        NTSTATUS status =
            IoConnectInterrupt(&interrupt_, &InterruptSync::run_interrupt, this, &lock_, line_.u.Interrupt.Vector,
                               irql(), irql(), line_.Flags & CM_RESOURCE_INTERRUPT_LATCHED ? Latched : LevelSensitive,
                               line_.ShareDisposition == CmResourceShareShared, line_.u.Interrupt.Affinity, FALSE);
        if (!NT_SUCCESS(status)) {
            interrupt_ = nullptr;
            DbgPrint("portcls.sys: IoConnectInterrupt(vector 0x%x, IRQL %u) failed: status 0x%08x\n",
                     line_.u.Interrupt.Vector, irql(), status);
        }
        return status;
    }

    STDMETHODIMP_(void) Disconnect() override {
        if (!trace::expect(44, interrupt_ != nullptr, 0, 1, "V44 Disconnect of an interrupt that is not connected"))
            return;
        if (!at_passive("V01 IInterruptSync::Disconnect above PASSIVE_LEVEL")) return;
        IoDisconnectInterrupt(interrupt_);
        interrupt_ = nullptr;
    }

    STDMETHODIMP_(NTSTATUS)
    RegisterServiceRoutine(PINTERRUPTSYNCROUTINE routine, PVOID context, BOOLEAN first) override {
        if (!routine || !at_passive("V01 IInterruptSync::RegisterServiceRoutine above PASSIVE_LEVEL"))
            return STATUS_INVALID_PARAMETER;
        auto* added = count_ < kMaxRoutines ? new (kObjectTag) Routine{routine, context, nullptr} : nullptr;
        if (!added) return STATUS_INSUFFICIENT_RESOURCES;
        ++count_;
        if (!trace::expect(44, !interrupt_, 1, 0, "V44 RegisterServiceRoutine after Connect")) {
            KIRQL old = KeAcquireInterruptSpinLock(interrupt_);
            insert(*added, first);
            KeReleaseInterruptSpinLock(interrupt_, old);
        } else {
            insert(*added, first);
        }
        return STATUS_SUCCESS;
    }

  private:
    struct Routine {
        PINTERRUPTSYNCROUTINE routine;
        PVOID context;
        Routine* next;
    };
    struct Synchronized {
        InterruptSync* self;
        PINTERRUPTSYNCROUTINE routine;
        PVOID context;
        NTSTATUS status;
    };

    ~InterruptSync() override {
        if (!trace::expect(42, !interrupt_, 1, 0,
                           "V42 interrupt still connected at the last Release of its IInterruptSync"))
            Disconnect();
        while (Routine* gone = routines_) {
            routines_ = gone->next;
            delete gone;
        }
    }

    /** The three answers to what is not documented. Above DISPATCH_LEVEL nobody can be asked: the first. */
    NTSTATUS call_unconnected(Synchronized& call) {
        const KIRQL now = KeGetCurrentIrql();
        const ULONG choice = now <= DISPATCH_LEVEL ? trace::choose(NANONT_CHOICE_SYNC_UNCONNECTED) : 0;
        if (choice == 1) return STATUS_UNSUCCESSFUL;
        KIRQL old;
        KeRaiseIrql(choice == 2 ? DISPATCH_LEVEL : irql(), &old);
        KeAcquireSpinLockAtDpcLevel(&lock_);
        run_synchronized(&call);
        KeReleaseSpinLockFromDpcLevel(&lock_);
        KeLowerIrql(old);
        return call.status;
    }

    KIRQL irql() const { return static_cast<KIRQL>(line_.u.Interrupt.Level); }

    void insert(Routine& added, BOOLEAN first) {
        Routine** at = &routines_;
        while (!first && *at)
            at = &(*at)->next;
        added.next = *at;
        *at = &added;
    }

    static BOOLEAN NTAPI run_synchronized(PVOID context) {
        auto& call = *static_cast<Synchronized*>(context);
        PVOID before = call.self->holder_;
        call.self->holder_ = KeGetCurrentThread();
        trace::Call traced(MPULAB_CALLBACK_SynchronizedRoutine, reinterpret_cast<ULONG_PTR>(call.routine));
        call.status = traced.run(call.routine, call.self->identity(), call.context);
        call.self->holder_ = before;
        return NT_SUCCESS(call.status);
    }

    static BOOLEAN NTAPI run_interrupt(PKINTERRUPT, PVOID context) {
        auto* self = static_cast<InterruptSync*>(context);
        PVOID before = self->holder_;
        self->holder_ = KeGetCurrentThread();
        bool claimed = self->walk();
        self->holder_ = before;
        return claimed;
    }

    bool call(const Routine& it) {
        const InterruptCall running;
        trace::Call traced(MPULAB_CALLBACK_InterruptRoutine, reinterpret_cast<ULONG_PTR>(it.routine),
                           line_.u.Interrupt.Vector);
        return traced.run(it.routine, identity(), it.context) == STATUS_SUCCESS;
    }

    bool walk() {
        bool claimed = false;
        if (mode_ == InterruptSyncModeRepeat) trace::judged(13);
        for (ULONG pass = 0; pass < kMaxRepeats; ++pass) {
            bool success = false;
            for (const Routine* routine = routines_; routine; routine = routine->next) {
                success |= call(*routine);
                if (success && mode_ == InterruptSyncModeNormal) return true;
            }
            claimed |= success;
            if (mode_ != InterruptSyncModeRepeat || !success) return claimed;
        }
        trace::finding(13, kMaxRepeats, 0, "V13 service routines claim the interrupt without end in Repeat mode");
        return claimed;
    }

    CM_PARTIAL_RESOURCE_DESCRIPTOR line_;
    INTERRUPTSYNCMODE mode_;
    KSPIN_LOCK lock_;
    PKINTERRUPT interrupt_ = nullptr;
    PVOID holder_ = nullptr;      // thread under which a routine runs; written under the interrupt lock
    Routine* routines_ = nullptr; // in the order in which they are called
    ULONG count_ = 0;
};

} // namespace

void disconnect_unconnected() {
    auto* sync = new (kObjectTag) InterruptSync(nullptr, {}, InterruptSyncModeNormal);
    if (!sync) return;
    sync->Disconnect();
    sync->Release();
}

} // namespace portcls

/** `index` counts interrupts only. Does not connect. STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES.
 * PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewInterruptSync(PINTERRUPTSYNC* out, PUNKNOWN outer, PRESOURCELIST resources,
                                               ULONG index, INTERRUPTSYNCMODE mode) {
    if (!out || !resources) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    if (mode < InterruptSyncModeNormal || mode > InterruptSyncModeRepeat) return STATUS_INVALID_PARAMETER;
    PCM_PARTIAL_RESOURCE_DESCRIPTOR line = resources->FindTranslatedEntry(CmResourceTypeInterrupt, index);
    if (!line) {
        DbgPrint("portcls.sys: PcNewInterruptSync: interrupt %u of a list with %u interrupts\n", index,
                 resources->NumberOfEntriesOfType(CmResourceTypeInterrupt));
        return STATUS_INVALID_PARAMETER;
    }
    return portcls::hand_out(new (kObjectTag) portcls::InterruptSync(outer, *line, mode), out);
}
