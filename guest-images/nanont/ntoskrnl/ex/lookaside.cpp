// SPDX-License-Identifier: MIT
// Lookaside lists. The headers' inline code keeps freed entries in the list and calls Allocate and Free for the rest; a
// depth of 0 sends every entry straight back to pool, where its pattern is checked.
#include "ke/ke.hpp"

namespace {

PVOID NTAPI allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag) {
    return ExAllocatePoolWithTag(type, bytes, tag);
}
VOID NTAPI give_back(PVOID block) {
    ExFreePool(block);
}

void init(GENERAL_LOOKASIDE& list, PALLOCATE_FUNCTION take, PFREE_FUNCTION give, POOL_TYPE type, SIZE_T size,
          ULONG tag) {
    RtlZeroMemory(&list, sizeof(list));
    InitializeSListHead(&list.ListHead);
    list.Depth = 0;
    list.MaximumDepth = 256;
    list.Type = type;
    list.Tag = tag;
    list.Size = static_cast<ULONG>(size);
    list.Allocate = take != nullptr ? take : allocate;
    list.Free = give != nullptr ? give : give_back;
    nanont::Links<LIST_ENTRY>::init(list.ListEntry);
}

void empty(GENERAL_LOOKASIDE& list) {
    while (PSLIST_ENTRY entry = ExInterlockedPopEntrySList(&list.ListHead, nullptr)) {
        list.Free(entry);
    }
}

} // namespace

extern "C" {

VOID NTAPI ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                           PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT) {
    init(Lookaside->L, Allocate, Free, static_cast<POOL_TYPE>(NonPagedPool | Flags), Size, Tag);
}

VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside) {
    empty(Lookaside->L);
}

VOID NTAPI ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                          PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT) {
    init(Lookaside->L, Allocate, Free, static_cast<POOL_TYPE>(PagedPool | Flags), Size, Tag);
}

VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside) {
    empty(Lookaside->L);
}

KPROCESSOR_MODE NTAPI ExGetPreviousMode(VOID) {
    return KernelMode;
}

// The machine's local time is UTC.
VOID NTAPI ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime) {
    *LocalTime = *SystemTime;
}
VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime) {
    *SystemTime = *LocalTime;
}

} // extern "C"
