// SPDX-License-Identifier: MIT
// Included first by every file of ntoskrnl.exe: NT's types, and the sizes drivers were compiled with
// (reference portcls-midi, appendix B).
#ifndef NANONT_NT_HPP
#define NANONT_NT_HPP

#define NANONT_BUILDS_NTOSKRNL
#define KeNumberProcessors KeNumberProcessors_in_header // declared as a pointer there
#include <nanont_ddk.hpp>
#undef KeNumberProcessors
#include <nanont_hal.h>
#include <stddef.h>
#include <stdint.h>

// Exports of ours that the headers do not declare.
extern "C" int _snprintf(char* out, size_t room, const char* pattern, ...);
extern "C" int _snwprintf(wchar_t* out, size_t room, const wchar_t* pattern, ...);

// Bug check codes that mingw-w64's headers lack.
#ifndef MACHINE_CHECK_EXCEPTION
#define MACHINE_CHECK_EXCEPTION 0x9c
#endif
#ifndef DRIVER_VERIFIER_DETECTED_VIOLATION
#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xc4
#endif
#ifndef DRIVER_VERIFIER_IOMANAGER_VIOLATION
#define DRIVER_VERIFIER_IOMANAGER_VIOLATION 0xc9
#endif
#ifndef WORKER_INVALID
#define WORKER_INVALID 0xe4
#endif
#ifndef DPC_WATCHDOG_VIOLATION
#define DPC_WATCHDOG_VIOLATION 0x133
#endif
#ifndef HARDWARE_INTERRUPT_STORM
#define HARDWARE_INTERRUPT_STORM 0xf2
#endif
#ifndef WORKER_THREAD_RETURNED_AT_BAD_IRQL
#define WORKER_THREAD_RETURNED_AT_BAD_IRQL 0xe1
#endif
#ifndef KERNEL_SECURITY_CHECK_FAILURE
#define KERNEL_SECURITY_CHECK_FAILURE 0x139
#endif
#ifndef SYSTEM_THREAD_EXCEPTION_NOT_HANDLED
#define SYSTEM_THREAD_EXCEPTION_NOT_HANDLED 0x7e
#endif
#ifndef PAGE_FAULT_IN_FREED_SPECIAL_POOL
#define PAGE_FAULT_IN_FREED_SPECIAL_POOL 0xcc
#endif
#ifndef PAGE_FAULT_BEYOND_END_OF_ALLOCATION
#define PAGE_FAULT_BEYOND_END_OF_ALLOCATION 0xcd
#endif
#ifndef DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL
#define DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL 0xd5
#endif
#ifndef DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION
#define DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION 0xd6
#endif
#ifndef ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY
#define ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY 0xfc
#endif

static_assert(sizeof(DRIVER_OBJECT) == 0x150 && offsetof(DRIVER_OBJECT, MajorFunction) == 0x70);
static_assert(sizeof(DRIVER_EXTENSION) >= 0x28);
static_assert(offsetof(DEVICE_OBJECT, DeviceObjectExtension) == 0x138 && offsetof(DEVICE_OBJECT, StackSize) == 0x4c);
static_assert(sizeof(IRP) == 0xd0 && offsetof(IRP, Tail.Overlay.CurrentStackLocation) == 0xb8);
static_assert(sizeof(IO_STACK_LOCATION) == 0x48 && sizeof(FILE_OBJECT) == 0xd8);
static_assert(sizeof(KDPC) == 0x40 && sizeof(KTIMER) == 0x40 && sizeof(KEVENT) == 0x18 && sizeof(KSEMAPHORE) == 0x20);
static_assert(sizeof(KMUTEX) == 0x38 && sizeof(MDL) == 0x30 && sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR) == 0x14);

namespace nanont {

/// Pool tags read left to right in a dump, as Windows shows them.
constexpr ULONG tag(const char (&text)[5]) {
    return static_cast<ULONG>(text[0]) | static_cast<ULONG>(text[1]) << 8 | static_cast<ULONG>(text[2]) << 16 |
           static_cast<ULONG>(text[3]) << 24;
}

} // namespace nanont

#endif
