// SPDX-License-Identifier: MIT
// careless.sys: an adapter that does what the rules of its contract with PortCls and of its resources forbid, one thing
// after the other while it starts, and the same rightly. A line "careless: <name>" comes before each; what only a
// client brings about stands in properties.cpp.
#pragma once

#define CHECKS_OF "careless"
#include "checks.hpp"
#include "counted.hpp"

inline void begin(const char* name) {
    DbgPrint("careless: %s\n", name);
}

/** A topology filter. */
struct Filter {
    PPORT port = nullptr;
    /** One reference, in `port`; it is initialized, and not registered. */
    NTSTATUS make(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources);
};

/** interrupts.cpp: routines, service groups, vectors, ports. */
void careless_interrupts(PDEVICE_OBJECT device, PPORT port, PRESOURCELIST resources);
/** registered.cpp: names, connections, links, interfaces. */
void careless_registrations(PDEVICE_OBJECT device, PDEVICE_OBJECT pdo, PIRP irp, PRESOURCELIST resources);
/** properties.cpp: the main filter's. */
extern const PCAUTOMATION_TABLE property_table;
