// SPDX-License-Identifier: MIT
// What a driver offers, told to the event log: from it `mpulab inspect` knows a package, and `mpulab play` which filter
// and which pins the song goes through.
#pragma once

#include "adapter.hpp"

namespace portcls {

/** A subdevice has just been registered: gives it its number; SUBDEVICE, CATEGORY, PIN and RANGE records.
 * PASSIVE_LEVEL. */
void announce(Subdevice& subdevice);

/** It is about to be taken away. PASSIVE_LEVEL. */
void announce_gone(const Subdevice& subdevice);

} // namespace portcls
