// SPDX-License-Identifier: MIT
// What Microsoft's C runtime puts into a driver and clang's code counts on: the security cookie and its check, the
// pointers of control-flow guard, the load configuration that tells the kernel where both are. Only for images in the
// MSVC ABI that are linked without that runtime (msvc_abi.cmake).
// Sources: "Load Configuration Structure" and "/GS", "/guard", learn.microsoft.com.
#include "wdk.hpp"

extern "C" {

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path);

constexpr ULONG_PTR kDefaultCookie = 0x00002b992ddfa232; // the value a loader looks for when it replaces it
ULONG_PTR __security_cookie = kDefaultCookie;
int _fltused = 0; // named by every object with floating point in it

/// At the end of each function with a cookie in its frame. Windows' own name for the report: 0xF7.
__attribute__((no_stack_protector)) void __security_check_cookie(ULONG_PTR seen) {
    constexpr ULONG kDriverOverranStackBuffer = 0xf7;
    if (seen != __security_cookie) {
        KeBugCheckEx(kDriverOverranStackBuffer, seen, __security_cookie, ~__security_cookie,
                     reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)));
    }
}

int _purecall() {
    constexpr ULONG kPureVirtualCall = 0xe0000401; // as __cxa_pure_virtual in runtime.cpp
    KeBugCheckEx(kPureVirtualCall, reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)), 0, 0, 0);
    return 0;
}

/// Entry point. A loader that knows load configurations (Windows 8 and later) has replaced the cookie already.
DRIVER_INIT_CODE __attribute__((no_stack_protector)) NTSTATUS NTAPI GsDriverEntry(PDRIVER_OBJECT driver,
                                                                                  PUNICODE_STRING path) {
    if (__security_cookie == kDefaultCookie) {
        const auto ticks = *reinterpret_cast<const volatile ULONG_PTR*>(0xfffff78000000320); // the shared page's
        __security_cookie = (ticks ^ reinterpret_cast<ULONG_PTR>(&__security_cookie)) & 0xffffffffffff;
        if (__security_cookie == 0) __security_cookie = kDefaultCookie + 1;
    }
    return DriverEntry(driver, path);
}

// Control-flow guard: an indirect call goes through one of these; a kernel that checks puts its own check there.
void guard_check_nothing();
void guard_dispatch_at_once();
__attribute__((section(".00cfg"))) const void* const volatile __guard_check_icall_fptr =
    reinterpret_cast<const void*>(&guard_check_nothing);
__attribute__((section(".00cfg"))) const void* const volatile __guard_dispatch_icall_fptr =
    reinterpret_cast<const void*>(&guard_dispatch_at_once);

} // extern "C"

// The load configuration, 0xc0 bytes of it (as far as the tables below). In assembly, because the linker's
// __guard_flags is a number of 32 bits, which C++ cannot take from a symbol.
asm(R"(
    .text
    .globl guard_check_nothing
guard_check_nothing:
    ret
    .globl guard_dispatch_at_once
guard_dispatch_at_once:
    jmp *%rax

    .section .rdata, "dr"
    .balign 8
    .globl _load_config_used
_load_config_used:
    .long 0xc0
    .zero 0x54
    .quad __security_cookie
    .quad 0, 0
    .quad __guard_check_icall_fptr
    .quad __guard_dispatch_icall_fptr
    .quad __guard_fids_table
    .quad __guard_fids_count
    .long __guard_flags
    .zero 12
    .quad __guard_iat_table, __guard_iat_count
    .quad __guard_longjmp_table, __guard_longjmp_count
)");
