// SPDX-License-Identifier: MIT
// One call of the driver under test that fails because a score asked for it (include/nanont_failable.def). The gate of
// such an export (irql_gate.cpp) counts down before anything else.
#ifndef NANONT_LDR_FAILING_CALL_HPP
#define NANONT_LDR_FAILING_CALL_HPP

#include "nt.hpp"

namespace nanont::ldr {

struct FailableCall {
    const char* name;
    ULONGLONG result;
};

/// Calls until the one that fails, counted down by every gate of a failable export; from 0 on far below it, for good.
extern volatile LONG g_calls_until_failure;

/// Where a gate jumps to with the call that brought the count to 0: what it returns is what the driver gets.
ULONGLONG fail_call(const FailableCall& call);

/// The same for what portcls.sys and ks.sys ask of the kernel on their own account, which a driver sees as a call of
/// theirs that fails (IPort::Init, IInterruptSync::Connect).
extern volatile LONG g_port_calls_until_failure;
ULONGLONG fail_port_call(const FailableCall& call);
NTSTATUS await_failing_port_call(ULONG n);

/// The n-th failable call from now on fails, 0: none. STATUS_NOT_FOUND: 0, and the one awaited has not come.
/// STATUS_INVALID_PARAMETER: more than kMostAwaitedCalls. Any IRQL.
NTSTATUS await_failing_call(ULONG n);
inline constexpr ULONG kMostAwaitedCalls = 1'000'000;

} // namespace nanont::ldr

#endif
