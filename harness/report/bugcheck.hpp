// SPDX-License-Identifier: MIT
// Bugcheck codes in words (nanont/include/nanont_bugchecks.def).
#pragma once

#include <cstdint>
#include <string>

namespace mpulab {

struct BugcheckText {
    std::string name;          // "DRIVER_IRQL_NOT_LESS_OR_EQUAL"; "unknown" for a code the table lacks
    std::string page;          // of Microsoft's documentation: "Bug Check 0xD1: DRIVER_IRQL_NOT_LESS_OR_EQUAL"
    std::string meaning;       // what went wrong
    std::string parameters[4]; // what each is; with what its value means, where that is known; empty: nothing
};

BugcheckText describe_bugcheck(uint64_t code, const uint64_t (&parameters)[4]);

} // namespace mpulab
