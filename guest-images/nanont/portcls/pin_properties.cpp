// SPDX-License-Identifier: MIT
// Properties and events of a pin handle: the driver's automation table first, then KSPROPSETID_Connection (reference
// §5.4).
#include "pin.hpp"

#include "format_match.hpp"

namespace portcls {

const KSPROPERTY_ITEM Pin::kConnectionItems[] = {
    {KSPROPERTY_CONNECTION_STATE,
     {get_state},
     sizeof(KSPROPERTY),
     sizeof(KSSTATE),
     {put_state},
     nullptr,
     0,
     nullptr,
     nullptr,
     0},
    {KSPROPERTY_CONNECTION_DATAFORMAT,
     {get_format},
     sizeof(KSPROPERTY),
     sizeof(KSDATAFORMAT),
     {put_format},
     nullptr,
     0,
     nullptr,
     nullptr,
     0},
};

const KSPROPERTY_SET Pin::kSets[] = {
    {&KSPROPSETID_Connection, SIZEOF_ARRAY(kConnectionItems), kConnectionItems, 0, nullptr},
};

NTSTATUS Pin::property(PIRP irp) {
    const Description& description = port().filter_description();
    const AutomationSets* table;
    ULONG node;
    NTSTATUS status = description.table_for(irp, description.pin_table(pin_id_), table, node);
    if (!NT_SUCCESS(status)) return status;
    if (node != kNoTarget) return port().is_removed() ? STATUS_DEVICE_NOT_CONNECTED : table->handle(irp);
    return table->handle_with(irp, port().is_removed(), kSets, SIZEOF_ARRAY(kSets));
}

/** Of the pin's own automation table, or a node's (PCEVENT_ITEM: "a pin instance or a node on a pin"). */
NTSTATUS Pin::enable_event(PIRP irp) {
    if (port().is_removed()) return STATUS_DEVICE_NOT_CONNECTED;
    const Description& description = port().filter_description();
    const AutomationSets* table;
    ULONG node;
    NTSTATUS status = description.table_for(irp, description.pin_table(pin_id_), table, node);
    if (!NT_SUCCESS(status)) return status;
    return port().events().enable(irp, table->events(), {pin_id_, node});
}

NTSTATUS Pin::get_state(PIRP irp, PKSIDENTIFIER, PVOID data) {
    Pin& pin = of(irp);
    ControlGuard guard(pin.control_);
    *static_cast<KSSTATE*>(data) = pin.state();
    irp->IoStatus.Information = sizeof(KSSTATE);
    return STATUS_SUCCESS;
}

NTSTATUS Pin::put_state(PIRP irp, PKSIDENTIFIER, PVOID data) {
    return of(irp).set_state(*static_cast<KSSTATE*>(data));
}

NTSTATUS Pin::get_format(PIRP irp, PKSIDENTIFIER, PVOID data) {
    *static_cast<KSDATAFORMAT*>(data) = of(irp).format_;
    irp->IoStatus.Information = sizeof(KSDATAFORMAT);
    return STATUS_SUCCESS;
}

/** A format within the pin's ranges is offered to the stream. */
NTSTATUS Pin::put_format(PIRP irp, PKSIDENTIFIER, PVOID data) {
    Pin& pin = of(irp);
    auto* format = static_cast<KSDATAFORMAT*>(data);
    ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
    if (format->FormatSize < sizeof(KSDATAFORMAT) || format->FormatSize > room) return STATUS_INVALID_BUFFER_SIZE;
    if (pin.filter_.port().is_removed()) return STATUS_DEVICE_NOT_CONNECTED;
    const KSPIN_DESCRIPTOR& ranges = pin.filter_.port().filter_description().ks_pins()[pin.pin_id_];
    bool fits = false;
    for (ULONG i = 0; i < ranges.DataRangesCount; ++i)
        fits |= format_fits(wire::load<wire::DataFormat>(format), wire::load<wire::DataFormat>(ranges.DataRanges[i]));
    if (!fits) return STATUS_NO_MATCH;
    ControlGuard guard(pin.control_);
    NTSTATUS status = pin.stream_->set_format(*format);
    if (NT_SUCCESS(status)) {
        pin.format_ = *format;
        pin.format_.FormatSize = sizeof(KSDATAFORMAT);
    }
    return status;
}

} // namespace portcls
