// SPDX-License-Identifier: MIT
// The driver's requests for a finer clock: each is to be given up once (V19) and none may outlive the driver (V20).
// Source: ExSetTimerResolution, learn.microsoft.com: each call that sets one is followed by one that takes it back.
#ifndef NANONT_VF_RESOLUTION_HPP
#define NANONT_VF_RESOLUTION_HPP

#include "nt.hpp"

namespace nanont::vf {

/// ExSetTimerResolution: `set` asks, else gives one request up. `from`: code that calls it; calls that are not the
/// driver's are passed over. Under the dispatcher's lock. False: there is no request of the driver's to give up.
bool resolution_changed(bool set, const void* from);

/// The driver goes: V20 when it still has requests, which are then forgotten. PASSIVE_LEVEL.
void tell_resolution_left();

} // namespace nanont::vf

#endif
