// SPDX-License-Identifier: MIT
// The verifier's books: how often each rule of include/nanont_rules.def was looked at, how often it was broken, and
// which are switched off (mpulab_guest_options::rules_off).
#ifndef NANONT_VF_RULES_HPP
#define NANONT_VF_RULES_HPP

#include "nt.hpp"

namespace nanont::vf {

inline constexpr ULONG kRules = 84;

/// A rule is about to be judged: it could fire here. Any IRQL.
void judged(ULONG rule, ULONGLONG times = 1);

/// Whether its findings are told. Rules that end the run always are.
bool is_on(ULONG rule);

/// FINDING with its text and, of a rule's first ones, the stack, unless the rule is off. Any IRQL.
void finding(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* text);

/// The same; `pattern` has one %s, for the place `from` in words. Expected: 0.
void finding_at(ULONG rule, ULONGLONG seen, const char* pattern, const void* from);

/// The same, of a rule that ends the run with a bugcheck right after: "Vnn " before the text.
void stopping(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* text);

/// Looks at the rule, and tells when it is broken; `holds` is handed through.
inline bool expect(ULONG rule, bool holds, ULONGLONG seen, ULONGLONG expected, const char* text) {
    judged(rule);
    if (!holds) {
        finding(rule, seen, expected, text);
    }
    return holds;
}

/// Takes the plan's switches. A rule that is not there, or cannot be switched off, ends the run by number. Before the
/// driver is loaded.
void take_switches();

/// A RULE_COUNT record for each rule that was looked at. Once, right before RUN_ENDED.
void tell_counts();

/// All counts are 0 again: what was looked at so far was not the driver's. Before the driver is loaded.
void forget_counts();

/// The counter of a rule, for code that counts without calling.
volatile LONGLONG* counter(ULONG rule);

} // namespace nanont::vf

#endif
