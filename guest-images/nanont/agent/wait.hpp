// SPDX-License-Identifier: MIT
#pragma once

#include "player.hpp"

namespace agent {

/** Takes completions until `done()`, or until the time is over: STATUS_TIMEOUT. Waits end on clock ticks. */
template <class Done> NTSTATUS Player::wait_until(ULONGLONG timeout_100ns, Done done) {
    const ULONGLONG deadline = KeQueryInterruptTime() + timeout_100ns;
    for (;;) {
        const bool more = take_completions();
        if (done()) return STATUS_SUCCESS;
        const ULONGLONG now = KeQueryInterruptTime();
        if (now >= deadline) return STATUS_TIMEOUT;
        if (more) continue;
        LARGE_INTEGER left;
        left.QuadPart = -static_cast<LONGLONG>(deadline - now);
        ZwWaitForSingleObject(event_, FALSE, &left);
    }
}

} // namespace agent
