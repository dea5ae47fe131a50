// SPDX-License-Identifier: MIT
// IResourceList: the device's own, one made by hand, and a share of another's.
#include "helpers.hpp"

namespace {

bool is_copy(PCM_PARTIAL_RESOURCE_DESCRIPTOR a, PCM_PARTIAL_RESOURCE_DESCRIPTOR b) {
    return a && b && a != b && RtlCompareMemory(a, b, sizeof *a) == sizeof *a;
}

} // namespace

void lists() {
    CHECK(g_resources->NumberOfEntriesOfType(CmResourceTypePort) >= 1);
    CHECK(g_resources->NumberOfEntriesOfType(CmResourceTypeInterrupt) >= 1);
    CHECK(g_resources->NumberOfEntriesOfType(CmResourceTypeDma) == 0);
    CHECK(g_resources->FindTranslatedEntry(CmResourceTypePort, 99) == nullptr);
    CHECK(g_resources->FindUntranslatedEntry(CmResourceTypeDma, 0) == nullptr);
    CHECK_EQUAL(g_resources->TranslatedList()->Count, 1);

    PRESOURCELIST list = nullptr;
    CHECK_EQUAL(PcNewResourceList(nullptr, nullptr, PagedPool, nullptr, nullptr), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewResourceList(&list, nullptr, PagedPool, nullptr, nullptr), STATUS_SUCCESS); // no hardware
    CHECK_EQUAL(list->NumberOfEntries(), 0);
    CHECK(list->FindTranslatedEntry(CmResourceTypePort, 0) == nullptr);
    list->Release();
    CHECK_EQUAL(
        PcNewResourceList(&list, nullptr, PagedPool, g_resources->TranslatedList(), g_resources->UntranslatedList()),
        STATUS_SUCCESS);
    CHECK_EQUAL(list->NumberOfEntries(), g_resources->NumberOfEntries());
    CHECK(is_copy(list->FindTranslatedEntry(CmResourceTypeInterrupt, 0),
                  g_resources->FindTranslatedEntry(CmResourceTypeInterrupt, 0)));
    CHECK(is_copy(list->FindUntranslatedEntry(CmResourceTypeInterrupt, 0),
                  g_resources->FindUntranslatedEntry(CmResourceTypeInterrupt, 0)));
    list->Release();
}

void sublists() {
    PRESOURCELIST list = nullptr;
    CHECK_EQUAL(PcNewResourceSublist(&list, nullptr, PagedPool, g_resources, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewResourceSublist(&list, nullptr, PagedPool, nullptr, 1), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewResourceSublist(&list, nullptr, PagedPool, g_resources, 1), STATUS_SUCCESS);
    CHECK_EQUAL(list->NumberOfEntries(), 0);
    CHECK_EQUAL(list->AddEntryFromParent(g_resources, CmResourceTypeInterrupt, 9), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(list->AddEntry(nullptr, nullptr), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(list->AddEntryFromParent(g_resources, CmResourceTypeInterrupt, 0), STATUS_SUCCESS);
    CHECK_EQUAL(list->AddEntryFromParent(g_resources, CmResourceTypePort, 0), STATUS_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(list->NumberOfEntries(), 1);
    CHECK_EQUAL(list->NumberOfEntriesOfType(CmResourceTypePort), 0);
    CHECK(is_copy(list->FindTranslatedEntry(CmResourceTypeInterrupt, 0),
                  g_resources->FindTranslatedEntry(CmResourceTypeInterrupt, 0)));
    IInterruptSync* sync = nullptr; // what a miniport with such a share does
    CHECK_EQUAL(PcNewInterruptSync(&sync, nullptr, list, 0, InterruptSyncModeNormal), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    sync->Disconnect();
    sync->Release();
    list->Release();
}
