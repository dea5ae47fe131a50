// SPDX-License-Identifier: MIT
// Property requests that are with the driver: between the call of its handler and, where that answered STATUS_PENDING,
// PcCompletePendingPropertyRequest (rule V72; Microsoft Learn: PcCompletePendingPropertyRequest).
#pragma once

#include "interfaces.hpp"

namespace portcls {

/** Before the first request. PASSIVE_LEVEL. */
void initialize_property_calls();

/** Memory for a request, which is with the driver from here on; NULL: none. IRQL <= DISPATCH_LEVEL. */
PPCPROPERTY_REQUEST begin_property_call(ULONG property_id);

/** The handler has answered STATUS_PENDING: V72 when nobody completes the request within 5 s. It may have been
 * completed already, and be gone. IRQL <= DISPATCH_LEVEL. */
void property_call_pends(PPCPROPERTY_REQUEST request);

/** Takes the request back from the driver; the caller frees it with end_property_call(). False: the driver does not
 * have it, and it may not be looked at. IRQL <= DISPATCH_LEVEL. */
bool take_property_call(PPCPROPERTY_REQUEST request);
void end_property_call(PPCPROPERTY_REQUEST request);

} // namespace portcls
