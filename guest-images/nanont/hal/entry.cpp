// SPDX-License-Identifier: MIT
// hal.dll has nothing to do when it is loaded; the kernel calls HalInitSystem when it is ready for it.
#include "hal.hpp"

extern "C" NTSTATUS NTAPI HalEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    return STATUS_SUCCESS;
}
