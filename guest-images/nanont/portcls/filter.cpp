// SPDX-License-Identifier: MIT
// The life of a filter handle; its properties are in filter_properties.cpp.
#include "filter.hpp"

#include "adapter.hpp"
#include "format_match.hpp"
#include "pin.hpp"

namespace portcls {

const KSDISPATCH_TABLE Filter::kDispatch = {device_control,
                                            KsDispatchInvalidDeviceRequest,
                                            KsDispatchInvalidDeviceRequest,
                                            KsDispatchInvalidDeviceRequest,
                                            close,
                                            KsDispatchInvalidDeviceRequest,
                                            KsDispatchInvalidDeviceRequest,
                                            nullptr,
                                            nullptr,
                                            nullptr};

Filter::Filter(Port& port) : port_(port) {
    port_.hold();
    lock_.initialize();
}

Filter::~Filter() {
    if (pins_open_) ExFreePoolWithTag(pins_open_, kObjectTag.value);
    port_.filter_closed();
    port_.let_go();
}

void Filter::dereference() {
    if (InterlockedDecrement(&references_) == 0) delete this;
}

NTSTATUS Filter::create(Port& port, PIRP irp) {
    PoolBuffer<FileContext> file(sizeof(FileContext));
    PoolBuffer<ULONG> counts(port.filter_description().pin_count() * sizeof(ULONG));
    if (!file || !counts) return STATUS_INSUFFICIENT_RESOURCES;
    file->create_items[0].Create = create_pin;
    RtlInitUnicodeString(&file->create_items[0].ObjectClass, KSSTRING_Pin);
    NTSTATUS status = KsAllocateObjectHeader(&file->header, 1, file->create_items, irp, &kDispatch);
    if (!NT_SUCCESS(status)) return status;
    auto* filter = new (kObjectTag) Filter(port);
    if (!filter) {
        KsFreeObjectHeader(file->header);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    file->create_items[0].Context = filter;
    filter->pins_open_ = counts.release();
    file->filter = filter;
    IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext = file.release();
    return STATUS_SUCCESS;
}

Filter& Filter::of(PIRP irp) {
    return *static_cast<FileContext*>(IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext)->filter;
}

NTSTATUS NTAPI Filter::close(PDEVICE_OBJECT, PIRP irp) {
    PFILE_OBJECT object = IoGetCurrentIrpStackLocation(irp)->FileObject;
    auto* file = static_cast<FileContext*>(object->FsContext);
    object->FsContext = nullptr;
    KsFreeObjectHeader(file->header);
    file->filter->dereference();
    ExFreePoolWithTag(file, kObjectTag.value);
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI Filter::device_control(PDEVICE_OBJECT device, PIRP irp) {
    Filter& filter = of(irp);
    NTSTATUS status;
    switch (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_KS_PROPERTY:
        status = filter.property(irp);
        break;
    case IOCTL_KS_ENABLE_EVENT:
        status = filter.enable_event(irp);
        break;
    case IOCTL_KS_DISABLE_EVENT:
        status = filter.port().events().disable(irp);
        break;
    default:
        return KsDefaultDeviceIoCompletion(device, irp);
    }
    if (status != STATUS_PENDING) complete(irp, status, irp->IoStatus.Information);
    return status;
}

NTSTATUS Filter::count_pin(ULONG pin_id) {
    ControlGuard guard(lock_);
    const PinCounts counts = pin_counts(pin_id);
    if (counts.current >= counts.possible || counts.global_current >= counts.global_possible) return pin_limit_status();
    NTSTATUS status = port_.count_pin(pin_id, counts.global_possible); // other filters of the port open pins too
    if (NT_SUCCESS(status)) ++pins_open_[pin_id];
    return status;
}

void Filter::uncount_pin(ULONG pin_id) {
    {
        ControlGuard guard(lock_);
        --pins_open_[pin_id];
    }
    port_.uncount_pin(pin_id);
}

NTSTATUS pin_limit_status() {
    return trace::choose(NANONT_CHOICE_PIN_LIMIT) == 1 ? STATUS_NOT_FOUND : STATUS_INSUFFICIENT_RESOURCES;
}

Filter::PinCounts Filter::pin_counts(ULONG pin_id) {
    const PCPIN_DESCRIPTOR& pin = port_.filter_description().pin(pin_id);
    PinCounts counts = {pin.MinFilterInstanceCount, pins_open_[pin_id], pin.MaxFilterInstanceCount,
                        port_.pins_open(pin_id), pin.MaxGlobalInstanceCount};
    if (IPinCount* counter = port_.pin_counter(); counter && !port_.is_removed()) {
        trace::Call call(MPULAB_CALLBACK_PinCount, pin_id);
        call.begin(*counter, &IPinCount::PinCount, pin_id, &counts.necessary, &counts.current, &counts.possible,
                   &counts.global_current, &counts.global_possible);
        call.leave();
    }
    return counts;
}

/** Create item of KSSTRING_Pin: instance limits, format match, then the pin (reference §2.10 step 2). */
NTSTATUS NTAPI Filter::create_pin(PDEVICE_OBJECT, PIRP irp) {
    auto& filter = *static_cast<Filter*>(KSCREATE_ITEM_IRP_STORAGE(irp)->Context);
    const Description& description = filter.port_.filter_description();
    if (filter.port_.is_removed()) return complete(irp, STATUS_DEVICE_NOT_CONNECTED);
    PKSPIN_CONNECT connect;
    NTSTATUS status = KsValidateConnectRequest(irp, description.pin_count(), description.ks_pins(), &connect);
    if (!NT_SUCCESS(status)) return complete(irp, status);
    const KSPIN_DESCRIPTOR& pin = description.ks_pins()[connect->PinId];
    auto* format = reinterpret_cast<PKSDATAFORMAT>(connect + 1);
    bool fits = false;
    for (ULONG i = 0; i < pin.DataRangesCount; ++i)
        fits |= format_fits(wire::load<wire::DataFormat>(format), wire::load<wire::DataFormat>(pin.DataRanges[i]));
    if (!fits) return complete(irp, STATUS_NO_MATCH);
    if (pin.Communication == KSPIN_COMMUNICATION_NONE)
        return complete(irp, STATUS_INVALID_PARAMETER); // a bridge pin: there is nobody to connect to
    Adapter* adapter = adapter_of(filter.port_.device());
    status = adapter ? bring_to_d0(*adapter) : STATUS_DEVICE_NOT_CONNECTED;
    if (NT_SUCCESS(status)) status = filter.count_pin(connect->PinId);
    if (!NT_SUCCESS(status)) return complete(irp, status);
    status = Pin::create(filter, connect->PinId, *format, irp);
    if (!NT_SUCCESS(status)) filter.uncount_pin(connect->PinId);
    return complete(irp, status);
}

} // namespace portcls
