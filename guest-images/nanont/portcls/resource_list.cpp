// SPDX-License-Identifier: MIT
// IResourceList: the two resource lists of START_DEVICE, entry by entry (reference portcls-midi.md §3.3).
#include "resource_list.hpp"

#include "aggregation.hpp"

namespace portcls {
namespace {

ULONG entries_of(PCM_RESOURCE_LIST list) {
    return list && list->Count ? list->List[0].PartialResourceList.Count : 0;
}

constexpr SIZE_T list_bytes(ULONG entries) {
    return sizeof(CM_RESOURCE_LIST) + entries * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
}

class ResourceList final : public Aggregatable<IResourceList> {
  public:
    /** Copies both lists and leaves room for `room` entries. */
    static NTSTATUS create(PUNKNOWN outer, PCM_RESOURCE_LIST translated, PCM_RESOURCE_LIST untranslated, ULONG room,
                           PRESOURCELIST* out) {
        ULONG given = entries_of(translated);
        if (given != entries_of(untranslated)) {
            DbgPrint("portcls.sys: resource lists disagree: %u translated entries, %u untranslated\n", given,
                     entries_of(untranslated));
            return STATUS_INVALID_PARAMETER;
        }
        if (room < given) room = given;
        auto* list = new (kObjectTag) ResourceList(outer);
        if (!list) return STATUS_INSUFFICIENT_RESOURCES;
        list->room_ = room;
        list->translated_ = copy(translated, given, room);
        list->untranslated_ = copy(untranslated, given, room);
        if (!list->translated_ || !list->untranslated_) {
            list->Release();
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        return hand_out(list, out);
    }

    STDMETHODIMP_(ULONG) NumberOfEntries() override { return entries_of(translated_); }

    STDMETHODIMP_(ULONG) NumberOfEntriesOfType(CM_RESOURCE_TYPE type) override {
        ULONG count = 0;
        for (ULONG i = 0; i < entries_of(translated_); ++i)
            count += at(translated_, i)->Type == type;
        return count;
    }

    STDMETHODIMP_(PCM_PARTIAL_RESOURCE_DESCRIPTOR) FindTranslatedEntry(CM_RESOURCE_TYPE type, ULONG index) override {
        return find(translated_, type, index);
    }

    STDMETHODIMP_(PCM_PARTIAL_RESOURCE_DESCRIPTOR) FindUntranslatedEntry(CM_RESOURCE_TYPE type, ULONG index) override {
        return find(untranslated_, type, index);
    }

    STDMETHODIMP_(NTSTATUS)
    AddEntry(PCM_PARTIAL_RESOURCE_DESCRIPTOR translated, PCM_PARTIAL_RESOURCE_DESCRIPTOR untranslated) override {
        ULONG used = entries_of(translated_);
        if (!translated || !untranslated) return STATUS_INVALID_PARAMETER;
        if (used == room_) return STATUS_INSUFFICIENT_RESOURCES;
        *at(translated_, used) = *translated;
        *at(untranslated_, used) = *untranslated;
        translated_->List[0].PartialResourceList.Count = untranslated_->List[0].PartialResourceList.Count = used + 1;
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS) AddEntryFromParent(PRESOURCELIST parent, CM_RESOURCE_TYPE type, ULONG index) override {
        return AddEntry(parent->FindTranslatedEntry(type, index), parent->FindUntranslatedEntry(type, index));
    }

    STDMETHODIMP_(PCM_RESOURCE_LIST) TranslatedList() override { return translated_; }
    STDMETHODIMP_(PCM_RESOURCE_LIST) UntranslatedList() override { return untranslated_; }

  private:
    explicit ResourceList(PUNKNOWN outer) : Aggregatable(outer) {}
    ~ResourceList() override {
        if (translated_) ExFreePoolWithTag(translated_, kObjectTag.value);
        if (untranslated_) ExFreePoolWithTag(untranslated_, kObjectTag.value);
    }

    static PCM_RESOURCE_LIST copy(PCM_RESOURCE_LIST from, ULONG given, ULONG room) {
        auto* to = static_cast<PCM_RESOURCE_LIST>(allocate_zeroed(list_bytes(room), kObjectTag.value));
        if (!to) return nullptr;
        to->Count = 1;
        to->List[0].PartialResourceList.Version = to->List[0].PartialResourceList.Revision = 1;
        if (from && from->Count) {
            to->List[0].InterfaceType = from->List[0].InterfaceType;
            to->List[0].BusNumber = from->List[0].BusNumber;
        }
        to->List[0].PartialResourceList.Count = given;
        for (ULONG i = 0; i < given; ++i)
            *at(to, i) = *at(from, i);
        return to;
    }

    // By address, not by subscript: PartialDescriptors[1] lies inside List[1], so GCC does not take it for an array of
    // open length and ends every loop over it after one turn.
    static PCM_PARTIAL_RESOURCE_DESCRIPTOR at(PCM_RESOURCE_LIST list, ULONG index) {
        constexpr size_t kFirst = offsetof(CM_RESOURCE_LIST, List) +
                                  offsetof(CM_FULL_RESOURCE_DESCRIPTOR, PartialResourceList) +
                                  offsetof(CM_PARTIAL_RESOURCE_LIST, PartialDescriptors);
        return reinterpret_cast<PCM_PARTIAL_RESOURCE_DESCRIPTOR>(reinterpret_cast<PUCHAR>(list) + kFirst) + index;
    }

    static PCM_PARTIAL_RESOURCE_DESCRIPTOR find(PCM_RESOURCE_LIST list, CM_RESOURCE_TYPE type, ULONG index) {
        for (ULONG i = 0; i < entries_of(list); ++i)
            if (at(list, i)->Type == type && index-- == 0) return at(list, i);
        return nullptr;
    }

    PCM_RESOURCE_LIST translated_ = nullptr;
    PCM_RESOURCE_LIST untranslated_ = nullptr;
    ULONG room_ = 0;
};

} // namespace

NTSTATUS new_resource_list(PCM_RESOURCE_LIST translated, PCM_RESOURCE_LIST untranslated, PRESOURCELIST* out,
                           PUNKNOWN outer) {
    return ResourceList::create(outer, translated, untranslated, 0, out);
}

} // namespace portcls

/** NULL lists give an empty list (a device without hardware). PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewResourceList(PRESOURCELIST* out, PUNKNOWN outer, POOL_TYPE,
                                              PCM_RESOURCE_LIST translated, PCM_RESOURCE_LIST untranslated) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    return portcls::new_resource_list(translated, untranslated, out, outer);
}

/** An empty list with room for `max` entries, to be filled from `parent` by AddEntryFromParent. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewResourceSublist(PRESOURCELIST* out, PUNKNOWN outer, POOL_TYPE, PRESOURCELIST parent,
                                                 ULONG max) {
    constexpr ULONG kMaxEntries = 256;
    if (!out || !parent || max == 0 || max > kMaxEntries) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    return portcls::ResourceList::create(outer, nullptr, nullptr, max, out);
}
