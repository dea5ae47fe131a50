// SPDX-License-Identifier: MIT
#include "failing_call.hpp"

#include "dbg/report.hpp"

namespace nanont::ldr {
namespace {

bool g_is_awaited;

} // namespace

volatile LONG g_calls_until_failure;

ULONGLONG fail_call(const FailableCall& call) {
    g_is_awaited = false;
    dbg::say("%s fails for the driver, as the score asked", call.name);
    return call.result;
}

NTSTATUS await_failing_call(ULONG n) {
    if (n > kMostAwaitedCalls) {
        return STATUS_INVALID_PARAMETER;
    }
    const bool was_awaited = g_is_awaited;
    g_calls_until_failure = static_cast<LONG>(n);
    g_is_awaited = n != 0;
    return n == 0 && was_awaited ? STATUS_NOT_FOUND : STATUS_SUCCESS;
}

} // namespace nanont::ldr
