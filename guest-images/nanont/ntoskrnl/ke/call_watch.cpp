// SPDX-License-Identifier: MIT
#include "call_watch.hpp"

#include "dbg/report.hpp"
#include "ke.hpp"

namespace nanont::ke {
namespace {

constexpr ULONGLONG kLimit = 10 * 10'000'000ull; // 100 ns

// The PnP manager makes one call at a time.
const char* g_name;
ULONGLONG g_began;

} // namespace

WatchedCall::WatchedCall(bool reported, ULONG callback, const char* name)
    : reported_(reported), callback_(callback), irql_(current_irql()) {
    if (reported_) {
        dbg::emit(MPULAB_KIND_CALL_ENTER, 0, callback_, 0, 0);
    }
    g_began = interrupt_time();
    g_name = name;
}

WatchedCall::~WatchedCall() {
    g_name = nullptr;
}

NTSTATUS WatchedCall::leave(NTSTATUS status) const {
    if (reported_) {
        dbg::emit(MPULAB_KIND_CALL_LEAVE, 0, callback_, static_cast<ULONG>(status), 0);
    }
    if (current_irql() != irql_) {
        dbg::bugcheck(IRQL_UNEXPECTED_VALUE, current_irql(), irql_, callback_, 3,
                      "%s was called at IRQL %u and returned at %u", g_name, irql_, current_irql());
    }
    return status;
}

void look_for_a_hanging_call(ULONGLONG now) {
    if (g_name != nullptr && now - g_began > kLimit) {
        dbg::say("%s has not returned within %I64u ms", g_name, (now - g_began) / 10'000);
        dbg::end_run(MPULAB_END_DRIVER_REFUSED, static_cast<ULONG>(STATUS_TIMEOUT));
    }
}

} // namespace nanont::ke
