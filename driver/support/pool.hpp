// SPDX-License-Identifier: MIT
// new and delete over the kernel's pool. Every form is noexcept, so that the caller's NULL check stays in the code. No
// constructor can throw here, so that a delete that takes pool and tag would never be called.
#pragma once

#include "wdk.hpp"

/// Which kind of nonpaged pool this Windows has: without execute permission from Windows 8 on.
/// choose_nonpaged_pool() decides once, in DriverEntry; PASSIVE_LEVEL.
void choose_nonpaged_pool();
POOL_TYPE nonpaged_pool();

/// Not zeroed: a class says what its members begin with. NULL when the pool is exhausted. <= DISPATCH_LEVEL for
/// nonpaged types, <= APC_LEVEL for paged ones.
void* operator new(size_t size, POOL_TYPE pool, ULONG tag) noexcept;
void __cdecl operator delete(void* memory) noexcept;
void __cdecl operator delete(void* memory, size_t size) noexcept;
