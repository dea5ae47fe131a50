// SPDX-License-Identifier: MIT
#include "call_watch.hpp"

#include "dbg/report.hpp"
#include "ke.hpp"
#include "vf/rules.hpp"

namespace nanont::ke {
namespace {

constexpr ULONGLONG kLimit = 10 * 10'000'000ull; // 100 ns

// The PnP manager makes one call at a time, or one within another.
const char* g_driver; // file name
const char* g_name;
ULONGLONG g_began;
const Thread* g_thread;

} // namespace

WatchedCall::WatchedCall(bool reported, ULONG callback, const char* driver, const char* name)
    : reported_(reported), callback_(callback), irql_(current_irql()), outer_{g_driver, g_name, g_began, g_thread} {
    if (reported_) {
        dbg::emit(MPULAB_KIND_CALL_ENTER, 0, callback_, 0, 0);
    }
    g_name = nullptr;
    g_began = interrupt_time();
    g_thread = current_thread();
    g_driver = driver;
    g_name = name;
}

WatchedCall::~WatchedCall() {
    g_name = nullptr; // a tick between these lines must not see halves of two calls
    g_driver = outer_.driver;
    g_began = outer_.began;
    g_thread = outer_.thread;
    g_name = outer_.name;
}

NTSTATUS WatchedCall::leave(NTSTATUS status) const {
    if (reported_) {
        dbg::emit(MPULAB_KIND_CALL_LEAVE, 0, callback_, static_cast<ULONG>(status), 0);
    }
    vf::judged(3);
    if (current_irql() != irql_) {
        dbg::bugcheck({IRQL_UNEXPECTED_VALUE, 3}, dbg::unexpected_irql(current_irql(), irql_), 0, 0, 0,
                      "%s of %s was called at IRQL %u and returned at %u", g_name, g_driver, irql_, current_irql());
    }
    return status;
}

bool a_call_is_watched() {
    return g_name != nullptr;
}

void look_for_a_hanging_call(ULONGLONG now) {
    if (g_name != nullptr && now - g_began > kLimit) {
        if (g_thread->state == ThreadState::Running && g_thread != current_thread()) {
            return; // it runs on another CPU: that one's tick finds it, and can tell its stack
        }
        if (g_thread == current_thread()) {
            dbg::emit_stack();
        } else {
            dbg::emit_stack_of(g_thread->stack_pointer);
        }
        dbg::say("%s: %s has not returned within %I64u ms", g_driver, g_name, (now - g_began) / 10'000);
        dbg::end_run(MPULAB_END_DRIVER_REFUSED, static_cast<ULONG>(STATUS_TIMEOUT));
    }
}

} // namespace nanont::ke
