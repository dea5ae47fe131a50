// SPDX-License-Identifier: MIT
#ifndef NANONT_EX_WORK_ITEM_HPP
#define NANONT_EX_WORK_ITEM_HPP

#include "nt.hpp"

namespace nanont::io {

/// To the PnP manager's own thread: what it does waits for drivers, who may wait for work items and power IRPs of
/// theirs, so it must not take the threads those need. IRQL <= DISPATCH_LEVEL.
void queue_device_item(WORK_QUEUE_ITEM& item);
/// To the power manager's own thread, for the same reason: work items of drivers may wait for a power IRP.
void queue_power_item(WORK_QUEUE_ITEM& item);

} // namespace nanont::io

#endif
