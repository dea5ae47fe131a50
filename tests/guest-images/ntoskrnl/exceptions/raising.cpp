// SPDX-License-Identifier: MIT
// Calls that fail by raising, and functions that do nothing else: what a driver's handler gets, and that what was to be
// changed is as it was.
#include "exceptions.hpp"

#undef DbgBreakPoint // an instruction, in the headers
extern "C" __declspec(dllimport) VOID NTAPI DbgBreakPoint();
extern "C" __declspec(dllimport) void __chkstk();
extern "C" __declspec(dllimport) VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD record); // mingw-w64's headers lack it

namespace {

NOINLINE NTSTATUS released(PRKSEMAPHORE semaphore, LONG by) {
    __try {
        KeReleaseSemaphore(semaphore, 0, by, FALSE);
    } __except (kExecuteHandler) {
        return static_cast<NTSTATUS>(_exception_code());
    }
    return STATUS_SUCCESS;
}

NOINLINE NTSTATUS released(PRKMUTEX mutex) {
    __try {
        KeReleaseMutex(mutex, FALSE);
    } __except (kExecuteHandler) {
        return static_cast<NTSTATUS>(_exception_code());
    }
    return STATUS_SUCCESS;
}

/** What a filter sees of a record that the driver made. */
struct Seen {
    ULONG code, parameters;
    ULONG_PTR first;
};

int look(EXCEPTION_POINTERS* pointers, Seen& seen) {
    const EXCEPTION_RECORD& record = *pointers->ExceptionRecord;
    seen = {static_cast<ULONG>(record.ExceptionCode), record.NumberParameters, record.ExceptionInformation[0]};
    return kContinueExecution; // behind the raise
}

/** What a compiler puts before a frame of `bytes`: each page of it is touched, and every register is as it was. */
NOINLINE ULONG64 probed_frame(ULONG64 bytes) {
    void (*const probe)() = __chkstk;
    ULONG64 rcx = 0x1111, rdx = 0x2222;
    __asm__ volatile("call *%[probe]" : "+a"(bytes), "+c"(rcx), "+d"(rdx) : [probe] "r"(probe) : "r10", "r11", "cc");
    CHECK(rcx == 0x1111 && rdx == 0x2222);
    return bytes;
}

} // namespace

void calls_that_raise() {
    KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 1, 3);
    CHECK_EQUAL(released(&semaphore, 2), STATUS_SUCCESS);
    CHECK_REFUSES(KeReleaseSemaphore, released(&semaphore, 1), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    CHECK_EQUAL(KeReadStateSemaphore(&semaphore), 3);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);

    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    CHECK_REFUSES(KeReleaseMutex, released(&mutex), STATUS_MUTANT_NOT_OWNED); // nobody owns it
    CHECK_EQUAL(KeReadStateMutex(&mutex), 1);
    LARGE_INTEGER now{};
    CHECK_EQUAL(KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &now), STATUS_SUCCESS);
    CHECK_EQUAL(released(&mutex), STATUS_SUCCESS);
}

void record_of_ones_own() {
    EXCEPTION_RECORD record{};
    record.ExceptionCode = 0xe0000001;
    record.NumberParameters = 1;
    record.ExceptionInformation[0] = 0x1234;
    Seen seen{};
    __try {
        RtlRaiseException(&record);
        g_trail.add('a');
    } __except (look(static_cast<EXCEPTION_POINTERS*>(_exception_info()), seen)) {
        g_trail.add('x');
    }
    CHECK_TRAIL("a");
    CHECK(seen.code == 0xe0000001 && seen.parameters == 1 && seen.first == 0x1234);
}

void breakpoint_by_call() {
    NTSTATUS seen = STATUS_SUCCESS;
    __try {
        DbgBreakPoint();
    } __except (kExecuteHandler) {
        seen = static_cast<NTSTATUS>(_exception_code());
    }
    CHECK_EQUAL(seen, STATUS_BREAKPOINT);
}

void large_frame() {
    CHECK_EQUAL(probed_frame(2 * PAGE_SIZE), 2 * PAGE_SIZE);
}
