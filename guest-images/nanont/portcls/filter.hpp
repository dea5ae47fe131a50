// SPDX-License-Identifier: MIT
// A filter object: one open handle on a subdevice. Pins made through it hold it, so it may outlive its handle.
#pragma once

#include "file.hpp"
#include "port.hpp"

namespace portcls {

class Filter {
  public:
    /** Makes the filter and hangs it behind the file of `irp`. PASSIVE_LEVEL. */
    static NTSTATUS create(Port& port, PIRP irp);

    Port& port() { return port_; }
    IMiniport* miniport() const { return port_.miniport(); }

    /** pin_limit_status(): no instance of the pin is free here, or in the port. */
    NTSTATUS count_pin(ULONG pin_id);
    void uncount_pin(ULONG pin_id);

    void reference() { InterlockedIncrement(&references_); }
    void dereference();

  private:
    explicit Filter(Port& port);
    ~Filter();
    /** Of one pin: what its descriptor allows and what is open, here and in the port. */
    struct PinCounts {
        ULONG necessary, current, possible, global_current, global_possible;
    };
    /** As the miniport has edited them that has IPinCount: it is asked for each property of counts and each new stream
     * (IPinCount::PinCount, learn.microsoft.com). With lock_ held; PASSIVE_LEVEL. */
    PinCounts pin_counts(ULONG pin_id);

    static NTSTATUS NTAPI device_control(PDEVICE_OBJECT device, PIRP irp);
    static NTSTATUS NTAPI close(PDEVICE_OBJECT device, PIRP irp);
    static NTSTATUS NTAPI create_pin(PDEVICE_OBJECT device, PIRP irp);
    static Filter& of(PIRP irp);
    NTSTATUS property(PIRP irp);
    NTSTATUS enable_event(PIRP irp);
    static NTSTATUS pin_property(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS pin_instances(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS pin_intersection(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS pin_connection(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS topology_property(PIRP irp, PKSIDENTIFIER request, PVOID data);

    static const KSDISPATCH_TABLE kDispatch;
    static const KSPROPERTY_ITEM kPinItems[];
    static const KSPROPERTY_ITEM kTopologyItems[];
    static const KSPROPERTY_SET kSets[];

    Port& port_; // one reference
    LONG references_ = 1;
    ControlLock lock_;
    ULONG* pins_open_ = nullptr; // by pin
};

/** What a client is told when all instances of a pin are taken; no documentation names the status (reference §C.7). */
NTSTATUS pin_limit_status();

} // namespace portcls
