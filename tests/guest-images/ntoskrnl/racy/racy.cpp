// SPDX-License-Identifier: MIT
// racy.sys: when it is asked whether it may be stopped, two threads, a processor for each, share a block of pool and no
// lock. Whoever sees the block uses it, forgets it and frees it. Under most schedules one of them is done before the
// other looks; under some both see it.
#define CHECKS_OF "racy"
#include "../../support/other_thread.hpp"

extern "C" __declspec(dllimport) KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY);

namespace {

constexpr ULONG kTag = 'ycaR';
constexpr ULONG kBytes = 64;
constexpr LONG kRounds = 16;
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
        if (number == 0) g_block = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPoolNx, kBytes, kTag));
        meet(2 * round + 1);
        use_and_free();
        meet(2 * round + 2);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

void race() {
    g_processors = 0;
    g_arrived = 0;
    OtherThread one(share, nullptr);
    OtherThread other(share, nullptr);
}

// What makes it a device's driver: it passes on what it is asked.

PDEVICE_OBJECT g_own, g_lower;

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    const NTSTATUS status = IoCreateDevice(driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &g_own);
    if (!NT_SUCCESS(status)) return status;
    g_lower = IoAttachDeviceToDeviceStack(g_own, pdo);
    g_own->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI pass_on(PDEVICE_OBJECT, PIRP irp) {
    const UCHAR minor = IoGetCurrentIrpStackLocation(irp)->MinorFunction;
    const bool removed = minor == IRP_MN_REMOVE_DEVICE;
    if (minor == IRP_MN_QUERY_STOP_DEVICE) race();
    IoSkipCurrentIrpStackLocation(irp);
    const NTSTATUS status = IofCallDriver(g_lower, irp);
    if (removed) {
        IoDetachDevice(g_lower);
        IoDeleteDevice(g_own);
    }
    return status;
}

VOID NTAPI unload(PDRIVER_OBJECT) {}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->DriverExtension->AddDevice = add_device;
    driver->DriverUnload = unload;
    driver->MajorFunction[IRP_MJ_PNP] = pass_on;
    return STATUS_SUCCESS;
}
