// SPDX-License-Identifier: MIT
// Our own interface between a port and the rest of this module.
#pragma once

#include "com.hpp"
#include "description.hpp"

#include "module/newer_portcls.hpp"

DEFINE_GUID(IID_ISubdevice, 0x8d5dfbcd, 0x3a1e, 0x4b9f, 0x9c, 0x54, 0x6c, 0x0e, 0x4b, 0x2f, 0x77, 0xa1);

namespace portcls {

/** What PcRegisterSubdevice and the adapter need of a port. All at PASSIVE_LEVEL. */
struct ISubdevice : public IUnknown {
    /** IPort::Init has succeeded. */
    virtual bool is_initialized() = 0;
    /** Interface categories to register. */
    virtual void categories(const GUID*& list, ULONG& count) = 0;
    /** A client opens the filter: makes the filter object and hangs it behind the file. Does not complete `irp`. */
    virtual NTSTATUS create_filter(PDEVICE_OBJECT device, PIRP irp) = 0;
    /** The hardware is gone, the device object is not: streams stop, new opens fail. */
    virtual void surprise_removed() = 0;
    /** As surprise_removed(); and the miniport may go as soon as no handle is open. */
    virtual void device_removed() = 0;
    /** Device power; down: before the hardware loses it, up: after it has it again (reference §1.4). */
    virtual void power_changed(POWER_STATE state, bool going_down) = 0;
    /** IRP_MN_STOP_DEVICE: the miniport hears of it, when its class tells miniports. */
    virtual void pnp_stop() = 0;
    /** Streams are open. */
    virtual bool has_pins() = 0;
    /** The class id it was made by. */
    virtual const GUID& port_class() const = 0;
    /** Of the miniport's filter; valid once is_initialized(). */
    virtual const Description& description() const = 0;
};

} // namespace portcls
