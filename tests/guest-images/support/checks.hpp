// SPDX-License-Identifier: MIT
// Checks inside a test driver: one that fails prints a line "<driver>: FAILED …", which the test looks for, and the
// driver goes on. CHECKS_OF, the driver's name as a string, is defined before this is included.
#pragma once

#include "module/ddk.hpp"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) DbgPrint(CHECKS_OF ": FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
    } while (0)

/** An integer that is not what it should be is printed with what it is. */
#define CHECK_EQUAL(seen, expected)                                                                                    \
    do {                                                                                                               \
        const LONGLONG seen_value = (LONGLONG)(seen), expected_value = (LONGLONG)(expected);                           \
        if (seen_value != expected_value)                                                                              \
            DbgPrint(CHECKS_OF ": FAILED %s:%d: %s is %lld (0x%llx), expected %lld (0x%llx)\n", __FILE__, __LINE__,    \
                     #seen, seen_value, seen_value, expected_value, expected_value);                                   \
    } while (0)
