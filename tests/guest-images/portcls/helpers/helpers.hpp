// SPDX-License-Identifier: MIT
// helpers.sys: an adapter without subdevices whose StartDevice tries the helper objects of portcls.sys on a real card
// (reference portcls-midi.md 3). helpers_test.py reads "case NAME" and "FAILED" lines, and the findings of each case.
#pragma once

#define CHECKS_OF "helpers"
#include "../../support/checks.hpp"
#include "../../support/other_thread.hpp"

#include <initializer_list>

/// The device's resources, for as long as StartDevice runs.
extern PRESOURCELIST g_resources;
/// The adapter's device, and the IRP that starts it.
extern PDEVICE_OBJECT g_device;
extern PIRP g_start_irp;

/// The card asks for its interrupt line: a reset is acknowledged (reference mpu401.md 2).
void ring();
/// Takes the byte that waits. False: there is none. Any IRQL.
bool take_byte();

void modes(), order(), endless(), connecting(), releasing(), synchronized(), too_many_routines(); // interrupts.cpp
void serving(), members(), delays(), removing_from_a_second_processor();                          // groups.cpp
void plain_interrupt();                                                                           // plain_interrupt.cpp
void refused_adapters(), refused_registrations(), refused_keys(), refused_managers();             // refusals.cpp
void lists(), sublists();                                                                         // resources.cpp
