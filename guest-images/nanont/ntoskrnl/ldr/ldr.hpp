// SPDX-License-Identifier: MIT
// Modules: the PE images that are in memory.
#ifndef NANONT_LDR_LDR_HPP
#define NANONT_LDR_LDR_HPP

#include <archive.hpp>
#include <nanont_boot.hpp>
#include <pe_image.hpp>
#include <pe_load_config.hpp>

#include "nt.hpp"

namespace nanont::ldr {

inline constexpr size_t kMaxModules = 16;

struct Module {
    char name[64];
    ULONGLONG base;
    ULONG size;
    ULONGLONG entry; // 0 = none
    bool in_use;
    bool under_test;
    bool discarded; // its discardable sections are gone
    PeImage image;
    PeLoadConfig load_config;

    ConstBytes memory() const { return {reinterpret_cast<const uint8_t*>(base), size}; }
};

/// Takes over what the boot loader has loaded, and the archive with the rest.
void init(const BootBlock& block);

const Archive& archive();

/// Maps, relocates, binds and protects an image; reports MODULE. On failure everything wrong with it has been reported
/// as text or IMPORT_MISSING records, `end_code` says which way the run ends, and nothing stays mapped.
/// `under_test`: its checksum is checked, and its code counts as the driver's. PASSIVE_LEVEL.
NTSTATUS load(const char* name, ConstBytes file, bool under_test, Module*& module, ULONG& end_code);
void unload(Module& module);

/// After DriverEntry has succeeded: takes the discardable sections (INIT, .reloc) away. PASSIVE_LEVEL.
void discard_initialization(Module& module);

/// Nullptr = in none. Any IRQL.
const Module* find_by_address(ULONGLONG address);
Module* find_by_name(const char* name);
/// A line that names image and section when the address lies in a section that was discarded after DriverEntry; nullptr
/// otherwise. For the bugcheck report.
const char* discarded_section_at(ULONGLONG address);
/// "section PAGE of driver.sys"; nullptr: it lies in none. Any IRQL.
const char* section_at(ULONGLONG address);
/// The section that an address lies in; nullptr: none of the module's.
const PeSection* find_section(const Module& module, ULONGLONG address);
/// Whether it may be paged out: its name begins with PAGE.
bool is_pageable(const PeSection& section);
bool in_driver_under_test(ULONGLONG address);
/// Asks the probe to tell of what the driver's own code writes to CR8: KeRaiseIrql and KeLowerIrql are inline there.
void watch_irql();
bool in_kernel(ULONGLONG address);
/// The kernel's image counts as the driver's until it no longer does. No driver is loaded meanwhile.
void stand_in_for_driver(bool yes);
ULONGLONG kernel_base();

/// Address of an export of ntoskrnl.exe or hal.dll; 0 = none.
ULONGLONG system_routine(const char* name);

} // namespace nanont::ldr

#endif
