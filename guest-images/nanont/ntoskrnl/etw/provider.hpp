// SPDX-License-Identifier: MIT
#ifndef NANONT_ETW_PROVIDER_HPP
#define NANONT_ETW_PROVIDER_HPP

namespace nanont::etw {

/// The driver goes: V20 for each provider that it registered and did not take back, which then is. PASSIVE_LEVEL.
void tell_providers_left();

} // namespace nanont::etw

#endif
