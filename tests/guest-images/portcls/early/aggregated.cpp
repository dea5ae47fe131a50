// SPDX-License-Identifier: MIT
// The helper objects of portcls.sys as parts of one of the adapter's objects.
#include "module/ddk.hpp"

#define CHECKS_OF "early"
#include "../support/aggregate.hpp"
#include "../support/counted.hpp"

namespace {

/** What a synchronized routine was given. */
IInterruptSync* given;

NTSTATUS NTAPI remember(IInterruptSync* sync, PVOID context) {
    given = sync;
    return *static_cast<NTSTATUS*>(context);
}

struct Sink final : Counted<IServiceSink> {
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return answer<Sink, IServiceSink>(this, iid, IID_IServiceSink, out);
    }
    STDMETHODIMP_(void) RequestService() override { InterlockedIncrement(&served); }
    LONG served = 0;
};

void interrupt_sync(PRESOURCELIST resources) {
    IInterruptSync* world = nullptr;
    check_aggregated<IInterruptSync>(
        "interrupt sync", IID_IInterruptSync,
        [&](PUNKNOWN outer, IInterruptSync** out) {
            return PcNewInterruptSync(out, outer, resources, 0, InterruptSyncModeNormal);
        },
        [&](IInterruptSync* face) {
            if (!world) world = face; // it is called with the world's face first
            CHECK_EQUAL(face->Connect(), STATUS_SUCCESS);
            CHECK(face->GetKInterrupt() != nullptr);
            NTSTATUS wanted = STATUS_MORE_ENTRIES;
            CHECK_EQUAL(face->CallSynchronizedRoutine(remember, &wanted), STATUS_MORE_ENTRIES);
            CHECK(given == world); // whoever calls: a routine never sees the maker's own face
            face->Disconnect();
        });
}

void service_group() {
    auto* sink = new (kObjectTag) Sink();
    CHECK(sink != nullptr);
    if (!sink) return;
    LONG times = 0;
    check_aggregated<IServiceGroup>(
        "service group", IID_IServiceGroup,
        [](PUNKNOWN outer, IServiceGroup** out) { return PcNewServiceGroup(out, outer); },
        [&](IServiceGroup* face) {
            CHECK_EQUAL(face->AddMember(sink), STATUS_SUCCESS);
            face->RequestService();
            KeFlushQueuedDpcs();
            CHECK_EQUAL(sink->served, ++times);
            face->RemoveMember(sink);
        });
    CHECK_EQUAL(sink->Release(), 0);
}

void resource_lists(PRESOURCELIST resources) {
    check_aggregated<IResourceList>(
        "resource list", IID_IResourceList,
        [&](PUNKNOWN outer, IResourceList** out) {
            return PcNewResourceList(out, outer, PagedPool, resources->TranslatedList(), resources->UntranslatedList());
        },
        [&](IResourceList* face) {
            CHECK_EQUAL(face->NumberOfEntries(), resources->NumberOfEntries());
            CHECK(face->FindTranslatedEntry(CmResourceTypePort, 0) != nullptr);
        });
    ULONG entries = 0;
    check_aggregated<IResourceList>(
        "resource sublist", IID_IResourceList,
        [&](PUNKNOWN outer, IResourceList** out) { return PcNewResourceSublist(out, outer, PagedPool, resources, 2); },
        [&](IResourceList* face) {
            CHECK_EQUAL(face->AddEntryFromParent(resources, CmResourceTypePort, 0), STATUS_SUCCESS);
            CHECK_EQUAL(face->NumberOfEntries(), ++entries);
        });
}

/** Nothing of what is refused becomes an object, and an outer unknown does not change what is refused. */
void wrong_ones(PRESOURCELIST resources) {
    Outer outer(IID_IInterruptSync);
    IInterruptSync* sync = reinterpret_cast<IInterruptSync*>(&sync);
    CHECK_EQUAL(PcNewInterruptSync(&sync, &outer, resources, 99, InterruptSyncModeNormal), STATUS_INVALID_PARAMETER);
    CHECK(sync == nullptr);
    CHECK_EQUAL(PcNewInterruptSync(&sync, &outer, resources, 0, static_cast<INTERRUPTSYNCMODE>(9)),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewServiceGroup(nullptr, &outer), STATUS_INVALID_PARAMETER);
    IResourceList* list = nullptr;
    CHECK_EQUAL(PcNewResourceList(&list, &outer, PagedPool, resources->TranslatedList(), nullptr),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewResourceSublist(&list, &outer, PagedPool, resources, 0), STATUS_INVALID_PARAMETER);
    CHECK(list == nullptr);
    CHECK_EQUAL(outer.references, 1);
}

} // namespace

void aggregated(PRESOURCELIST resources) {
    interrupt_sync(resources);
    service_group();
    resource_lists(resources);
    wrong_ones(resources);
}
