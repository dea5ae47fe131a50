// SPDX-License-Identifier: MIT
// IServiceGroup: one DPC that asks each member sink for service (reference portcls-midi.md §2.7, §3.2).
#pragma once

#include "com.hpp"

namespace portcls {

/** Is this one of our live service groups? (V15: Notify with a foreign or freed one.) Any IRQL. */
bool is_service_group(PSERVICEGROUP group);

} // namespace portcls
