// SPDX-License-Identifier: MIT
#include "resolution.hpp"

#include "dbg/report.hpp"
#include "ldr/ldr.hpp"
#include "rules.hpp"

namespace nanont::vf {
namespace {

ULONG g_requests; // of the driver under test, not given up yet

} // namespace

bool resolution_changed(bool set, const void* from) {
    if (!ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from))) {
        return true;
    }
    if (set) {
        ++g_requests;
        return true;
    }
    judged(19);
    if (g_requests != 0) {
        --g_requests;
        return true;
    }
    char text[160];
    _snprintf(text, sizeof(text) - 1, "V19 ExSetTimerResolution at %s gives up a request that was never made, or twice",
              dbg::Place(from).text);
    text[sizeof(text) - 1] = '\0';
    finding(19, 0, 1, text);
    return false;
}

void tell_resolution_left() {
    if (g_requests == 0) {
        return;
    }
    finding(20, g_requests, 0, "V20 a timer resolution that ExSetTimerResolution set was never given up");
    g_requests = 0;
}

} // namespace nanont::vf
