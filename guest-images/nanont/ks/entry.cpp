// SPDX-License-Identifier: MIT
// ks.sys is an export driver: it has no device of its own and nothing to set up.
#include "module/ddk.hpp"

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    return STATUS_SUCCESS;
}
