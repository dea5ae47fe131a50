// SPDX-License-Identifier: MIT
// What the driver made known of itself and has not taken back when it goes (V74): device interfaces that it enabled
// ("Enabling and Disabling a Device Interface Instance": a driver disables them when its device is removed), symbolic
// links. Physical connections are PortCls' to look at.
#ifndef NANONT_VF_REGISTERED_HPP
#define NANONT_VF_REGISTERED_HPP

#include "nt.hpp"

namespace nanont::vf {

/// The device goes, and with it an interface that code of the driver at `from` has enabled. PASSIVE_LEVEL.
void judge_interface(const void* from, bool is_enabled);

/// The driver has been unloaded: the links that it made and that are there yet. PASSIVE_LEVEL.
void tell_links_left();

} // namespace nanont::vf

#endif
