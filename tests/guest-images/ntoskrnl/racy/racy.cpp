// SPDX-License-Identifier: MIT
// racy.sys: two threads, a processor for each, share a block of pool and no lock. Whoever sees the block uses it,
// forgets it and frees it. Under most schedules one of them is done before the other looks; under some both see it.
#define CHECKS_OF "racy"
#include "../../support/other_thread.hpp"

extern "C" __declspec(dllimport) KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY);

namespace {

constexpr ULONG kTag = 'ycaR';
constexpr ULONG kBytes = 64;
constexpr LONG kRounds = 4;
constexpr LONG kMostLooks = 1'000'000;

UCHAR* volatile g_block;
volatile LONG g_processors; // that have taken a number
volatile LONG g_arrived;    // at the rounds' beginnings
volatile ULONG g_sum;

void use_and_free() {
    UCHAR* block = g_block;
    if (block == nullptr) return;
    ULONG sum = 0;
    for (ULONG i = 0; i < kBytes; ++i)
        sum += block[i];
    g_sum = g_sum + sum;
    g_block = nullptr;
    ExFreePoolWithTag(block, kTag);
}

/// Both are here before either goes on.
void meet(LONG round) {
    InterlockedIncrement(&g_arrived);
    for (LONG looks = 0; g_arrived < 2 * round && looks < kMostLooks; ++looks)
        YieldProcessor();
}

VOID NTAPI share(PVOID) {
    const LONG number = InterlockedIncrement(&g_processors) - 1;
    KeSetSystemAffinityThreadEx(KAFFINITY{1} << number);
    for (LONG round = 0; round < kRounds; ++round) {
        if (number == 0) g_block = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, kBytes, kTag));
        meet(2 * round + 1);
        use_and_free();
        meet(2 * round + 2);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    OtherThread one(share, nullptr);
    OtherThread other(share, nullptr);
    return STATUS_SUCCESS;
}
