// SPDX-License-Identifier: MIT
// The floating-point and vector registers a driver asks to be kept while it uses them. No more than x87 and SSE is
// enabled on this processor, and Windows ignores features that are not.
#include "ke.hpp"

namespace {

constexpr ULONG kTag = nanont::tag("KeXs");

struct alignas(16) SaveArea {
    UCHAR registers[512]; // FXSAVE64
};

} // namespace

extern "C" {

/// Between this and KeRestoreExtendedProcessorState, on the same thread and at the same IRQL. STATUS_SUCCESS,
/// STATUS_INSUFFICIENT_RESOURCES. IRQL <= DISPATCH_LEVEL.
NTSTATUS NTAPI KeSaveExtendedProcessorState(ULONG64, PXSTATE_SAVE XStateSave) {
    auto* area = static_cast<SaveArea*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(SaveArea), kTag));
    if (area == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    XStateSave->Prev = reinterpret_cast<PXSTATE_SAVE>(area);
    XStateSave->Thread = nanont::ke::current_thread();
    XStateSave->Level = nanont::ke::current_irql();
    asm volatile("fxsave64 %0" : "=m"(*area));
    return STATUS_SUCCESS;
}

VOID NTAPI KeRestoreExtendedProcessorState(PXSTATE_SAVE XStateSave) {
    auto* area = reinterpret_cast<SaveArea*>(XStateSave->Prev);
    asm volatile("fxrstor64 %0" ::"m"(*area));
    ExFreePoolWithTag(area, kTag);
    XStateSave->Prev = nullptr;
}

} // extern "C"
