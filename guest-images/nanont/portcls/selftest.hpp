// SPDX-License-Identifier: MIT
// What the rules of PortCls' are to catch, done once per boot by portcls.sys itself, where a kernel awaits it (nanont:
// ntoskrnl/vf/selftest.hpp). On another kernel the findings go nowhere.
#pragma once

#include "adapter.hpp"

namespace portcls {

/** V44 and V73. PASSIVE_LEVEL, before any adapter driver is there. */
void plant_defects();

/** Of interrupt_sync.cpp: Disconnect of an IInterruptSync that was never connected (V44). */
void disconnect_unconnected();

/** Of power.cpp: V73 unless nothing is registered. */
bool may_register_power(const Adapter& adapter);

} // namespace portcls
