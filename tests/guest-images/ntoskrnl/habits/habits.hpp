// SPDX-License-Identifier: MIT
// habits.sys: kernel calls that public MIDI packages make (reference real-packages.md), tried from inside a driver,
// with their documented failures. habits_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#include "module/ddk.hpp"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) DbgPrint("habits: FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition);                      \
    } while (0)

#define CHECK_EQUAL(seen, expected)                                                                                    \
    do {                                                                                                               \
        const LONGLONG seen_value = static_cast<LONGLONG>(seen), expected_value = static_cast<LONGLONG>(expected);     \
        if (seen_value != expected_value)                                                                              \
            DbgPrint("habits: FAILED %s:%d: %s is 0x%llx, expected 0x%llx\n", __FILE__, __LINE__, #seen, seen_value,   \
                     expected_value);                                                                                  \
    } while (0)

extern PDRIVER_OBJECT g_driver;

void contiguous_memory(), pages_for_an_mdl(), quota_pool(), extended_state(), tracing(), secure_device();
/// Before and after the device's interfaces come and go.
void notification_begins(PDEVICE_OBJECT pdo), notification_ends(PDEVICE_OBJECT pdo);
