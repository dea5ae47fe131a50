// SPDX-License-Identifier: MIT
// The kernel's calls into the driver under test: what it does to the nonvolatile registers is seen (V67). PortCls looks
// at its own calls (module/trace.hpp).
#ifndef NANONT_VF_DRIVER_CALL_HPP
#define NANONT_VF_DRIVER_CALL_HPP

#include <kept_call.hpp>

#include "ldr/ldr.hpp"
#include "nt.hpp"

namespace nanont::vf {

/// V67, when `routine` came back with something changed: nanont_kept_call's answer. Any IRQL.
void judge_registers(const void* routine, uint32_t changed);

/// Calls a routine; with a look at the registers when it is the driver's. `hooks`: its records, which are made of the
/// driver's only. At the IRQL of the routine.
template <typename Result, typename... Parameters, typename... Arguments>
Result call_with(const nanont_call_hooks* hooks, Result(NTAPI* routine)(Parameters...), Arguments... arguments) {
    const auto* address = reinterpret_cast<const void*>(routine);
    if (!ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(address))) {
        return routine(arguments...);
    }
    return kept_call<Result>(judge_registers, hooks, address, register_word<Parameters>(arguments)...);
}

template <typename Result, typename... Parameters, typename... Arguments>
Result call(Result(NTAPI* routine)(Parameters...), Arguments... arguments) {
    return call_with(nullptr, routine, arguments...);
}

} // namespace nanont::vf

#endif
