// SPDX-License-Identifier: MIT
// The little C++ runtime of ks.sys, portcls.sys and agent.sys.
#include "pool.hpp"

void operator delete(void* memory) noexcept {
    if (memory) ExFreePoolWithTag(memory, kObjectTag.value);
}

void operator delete(void* memory, size_t) noexcept {
    operator delete(memory);
}

/** Called through the vtable of an object that is being built or destroyed: a bug of ours, never of the driver's. */
extern "C" void __cxa_pure_virtual() {
    KeBugCheckEx(MANUALLY_INITIATED_CRASH, 'pvtl', reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)), 0, 0);
}
