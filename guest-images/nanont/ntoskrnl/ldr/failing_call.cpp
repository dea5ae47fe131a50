// SPDX-License-Identifier: MIT
#include "failing_call.hpp"

#include "dbg/report.hpp"

namespace nanont::ldr {
namespace {

bool g_is_awaited;
bool g_port_is_awaited;

NTSTATUS await(ULONG n, volatile LONG& count, bool& is_awaited) {
    if (n > kMostAwaitedCalls) {
        return STATUS_INVALID_PARAMETER;
    }
    const bool was_awaited = is_awaited;
    count = static_cast<LONG>(n);
    is_awaited = n != 0;
    return n == 0 && was_awaited ? STATUS_NOT_FOUND : STATUS_SUCCESS;
}

} // namespace

volatile LONG g_calls_until_failure;

ULONGLONG fail_call(const FailableCall& call) {
    g_is_awaited = false;
    dbg::say("%s fails for the driver, as the score asked", call.name);
    return call.result;
}

NTSTATUS await_failing_call(ULONG n) {
    return await(n, g_calls_until_failure, g_is_awaited);
}

volatile LONG g_port_calls_until_failure;

ULONGLONG fail_port_call(const FailableCall& call) {
    g_port_is_awaited = false;
    dbg::say("%s fails for portcls.sys or ks.sys, as the score asked", call.name);
    return call.result;
}

NTSTATUS await_failing_port_call(ULONG n) {
    return await(n, g_port_calls_until_failure, g_port_is_awaited);
}

} // namespace nanont::ldr
