// SPDX-License-Identifier: MIT
#include "selftest.hpp"

namespace portcls {

void plant_defects() {
    trace::attach();
    disconnect_unconnected();
    static Adapter adapter;                                               // too large for the stack
    adapter.power = reinterpret_cast<IAdapterPowerManagement*>(&adapter); // anything: it is only looked at
    may_register_power(adapter);
}

} // namespace portcls
