// SPDX-License-Identifier: MIT
#include "rules.hpp"

#include <nanont_emit.h>
#include <plan.h>

#include "dbg/report.hpp"
#include "selftest.hpp"

namespace nanont::vf {
namespace {

enum class By : UCHAR { Guest, Stops, Log, Both, Driven, Nobody };

constexpr By kJudgedBy[] = {
    By::Nobody, // there is no V00
#define NANONT_RULE(number, name, group, judged, ...) By::judged,
#include <nanont_rules.def>
};
static_assert(sizeof(kJudgedBy) == kRules + 1, "V01 to V84, each once");

constexpr ULONG kNumbers[] = {
#define NANONT_RULE(number, ...) number,
#include <nanont_rules.def>
};
constexpr bool in_order() {
    for (ULONG i = 0; i < kRules; ++i) {
        if (kNumbers[i] != i + 1) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "nanont_rules.def lists the rules in their order");

constexpr LONG kMostStacks = 16; // of a rule: as many as the harness tells

volatile LONGLONG g_looks[kRules + 1];
volatile LONG g_findings[kRules + 1];
ULONG g_off[NANONT_RULE_WORDS];

bool known(ULONG rule) {
    return rule >= 1 && rule <= kRules;
}

bool is_silent(ULONG rule) {
    return (g_off[rule / 32] >> rule % 32 & 1) != 0;
}

void tell(ULONG rule, ULONGLONG seen, ULONGLONG expected) {
    InterlockedIncrement(&g_findings[rule]);
    dbg::emit(MPULAB_KIND_FINDING, 0, rule, seen, expected);
}

} // namespace

void judged(ULONG rule, ULONGLONG times) {
    __atomic_fetch_add(&g_looks[rule], static_cast<LONGLONG>(times), __ATOMIC_RELAXED);
}

volatile LONGLONG* counter(ULONG rule) {
    return &g_looks[rule];
}

bool is_on(ULONG rule) {
    return known(rule) && !is_silent(rule);
}

void finding(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* text) {
    if (was_planted(rule) || !is_on(rule)) {
        return;
    }
    tell(rule, seen, expected);
    dbg::name(text);
    if (g_findings[rule] <= kMostStacks) {
        dbg::emit_stack();
    }
}

void finding_at(ULONG rule, ULONGLONG seen, const char* pattern, const void* from) {
    char text[192];
    _snprintf(text, sizeof(text) - 1, pattern, dbg::Place(from).text);
    text[sizeof(text) - 1] = '\0';
    finding(rule, seen, 0, text);
}

void stopping(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* text) {
    char line[256];
    _snprintf(line, sizeof(line) - 1, "V%02lu %s", rule, text);
    line[sizeof(line) - 1] = '\0';
    tell(rule, seen, expected);
    dbg::name(line);
}

void take_switches() {
    mpulab_guest_options options{};
    ULONG size = sizeof(options);
    if (!dbg::read_plan(MPULAB_SECTION_OPTIONS, &options, size) || size < sizeof(options)) {
        return;
    }
    for (ULONG bit = 0; bit < NANONT_RULE_WORDS * 32; ++bit) {
        if ((options.rules_off[bit / 32] >> bit % 32 & 1) == 0) {
            continue;
        }
        if (!known(bit) || kJudgedBy[bit] == By::Stops) {
            dbg::say("plan: OPTIONS switch rule V%02lu off, %s", bit,
                     known(bit) ? "which ends the run where it is broken and cannot be switched off"
                                : "which is not there: V01 to V84 are");
            dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INVALID_PARAMETER));
        }
        g_off[bit / 32] |= 1u << bit % 32;
    }
}

void forget_counts() {
    for (ULONG rule = 1; rule <= kRules; ++rule) {
        g_looks[rule] = 0;
        g_findings[rule] = 0;
    }
}

void tell_counts() {
    for (ULONG rule = 1; rule <= kRules; ++rule) {
        if (g_looks[rule] != 0 || g_findings[rule] != 0) {
            dbg::emit(MPULAB_KIND_RULE_COUNT, 0, rule, static_cast<ULONGLONG>(g_looks[rule]),
                      static_cast<ULONG>(g_findings[rule]));
        }
    }
}

} // namespace nanont::vf

extern "C" {

// See include/nanont_emit.h.

VOID NTAPI NanontFinding(ULONG Rule, ULONGLONG Seen, ULONGLONG Expected, PCSTR Text) {
    nanont::vf::finding(Rule, Seen, Expected, Text);
}

VOID NTAPI NanontJudged(ULONG Rule) {
    if (nanont::vf::known(Rule)) {
        nanont::vf::judged(Rule);
    }
}

} // extern "C"
