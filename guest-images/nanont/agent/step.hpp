// SPDX-License-Identifier: MIT
// What every kind of step is asked.
#pragma once

#include "wait.hpp"

namespace agent {

constexpr ULONG kControlPatienceMs = 60'000; // of a step without a timeout of its own

template <class T> T arguments_of(const ScoreStep& step) {
    T value;
    RtlCopyMemory(&value, step.arguments, sizeof value);
    return value;
}

inline ULONGLONG corr_of(const ScoreStep& step) {
    return MPULAB_CORR(MPULAB_CORR_STEP, step.number);
}

inline ULONGLONG patience_of(const ScoreStep& step) {
    return k100nsPerMs * (step.head.timeout_ms ? step.head.timeout_ms : kControlPatienceMs);
}

} // namespace agent
