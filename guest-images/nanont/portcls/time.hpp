// SPDX-License-Identifier: MIT
// The module's one clock: the performance counter in 100 ns. Any IRQL, never backwards, the same on every processor.
#pragma once

#include "module/ddk.hpp"

namespace portcls {

inline int64_t now_100ns() {
    LARGE_INTEGER frequency;
    auto count = static_cast<ULONGLONG>(KeQueryPerformanceCounter(&frequency).QuadPart);
    auto per_second = static_cast<ULONGLONG>(frequency.QuadPart);
    // whole seconds and the rest apart: count * 10^7 would leave 64 bits within the hour at 1 GHz
    return static_cast<int64_t>(count / per_second * 10'000'000 + count % per_second * 10'000'000 / per_second);
}

} // namespace portcls
