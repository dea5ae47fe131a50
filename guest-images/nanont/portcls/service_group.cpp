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
};

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
    ~ServiceGroup() override {
        KeCancelTimer(&timer_);
        if (at_passive("V01 last Release of a service group above PASSIVE_LEVEL"))
            KeFlushQueuedDpcs();
        else
            KeRemoveQueueDpc(&dpc_);
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
        ULONG pass = ++pass_;
        for (Member* member = next(pass); member; member = next(pass)) {
            member->pass = pass;
            member->calling = true;
            KeReleaseSpinLockFromDpcLevel(&lock_);
            member->sink->RequestService();
            KeAcquireSpinLockAtDpcLevel(&lock_);
            member->calling = false;
        }
        KeReleaseSpinLockFromDpcLevel(&lock_);
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

} // namespace portcls

/** PASSIVE_LEVEL. STATUS_INSUFFICIENT_RESOURCES. */
PORTCLASSAPI NTSTATUS NTAPI PcNewServiceGroup(PSERVICEGROUP* out, PUNKNOWN outer) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    return portcls::hand_out(new (kObjectTag) portcls::ServiceGroup(outer), out);
}
