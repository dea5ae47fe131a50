// SPDX-License-Identifier: MIT
// habits.sys: kernel calls that public MIDI packages make (reference real-packages.md), tried from inside a driver,
// with their documented failures. habits_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#define CHECKS_OF "habits"
#include "../../support/checks.hpp"

extern PDRIVER_OBJECT g_driver;

void contiguous_memory(), pages_for_an_mdl(), quota_pool(), extended_state(), tracing(), secure_device();
/// Before and after the device's interfaces come and go.
void notification_begins(PDEVICE_OBJECT pdo), notification_ends(PDEVICE_OBJECT pdo);
/// Wrong wishes for news of a device; from here on the driver has a handle on its own, and hears.
void target_wrong(), target_begins(PDEVICE_OBJECT pdo);
