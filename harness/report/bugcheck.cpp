// SPDX-License-Identifier: MIT
#include "report/bugcheck.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace mpulab {
namespace {

struct Entry {
    uint64_t code;
    const char* name;
    const char* meaning;
    const char* parameters[4];
};
struct Case {
    uint64_t code;
    int parameter; // from 1
    uint64_t value;
    const char* meaning;
};

constexpr Entry kEntries[] = {
#define MPULAB_BUGCHECK(code, name, meaning, p1, p2, p3, p4) {code, #name, meaning, {p1, p2, p3, p4}},
#define MPULAB_BUGCHECK_CASE(code, parameter, value, meaning)
#include "report/bugchecks.def"
#undef MPULAB_BUGCHECK
#undef MPULAB_BUGCHECK_CASE
};
constexpr Case kCases[] = {
#define MPULAB_BUGCHECK(code, name, meaning, p1, p2, p3, p4)
#define MPULAB_BUGCHECK_CASE(code, parameter, value, meaning) {code, parameter, value, meaning},
#include "report/bugchecks.def"
#undef MPULAB_BUGCHECK
#undef MPULAB_BUGCHECK_CASE
};

// What the processor raised at an instruction.
constexpr uint64_t kFaults[] = {0x1e, 0x50, 0x7f, 0xbe, 0xcc, 0xcd, 0xd1, 0xd5, 0xd6, 0xfc};

} // namespace

bool stops_at_the_instruction(uint64_t code) {
    return std::find(std::begin(kFaults), std::end(kFaults), code) != std::end(kFaults);
}

BugcheckText describe_bugcheck(uint64_t code, const uint64_t (&parameters)[4]) {
    BugcheckText text;
    text.name = "unknown";
    text.page = "Bug check code reference";
    text.meaning = "a code that this bench has no words for";
    for (const Entry& entry : kEntries) {
        if (entry.code != code) continue;
        text.name = entry.name;
        text.page = fmt::format("Bug Check 0x{:X}: {}", code, entry.name);
        text.meaning = entry.meaning;
        for (int i = 0; i < 4; ++i)
            text.parameters[i] = entry.parameters[i];
    }
    for (const Case& known : kCases) {
        const int i = known.parameter - 1;
        // Exception codes may come sign-extended.
        if (known.code != code || (parameters[i] != known.value && (parameters[i] & 0xffffffff) != known.value))
            continue;
        text.parameters[i] += (text.parameters[i].empty() ? "" : ": ") + std::string(known.meaning);
    }
    return text;
}

} // namespace mpulab
