// SPDX-License-Identifier: MIT
#pragma once

#include "adapter.hpp"

namespace portcls {

/** What answers for the device's power, with a reference of our own for as long as somebody talks to it: the driver may
 * unregister it meanwhile, in PnP's thread. Empty when nothing is registered. PASSIVE_LEVEL. */
class HeldPower {
  public:
    explicit HeldPower(Adapter& adapter) {
        ControlGuard guard(adapter.power_lock);
        object_ = adapter.power;
        version_ = adapter.power_version;
        if (object_) object_->AddRef();
    }
    ~HeldPower() {
        if (object_) object_->Release();
    }
    HeldPower(const HeldPower&) = delete;
    HeldPower& operator=(const HeldPower&) = delete;

    explicit operator bool() const { return object_; }
    IAdapterPowerManagement& operator*() const { return *object_; }
    /** 1..3: which IAdapterPowerManagement it is; each has the slots of the older. 0: none. */
    ULONG version() const { return version_; }
    template <class Newer> Newer* as() const { return static_cast<Newer*>(object_); }

  private:
    IAdapterPowerManagement* object_;
    ULONG version_;
};

} // namespace portcls
