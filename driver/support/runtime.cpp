// SPDX-License-Identifier: MIT
// What a C++ compiler expects of its runtime and a driver has to bring along.
#include "wdk.hpp"

#if defined(__GNUC__) && !defined(_MSC_VER)
namespace {
constexpr ULONG kPureVirtualCall = 0xE0000401; // our own bugcheck code: a call through a half-made or dead object
}

extern "C" void __cxa_pure_virtual() {
    KeBugCheckEx(kPureVirtualCall, reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)), 0, 0, 0);
}
#elif !defined(__GNUC__)
#include <intrin.h>

extern "C" int __cdecl _purecall() {
    constexpr ULONG kPureVirtualCall = 0xE0000401; // the same
    KeBugCheckEx(kPureVirtualCall, reinterpret_cast<ULONG_PTR>(_ReturnAddress()), 0, 0, 0);
}
#endif
