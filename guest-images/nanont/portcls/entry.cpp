// SPDX-License-Identifier: MIT
// portcls.sys is an export driver: its devices are those of the adapter drivers that call it.
#include "selftest.hpp"

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    portcls::plant_defects();
    return STATUS_SUCCESS;
}
