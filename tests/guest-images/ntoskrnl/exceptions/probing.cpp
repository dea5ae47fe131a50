// SPDX-License-Identifier: MIT
// ProbeForRead, ProbeForWrite, MmProbeAndLockPages ("ProbeForRead function (wdm.h)" and their like): what raises, and
// what passes.
#include "exceptions.hpp"

#include <initializer_list>

namespace {

using Probe = void (*)(void* address, SIZE_T length, ULONG alignment);

void for_read(void* address, SIZE_T length, ULONG alignment) {
    ProbeForRead(address, length, alignment);
}
void for_write(void* address, SIZE_T length, ULONG alignment) {
    ProbeForWrite(address, length, alignment);
}

NOINLINE NTSTATUS probed(Probe probe, void* address, SIZE_T length, ULONG alignment) {
    __try {
        probe(address, length, alignment);
    } __except (kExecuteHandler) {
        return static_cast<NTSTATUS>(_exception_code());
    }
    return STATUS_SUCCESS;
}

NOINLINE NTSTATUS locked(PMDL mdl, LOCK_OPERATION operation) {
    __try {
        MmProbeAndLockPages(mdl, UserMode, operation);
    } __except (kExecuteHandler) {
        return static_cast<NTSTATUS>(_exception_code());
    }
    return STATUS_SUCCESS;
}

NTSTATUS locked(void* address, ULONG length, LOCK_OPERATION operation) {
    PMDL mdl = IoAllocateMdl(address, length, FALSE, FALSE, nullptr);
    if (mdl == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    const NTSTATUS status = locked(mdl, operation);
    if (NT_SUCCESS(status)) MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    return status;
}

alignas(16) UCHAR g_buffer[64];
const ULONG kConstant[4] = {1, 2, 3, 4};
void* const kNothing = reinterpret_cast<void*>(0x10);
void* const kTopmost = reinterpret_cast<void*>(~ULONG_PTR{0});
void* const kNoKernel = reinterpret_cast<void*>(0xfffff70012345678);

/** What a METHOD_NEITHER handler does with a client's buffer. */
NOINLINE NTSTATUS copy_in(const void* from, UCHAR* to, SIZE_T length) {
    __try {
        ProbeForRead(const_cast<void*>(from), length, 1);
        RtlCopyMemory(to, from, length);
    } __except (kExecuteHandler) {
        return static_cast<NTSTATUS>(_exception_code());
    }
    return STATUS_SUCCESS;
}

} // namespace

void probes() {
    CHECK_EQUAL(probed(for_read, g_buffer, 64, 16), STATUS_SUCCESS);
    CHECK_EQUAL(probed(for_write, g_buffer, 64, 4), STATUS_SUCCESS);
    CHECK_EQUAL(probed(for_read, g_buffer + 1, 4, 4), STATUS_DATATYPE_MISALIGNMENT);
    CHECK_EQUAL(probed(for_write, g_buffer + 2, 4, 4), STATUS_DATATYPE_MISALIGNMENT);
    CHECK_EQUAL(probed(for_read, g_buffer + 1, 0, 4), STATUS_SUCCESS); // nothing is not looked at
    CHECK_EQUAL(probed(for_write, kNothing, 0, 1), STATUS_SUCCESS);
    CHECK_EQUAL(probed(for_read, reinterpret_cast<void*>(~ULONG_PTR{15}), 64, 1), STATUS_ACCESS_VIOLATION); // wraps
    CHECK_EQUAL(probed(for_write, kNothing, 4, 1), STATUS_ACCESS_VIOLATION);
    CHECK_EQUAL(probed(for_write, kNoKernel, 4, 1), STATUS_ACCESS_VIOLATION);
    CHECK_EQUAL(probed(for_write, const_cast<ULONG*>(kConstant), 4, 4), STATUS_ACCESS_VIOLATION);
}

void locked_pages() {
    CHECK_EQUAL(locked(g_buffer, 64, IoWriteAccess), STATUS_SUCCESS);
    CHECK_EQUAL(locked(const_cast<ULONG*>(kConstant), 16, IoReadAccess), STATUS_SUCCESS);
    CHECK_REFUSES(MmProbeAndLockPages, locked(const_cast<ULONG*>(kConstant), 16, IoModifyAccess),
                  STATUS_ACCESS_VIOLATION);
    CHECK_REFUSES(MmProbeAndLockPages, locked(kNothing, 16, IoReadAccess), STATUS_ACCESS_VIOLATION);
    CHECK_REFUSES(MmProbeAndLockPages, locked(kTopmost, 16, IoReadAccess), STATUS_ACCESS_VIOLATION); // wraps
    CHECK_REFUSES(MmProbeAndLockPages, locked(kNoKernel, 16, IoReadAccess), STATUS_ACCESS_VIOLATION);
}

void captured_buffers() {
    UCHAR copy[16] = {};
    CHECK_EQUAL(copy_in(kConstant, copy, 16), STATUS_SUCCESS);
    CHECK_EQUAL(copy[4], 2);
    CHECK_EQUAL(copy_in(kNothing, copy, 16), STATUS_ACCESS_VIOLATION); // the probe passes, the copy does not
}

namespace {

extern "C" __declspec(dllimport) PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE, SIZE_T, ULONG);
extern "C" __declspec(dllimport) PVOID NTAPI ExAllocatePoolWithQuota(POOL_TYPE, SIZE_T);

extern "C" __declspec(dllimport) PVOID NTAPI ExAllocatePool2(ULONG64, SIZE_T, ULONG);

constexpr SIZE_T kTooMuch = 1ull << 40;

PVOID NOINLINE quota_tag(ULONG type, SIZE_T bytes) {
    return ExAllocatePoolWithQuotaTag(static_cast<POOL_TYPE>(type), bytes, 'sesp');
}
PVOID NOINLINE quota(ULONG type, SIZE_T bytes) {
    return ExAllocatePoolWithQuota(static_cast<POOL_TYPE>(type), bytes);
}
PVOID NOINLINE plain(ULONG type, SIZE_T bytes) {
    return ExAllocatePoolWithTag(static_cast<POOL_TYPE>(type), bytes, 'sesp');
}

PVOID NOINLINE by_flags(ULONG flags, SIZE_T bytes) {
    return ExAllocatePool2(flags, bytes, 'sesp');
}
constexpr ULONG kNonPaged = 0x40, kRaiseOnFailure = 0x20; // POOL_FLAG_NON_PAGED, POOL_FLAG_RAISE_ON_FAILURE

/** What comes of it: the status that was raised, STATUS_NO_MEMORY for NULL, STATUS_SUCCESS for a block (given back). */
NOINLINE NTSTATUS taken(PVOID (*take)(ULONG, SIZE_T), ULONG type, SIZE_T bytes) {
    PVOID block = nullptr;
    __try {
        block = take(type, bytes);
    } __except (kExecuteHandler) {
        return static_cast<NTSTATUS>(_exception_code());
    }
    if (block == nullptr) return STATUS_NO_MEMORY;
    ExFreePool(block);
    return STATUS_SUCCESS;
}

} // namespace

void pool_that_raises() {
    for (auto* take : {quota_tag, quota}) {
        CHECK_EQUAL(taken(take, NonPagedPoolNx, 100), STATUS_SUCCESS);
        CHECK_EQUAL(taken(take, NonPagedPoolNx, kTooMuch), STATUS_INSUFFICIENT_RESOURCES);
        CHECK_EQUAL(taken(take, PagedPool, kTooMuch), STATUS_INSUFFICIENT_RESOURCES);
        CHECK_EQUAL(taken(take, NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, kTooMuch), STATUS_NO_MEMORY);
    }
    CHECK_EQUAL(taken(plain, NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE, 100), STATUS_SUCCESS);
    CHECK_REFUSES(ExAllocatePoolWithTag, taken(plain, NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE, kTooMuch),
                  STATUS_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(taken(plain, NonPagedPoolNx, kTooMuch), STATUS_NO_MEMORY);
    CHECK_EQUAL(taken(by_flags, kNonPaged | kRaiseOnFailure, 100), STATUS_SUCCESS);
    CHECK_REFUSES(ExAllocatePool2, taken(by_flags, kNonPaged | kRaiseOnFailure, kTooMuch),
                  STATUS_INSUFFICIENT_RESOURCES);
    CHECK_REFUSES(ExAllocatePool2, taken(by_flags, kRaiseOnFailure, 100), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(taken(by_flags, kNonPaged, kTooMuch), STATUS_NO_MEMORY);
}
