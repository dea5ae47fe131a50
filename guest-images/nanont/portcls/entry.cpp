// SPDX-License-Identifier: MIT
// portcls.sys is an export driver: its devices are those of the adapter drivers that call it.
#include "property_calls.hpp"
#include "selftest.hpp"

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    portcls::initialize_property_calls();
    portcls::plant_defects();
    return STATUS_SUCCESS;
}
