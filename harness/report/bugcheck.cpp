// SPDX-License-Identifier: MIT
#include "report/bugcheck.hpp"

#include <fmt/format.h>

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
#include "nanont/include/nanont_bugchecks.def"
#undef MPULAB_BUGCHECK
#undef MPULAB_BUGCHECK_CASE
};
constexpr Case kCases[] = {
#define MPULAB_BUGCHECK(code, name, meaning, p1, p2, p3, p4)
#define MPULAB_BUGCHECK_CASE(code, parameter, value, meaning) {code, parameter, value, meaning},
#include "nanont/include/nanont_bugchecks.def"
#undef MPULAB_BUGCHECK
#undef MPULAB_BUGCHECK_CASE
};

} // namespace

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
