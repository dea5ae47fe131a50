// SPDX-License-Identifier: MIT
// exceptions-<FAULT>.sys: an exception that no handler may take, or that none takes: each ends in a bugcheck.
#include "exceptions.hpp"

Trail g_trail;

void raise_status(NTSTATUS status) {
    ExRaiseStatus(status);
}

void touch(volatile int* address) {
    *address = 1;
}

namespace {

/** A handler must not hide a wild kernel pointer. */
[[maybe_unused]] NOINLINE void wild_kernel_address() {
    __try {
        touch(reinterpret_cast<int*>(0xfffff70012345678));
    } __except (kExecuteHandler) {
        DbgPrint("handled\n");
    }
}

NOINLINE VOID NTAPI in_dpc(PKDPC, PVOID, PVOID, PVOID) {
    raise_status(STATUS_DEVICE_BUSY);
}

[[maybe_unused]] NOINLINE void raised_in_a_dpc() {
    static KDPC dpc;
    KeInitializeDpc(&dpc, in_dpc, nullptr);
    __try {
        KeInsertQueueDpc(&dpc, nullptr, nullptr); // runs here and now; the handler around it is another's
        KeFlushQueuedDpcs();
    } __except (kExecuteHandler) {
        DbgPrint("handled\n");
    }
}

[[maybe_unused]] NOINLINE void raised_again_by_nobody() {
    __try {
        raise_status(STATUS_TIMEOUT);
    } __except (kExecuteHandler) {
        raise_status(STATUS_DEVICE_BUSY);
    }
}

[[maybe_unused]] NOINLINE void continued_noncontinuable() {
    __try {
        raise_status(STATUS_TIMEOUT);
    } __except (_exception_code() == static_cast<ULONG>(STATUS_TIMEOUT) ? kContinueExecution : kContinueSearch) {
        DbgPrint("handled\n");
    }
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    FAULT();
    return STATUS_UNSUCCESSFUL;
}
