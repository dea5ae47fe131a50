// SPDX-License-Identifier: MIT
#include "pool.hpp"

namespace {

constexpr ULONG kNonPagedPoolNx = 512; // older kits do not name it
POOL_TYPE g_nonpaged_pool = NonPagedPool;

} // namespace

DRIVER_INIT_CODE void choose_nonpaged_pool() {
    RTL_OSVERSIONINFOW version = {};
    version.dwOSVersionInfoSize = sizeof(version);
    const bool known = NT_SUCCESS(RtlGetVersion(&version));
    const bool windows8 = version.dwMajorVersion > 6 || (version.dwMajorVersion == 6 && version.dwMinorVersion >= 2);
    if (known && windows8) g_nonpaged_pool = static_cast<POOL_TYPE>(kNonPagedPoolNx);
}

POOL_TYPE nonpaged_pool() {
    return g_nonpaged_pool;
}

void* operator new(size_t size, POOL_TYPE pool, ULONG tag) noexcept {
    return ExAllocatePoolWithTag(pool, size, tag);
}

void __cdecl operator delete(void* memory) noexcept {
    if (memory != nullptr) ExFreePool(memory);
}

void __cdecl operator delete(void* memory, size_t) noexcept {
    if (memory != nullptr) ExFreePool(memory);
}
