// SPDX-License-Identifier: MIT
#include "port.hpp"

#include "adapter.hpp"

#include "filter.hpp"
#include "pin.hpp"
#include <initializer_list>

namespace portcls {

Port::Port(REFCLSID port_class) : port_class_(port_class) {
    lock_.initialize();
    KeInitializeSpinLock(&pins_lock_);
    InitializeListHead(&pins_);
}

Port::~Port() {
    if (pin_counts_) ExFreePoolWithTag(pin_counts_, kObjectTag.value);
}

/** IPort::Init: ties miniport and port together. On failure everything is given back. PASSIVE_LEVEL. */
NTSTATUS Port::initialize(PDEVICE_OBJECT device, PUNKNOWN miniport, PUNKNOWN adapter_unknown, PRESOURCELIST resources) {
    if (!at_passive("V01 IPort::Init above PASSIVE_LEVEL") || !miniport) return STATUS_INVALID_PARAMETER;
    Adapter* adapter = adapter_of(device);
    if (!adapter) {
        DbgPrint("portcls.sys: IPort::Init: %p is no device made by PcAddAdapterDevice\n", device);
        return STATUS_INVALID_PARAMETER;
    }
    if (initialized_ || miniport_) return STATUS_INVALID_DEVICE_STATE;
    device_ = device;
    NTSTATUS status = bind(miniport);
    if (!NT_SUCCESS(status)) return status;
    pin_count_ = query<IPinCount>(miniport, IID_IPinCount).detach();
    pin_name_ = query<IPinName>(miniport, IID_IPinName).detach();
    power_notify_ = query<IPowerNotify>(miniport, IID_IPowerNotify).detach();
    status = start(adapter_unknown, resources);
    if (NT_SUCCESS(status)) status = read_description();
    if (NT_SUCCESS(status)) status = know_port(*adapter, subdevice());
    if (!NT_SUCCESS(status)) {
        release_children();
        return status;
    }
    initialized_ = true;
    return STATUS_SUCCESS;
}

NTSTATUS Port::read_description() {
    constexpr ULONG_PTR kUnwritten = 0xA5A5A5A5A5A5A5A5;
    auto descriptor = reinterpret_cast<PPCFILTER_DESCRIPTOR>(kUnwritten);
    trace::Call call(MPULAB_CALLBACK_GetDescription);
    NTSTATUS status = call.run(*miniport_, &IMiniport::GetDescription, &descriptor);
    if (!NT_SUCCESS(status)) return status;
    const bool written = descriptor && reinterpret_cast<ULONG_PTR>(descriptor) != kUnwritten;
    if (!trace::expect(22, written, 0, 1, "V22 IMiniport::GetDescription succeeded without a descriptor"))
        return STATUS_INVALID_PARAMETER;
    ULONG_PTR stack_low, stack_high;
    IoGetStackLimits(&stack_low, &stack_high);
    const auto place = reinterpret_cast<ULONG_PTR>(descriptor);
    trace::expect(63, place < stack_low || place >= stack_high, place, stack_high,
                  "V63 IMiniport::GetDescription gave a descriptor that lies on the stack");
    status = description_.build(descriptor);
    if (!NT_SUCCESS(status)) return status;
    pin_counts_ = static_cast<ULONG*>(allocate_zeroed(description_.pin_count() * sizeof(ULONG), kObjectTag.value));
    return pin_counts_ ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/** Nothing of the driver's runs any more when it returns. PASSIVE_LEVEL. */
void Port::release_children() {
    stop_calls();
    for (IUnknown* asked :
         {static_cast<IUnknown*>(pin_count_), static_cast<IUnknown*>(pin_name_), static_cast<IUnknown*>(power_notify_)})
        if (asked) asked->Release();
    pin_count_ = nullptr;
    pin_name_ = nullptr;
    power_notify_ = nullptr;
    if (IMiniport* miniport = miniport_) {
        miniport_ = nullptr;
        trace::Call call(MPULAB_CALLBACK_MiniportRelease);
        call.leave(STATUS_SUCCESS, call.begin(*miniport, &IUnknown::Release));
    }
    unbound();
}

void Port::release_if_unused() {
    bool unused;
    {
        ControlGuard guard(lock_);
        unused = let_go_ && filters_ == 0 && initialized_;
        if (unused) initialized_ = false;
    }
    if (unused) release_children();
}

NTSTATUS Port::unregister_subdevice_of(PDEVICE_OBJECT device, PUNKNOWN unknown) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !unknown || !at_passive("V01 UnregisterSubdevice above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    auto port = query<ISubdevice>(unknown, IID_ISubdevice);
    return port ? unregister_subdevice(*adapter, port.get()) : STATUS_INVALID_PARAMETER;
}

NTSTATUS Port::unregister_connection_of(PDEVICE_OBJECT device, PUNKNOWN from, PUNICODE_STRING from_string,
                                        ULONG from_pin, PUNKNOWN to, PUNICODE_STRING to_string, ULONG to_pin) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || (!from && !from_string) || (!to && !to_string) ||
        !at_passive("V01 UnregisterPhysicalConnection above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    return unregister_connection(*adapter, {from, from_string, from_pin}, {to, to_string, to_pin});
}

NTSTATUS Port::open_filter(PIRP irp) {
    {
        ControlGuard guard(lock_);
        if (removed_ || !initialized_) return STATUS_DEVICE_NOT_CONNECTED;
        ++filters_;
    }
    NTSTATUS status = Filter::create(*this, irp);
    if (!NT_SUCCESS(status)) filter_closed();
    return status;
}

void Port::filter_closed() {
    {
        ControlGuard guard(lock_);
        --filters_;
    }
    release_if_unused();
}

void Port::remove_surprisingly() {
    ControlGuard guard(lock_);
    removed_ = true;
    for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
        CONTAINING_RECORD(at, Pin, port_link)->stop();
}

void Port::remove() {
    remove_surprisingly();
    {
        ControlGuard guard(lock_);
        let_go_ = true;
    }
    release_if_unused();
}

void Port::change_power(POWER_STATE state, bool going_down) {
    ControlGuard guard(lock_);
    powered_ = !going_down;
    if (going_down)
        for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
            CONTAINING_RECORD(at, Pin, port_link)->suspend();
    if (power_notify_) {
        trace::Call call(MPULAB_CALLBACK_PowerChangeNotify, state.DeviceState);
        call.begin(*power_notify_, &IPowerNotify::PowerChangeNotify, state);
        call.leave();
    }
    for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
        CONTAINING_RECORD(at, Pin, port_link)->notify_power(state);
    if (!going_down)
        for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
            CONTAINING_RECORD(at, Pin, port_link)->resume();
}

bool Port::any_pins() {
    ControlGuard guard(lock_);
    return !IsListEmpty(&pins_);
}

NTSTATUS Port::count_pin(ULONG pin_id, ULONG limit) {
    ControlGuard guard(lock_);
    if (removed_) return STATUS_DEVICE_NOT_CONNECTED;
    if (pin_counts_[pin_id] >= limit) return pin_limit_status();
    ++pin_counts_[pin_id];
    return STATUS_SUCCESS;
}

void Port::uncount_pin(ULONG pin_id) {
    ControlGuard guard(lock_);
    --pin_counts_[pin_id];
}

ULONG Port::pins_open(ULONG pin_id) {
    ControlGuard guard(lock_);
    return pin_counts_[pin_id];
}

void Port::link_pin(Pin& pin) {
    ControlGuard guard(lock_);
    SpinLockGuard spin(pins_lock_);
    InsertTailList(&pins_, &pin.port_link);
}

void Port::unlink_pin(Pin& pin) {
    ControlGuard guard(lock_);
    SpinLockGuard spin(pins_lock_);
    RemoveEntryList(&pin.port_link);
}

} // namespace portcls
