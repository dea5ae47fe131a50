// SPDX-License-Identifier: MIT
#include "service_group.hpp"

#include "aggregation.hpp"

#include "module/locks.hpp"

namespace portcls {
namespace {

constexpr ULONG kGroupMagic = 'gsMP';
constexpr ULONG kGoneMagic = 0xDDDDDDDD;
constexpr ULONG kRemovePatienceMs = 5000;

struct Member {
    LIST_ENTRY link;
    IServiceSink* sink;
    ULONG pass;   // last DPC that called it
    bool calling; // its RequestService runs now
};

/** Either face of a service group, to be known by. */
struct MarkedGroup : public IServiceGroup {
    ULONG magic = kGroupMagic;
    NotifyTally notified;
};

// Render and capture may share a group, each with a Notify of its own; a third in one call says nothing new.
constexpr ULONG kMostNotifies = 2;

volatile LONG interrupt_calls; // so far

/** The call that began last, by the thread that it interrupted. On another processor another one may take its place:
 * then what this one notifies is not counted. */
struct {
    PVOID volatile thread;
    volatile LONG number;
} running_call;

class ServiceGroup final : public Aggregatable<MarkedGroup> {
  public:
    explicit ServiceGroup(PUNKNOWN outer) : Aggregatable(outer) {
        KeInitializeSpinLock(&lock_);
        InitializeListHead(&members_);
        KeInitializeDpc(&dpc_, &ServiceGroup::run_dpc, this);
        KeInitializeTimer(&timer_);
    }

    /** Any IRQL up to that of the interrupt. Requests before the DPC runs are one request. */
    STDMETHODIMP_(void) RequestService() override { KeInsertQueueDpc(&dpc_, nullptr, nullptr); }

    STDMETHODIMP_(NTSTATUS) AddMember(PSERVICESINK sink) override {
        if (!sink || !at_passive("V01 IServiceGroup::AddMember above PASSIVE_LEVEL")) return STATUS_INVALID_PARAMETER;
        auto* member = static_cast<Member*>(allocate_zeroed(sizeof(Member), kObjectTag.value));
        if (!member) return STATUS_INSUFFICIENT_RESOURCES;
        sink->AddRef();
        member->sink = sink;
        SpinLockGuard guard(lock_);
        member->pass = pass_; // a DPC that runs now does not see it
        InsertTailList(&members_, &member->link);
        return STATUS_SUCCESS;
    }

    /** After it returns the sink is not called any more. */
    STDMETHODIMP_(void) RemoveMember(PSERVICESINK sink) override {
        at_passive("V01 IServiceGroup::RemoveMember above PASSIVE_LEVEL");
        Member* member = unlink(sink);
        if (!member) return;
        for (ULONG waited = 0; is_calling(*member); ++waited) {
            if (KeGetCurrentIrql() != PASSIVE_LEVEL || waited == kRemovePatienceMs) {
                DbgPrint("portcls.sys: RemoveMember: the sink's RequestService has not returned after %u ms\n", waited);
                break;
            }
            sleep_ms(1);
        }
        ExFreePoolWithTag(member, kObjectTag.value);
        sink->Release();
    }

    STDMETHODIMP_(void) SupportDelayedService() override { delayed_ = true; }

    STDMETHODIMP_(void) RequestDelayedService(ULONGLONG delay_100ns) override {
        if (!delayed_) {
            DbgPrint("portcls.sys: RequestDelayedService without SupportDelayedService before it: nothing done\n");
            return;
        }
        LARGE_INTEGER due;
        due.QuadPart = -static_cast<LONGLONG>(delay_100ns);
        KeSetTimer(&timer_, due, &dpc_);
    }

    STDMETHODIMP_(void) CancelDelayedService() override { KeCancelTimer(&timer_); }

  private:
    /** Above PASSIVE_LEVEL nobody can wait for a DPC that runs: it is the DPC that ends the group then. */
    void destroy() override {
        const bool passive = at_passive("V01 last Release of a service group above PASSIVE_LEVEL");
        const bool delayed = KeCancelTimer(&timer_) != FALSE;
        const bool awaited = KeRemoveQueueDpc(&dpc_) != FALSE || delayed;
        const bool serving = passive ? serving_ != 0 : leave_to_dpc();
        trace::expect(18, IsListEmpty(&members_) || (!serving && !awaited), serving, 0,
                      "V18 the last Release of a service group with members while its DPC runs, or is to run");
        if (passive || !serving) delete this;
    }

    /** False: none runs. */
    bool leave_to_dpc() {
        if (KeGetCurrentIrql() > DISPATCH_LEVEL) return true; // told as V01; rather never ended than ended in an ISR
        SpinLockGuard guard(lock_);
        ending_ = serving_ != 0;
        return ending_;
    }

    ~ServiceGroup() override {
        if (KeGetCurrentIrql() == PASSIVE_LEVEL) KeFlushQueuedDpcs();
        while (!IsListEmpty(&members_)) {
            auto* member = CONTAINING_RECORD(RemoveHeadList(&members_), Member, link);
            member->sink->Release();
            ExFreePoolWithTag(member, kObjectTag.value);
        }
        OwnFace::magic = OuterFace::magic = kGoneMagic;
    }

    static VOID NTAPI run_dpc(PKDPC, PVOID context, PVOID, PVOID) { static_cast<ServiceGroup*>(context)->serve(); }

    /** Every member once; the list's lock is not held while a sink runs, so a sink may change the list. */
    void serve() {
        KeAcquireSpinLockAtDpcLevel(&lock_);
        ++serving_;
        ULONG pass = ++pass_;
        for (Member* member = next(pass); member; member = next(pass)) {
            member->pass = pass;
            member->calling = true;
            KeReleaseSpinLockFromDpcLevel(&lock_);
            trace::into(nullptr, *member->sink, &IServiceSink::RequestService);
            KeAcquireSpinLockAtDpcLevel(&lock_);
            member->calling = false;
        }
        const bool ends = --serving_ == 0 && ending_;
        KeReleaseSpinLockFromDpcLevel(&lock_);
        if (ends) delete this;
    }

    Member* next(ULONG pass) {
        for (LIST_ENTRY* at = members_.Flink; at != &members_; at = at->Flink) {
            auto* member = CONTAINING_RECORD(at, Member, link);
            // Of two passes on two CPUs the later one serves for the earlier one, too.
            if (static_cast<LONG>(pass - member->pass) > 0 && !member->calling) return member;
        }
        return nullptr;
    }

    Member* unlink(PSERVICESINK sink) {
        SpinLockGuard guard(lock_);
        for (LIST_ENTRY* at = members_.Flink; at != &members_; at = at->Flink) {
            auto* member = CONTAINING_RECORD(at, Member, link);
            if (member->sink == sink) {
                RemoveEntryList(at);
                return member;
            }
        }
        return nullptr;
    }

    bool is_calling(Member& member) {
        SpinLockGuard guard(lock_);
        return member.calling;
    }

    bool delayed_ = false;
    KSPIN_LOCK lock_;
    LIST_ENTRY members_;
    ULONG pass_ = 0;
    ULONG serving_ = 0;   // DPCs of this group that run now; under lock_
    bool ending_ = false; // the last of them ends it; under lock_
    KDPC dpc_;
    KTIMER timer_;
};

} // namespace

template <> const IID& iid_of<MarkedGroup>() {
    return IID_IServiceGroup;
}

bool is_service_group(PSERVICEGROUP group) {
    return group && static_cast<MarkedGroup*>(group)->magic == kGroupMagic;
}

InterruptCall::InterruptCall() : before_thread_(running_call.thread), before_(running_call.number) {
    running_call.number = InterlockedIncrement(&interrupt_calls);
    running_call.thread = KeGetCurrentThread();
}

InterruptCall::~InterruptCall() {
    running_call.number = before_;
    running_call.thread = before_thread_;
}

void NotifyTally::count() {
    if (running_call.thread != KeGetCurrentThread() || KeGetCurrentIrql() <= DISPATCH_LEVEL) return;
    const LONG call = running_call.number;
    times_ = call_ == call ? times_ + 1 : 1;
    call_ = call;
    trace::judged(79);
    if (times_ == kMostNotifies + 1)
        trace::finding(79, times_, kMostNotifies,
                       "V79 one call of an interrupt routine notifies again and again: bytes that come together are "
                       "notified together");
}

void notify_group(PSERVICEGROUP group) {
    static_cast<MarkedGroup*>(group)->notified.count();
    group->RequestService();
}

} // namespace portcls

/** PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES. */
PORTCLASSAPI NTSTATUS NTAPI PcNewServiceGroup(PSERVICEGROUP* out, PUNKNOWN outer) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    return portcls::hand_out(new (kObjectTag) portcls::ServiceGroup(outer), out);
}
