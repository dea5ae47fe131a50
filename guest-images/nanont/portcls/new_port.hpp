// SPDX-License-Identifier: MIT
#pragma once

#include "module/ddk.hpp"

namespace portcls {

/** NULL: no memory. PASSIVE_LEVEL. */
PPORT new_midi_port(REFCLSID port_class);
PPORT new_topology_port(REFCLSID port_class);

/** "function: class {…} is not there; " and `why`, in the log. */
void tell_class(const char* function, REFCLSID id, const char* why);

} // namespace portcls
