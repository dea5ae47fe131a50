// SPDX-License-Identifier: MIT
// The IRQL at which an export may be called, held against the IRQL at which a driver calls it (rule V01).
#ifndef NANONT_LDR_IRQL_GATE_HPP
#define NANONT_LDR_IRQL_GATE_HPP

#include "nt.hpp"

namespace nanont::ldr {

/// (Also the place where a call that can fail is made to: failing_call.hpp.)
///
/// What a driver under test gets instead of the export at `target`: a few instructions that look whether the stack is
/// aligned, compare CR8 with the limit in exports.inc and go on to the export, or bugcheck with both. `target` itself
/// for an export without a limit that cannot fail. One gate per export, so its address is the same each time.
/// PASSIVE_LEVEL.
ULONGLONG irql_gate(const char* export_name, ULONGLONG target);

/// What portcls.sys and ks.sys get instead of the export at `target`: a gate that counts where it can fail, else
/// `target`. PASSIVE_LEVEL.
ULONGLONG port_gate(const char* export_name, ULONGLONG target);

/// True for the address of a gate: a function as good as the export behind it.
bool is_irql_gate(ULONGLONG address);

} // namespace nanont::ldr

#endif
