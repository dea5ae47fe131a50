// SPDX-License-Identifier: MIT
// What only nanont can do for a score, through its optional private exports (include/nanont_emit.h). On a kernel
// without them each function does what it says there.
#pragma once

#include "module/trace.hpp"

namespace agent {

/** Looks the exports up, once: a look costs as much as a call into the driver. PASSIVE_LEVEL. */
void attach_kernel();

/** What the PnP and the power manager do with a device. STATUS_NOT_SUPPORTED: not on this kernel. PASSIVE_LEVEL. */
NTSTATUS ask_device(ULONG unit, ULONG request, ULONG argument);

/** QUERY_REMOVE and REMOVE. STATUS_NOT_SUPPORTED: not on this kernel. PASSIVE_LEVEL. */
NTSTATUS remove_device(ULONG unit);

/** To the 100 ns; on another kernel to the next clock tick behind it. PASSIVE_LEVEL. */
void sleep_exactly(ULONGLONG time_100ns);

/** Events of a card since the last AWAIT record. false: not on this kernel. */
bool card_events(ULONG& count);

} // namespace agent
