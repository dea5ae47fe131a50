// SPDX-License-Identifier: MIT
// What a debugger looks for in a memory image, laid out as Windows lays it out.
#ifndef NANONT_DBG_CRASH_DATA_HPP
#define NANONT_DBG_CRASH_DATA_HPP

#include <context.hpp>

#include "nt.hpp"

namespace nanont::dbg {

/// Fills KdVersionBlock and the debugger data, and lets every processor's KPCR point to them. At boot, when modules and
/// the page shared with drivers are there; again when a processor has been added.
void publish_crash_data();

/// Keeps code, parameters and registers of a bugcheck where a debugger finds them.
void save_bugcheck(ULONG code, const ULONGLONG (&parameters)[4], const Context& context);

} // namespace nanont::dbg

#endif
