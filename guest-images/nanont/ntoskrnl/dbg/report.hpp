// SPDX-License-Identifier: MIT
// What the kernel tells the event log, at any IRQL, without a lock: records go through this CPU's side of the probe.
#ifndef NANONT_DBG_REPORT_HPP
#define NANONT_DBG_REPORT_HPP

#include <context.hpp>
#include <nanont_boot.hpp>
#include <probe_port.hpp>

#include "nt.hpp"

namespace nanont::dbg {

/// Must come before anything else in here.
void init(const BootBlock& block);

void emit(ULONG kind, ULONGLONG corr, ULONGLONG a, ULONGLONG b, ULONGLONG c);
void emit_bytes(ULONG kind, ULONGLONG corr, const void* bytes, size_t size);
/// NAME records for the record just made.
void name(const char* text);
/// A line of text of the kernel's own; printf formats of common/format.hpp.
void say(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

/// Ends the run: text, RUN_ENDED. Does not return; the machine stops at the record.
[[noreturn]] void end_run(ULONG end_code, ULONG detail);

/// A bugcheck's code, and the rule of nanont_rules.def that it is for; 0: none of them.
struct StopCode {
    StopCode(ULONG bugcheck_code, ULONG broken_rule = 0) : code(bugcheck_code), rule(broken_rule) {}
    ULONG code, rule;
};

/// A bugcheck with a line of text that says in words what the numbers mean. For a rule a FINDING comes before it.
[[noreturn]] void bugcheck(StopCode code, ULONGLONG p1, ULONGLONG p2, ULONGLONG p3, ULONGLONG p4, const char* pattern,
                           ...) __attribute__((format(printf, 6, 7)));

/// Parameter 1 of "Bug Check 0xC8". Its last byte tells apart who looked; 0 and 1 are for APCs, whose routines the
/// other parameters are then.
constexpr ULONG unexpected_irql(ULONG now, ULONG expected) {
    constexpr ULONG kNoApc = 2;
    return now << 16 | expected << 8 | kNoApc;
}

/// Bugcheck for what happened at `context`: its registers are told, and the stack is walked from there.
[[noreturn]] void bugcheck_at(const Context& context, StopCode code, ULONGLONG p1, ULONGLONG p2, ULONGLONG p3,
                              ULONGLONG p4, const char* text);

/// FRAME records of the stack this is called on, from its caller outwards.
void emit_stack();
/// The same of a thread that does not run; `stack_pointer` as ki_swap_context left it.
void emit_stack_of(ULONGLONG stack_pointer);

/// Where an address is, in words: "driver.sys+0x1234"; without a module there, the address alone.
struct Place {
    explicit Place(ULONGLONG address);
    explicit Place(const volatile void* address) : Place(reinterpret_cast<ULONGLONG>(address)) {}
    char text[96];
};

bool read_plan(ULONG tag, void* buffer, ULONG& size);
/// A plan that forces a choice or an alternative that is not there ends the run, by number. IRQL <= DISPATCH_LEVEL.
void check_choices();
/// Puts a card of the machine into D0 to D3 (0 to 3): one port access, at any IRQL.
void tell_power(ULONG unit, ULONG d_state);

} // namespace nanont::dbg

#endif
