// SPDX-License-Identifier: MIT
// Checks inside a test driver: one that fails prints a line "<driver>: FAILED …", which the test looks for, and the
// driver goes on. CHECKS_OF, the driver's name as a string, is defined before this is included. Also: cases, which a
// test finds by their line "<driver>: case NAME".
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

/** CHECK_EQUAL of a call that a helper of the test makes: `function` is the export that it calls, and that refuses
 * (common/documented_failures_test.py reads it). */
#define CHECK_REFUSES(function, seen, expected) CHECK_EQUAL(seen, expected)

struct Case {
    const char* name;
    void (*run)();
};

#define CASE(function)                                                                                                 \
    { #function, function }

/** Each case, its line before it and `before`, if there is one; each comes back at PASSIVE_LEVEL. */
template <SIZE_T kCount> void run_cases(const Case (&cases)[kCount], void (*before)() = nullptr) {
    for (const Case& one : cases) {
        DbgPrint(CHECKS_OF ": case %s\n", one.name);
        if (before != nullptr) before();
        one.run();
        CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    }
}
