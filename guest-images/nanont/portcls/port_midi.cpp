// SPDX-License-Identifier: MIT
#include "port_midi.hpp"

#include "adapter.hpp"
#include "filter.hpp"
#include "pin.hpp"
#include "service_group.hpp"

namespace portcls {
namespace {

/** The port's own sink in Init's service group; a separate object, so that a group never sees a port as a sink. */
class PortSink final : public ComObject<IServiceSink> {
  public:
    explicit PortSink(PortMidi& port) : port_(port) {}
    STDMETHODIMP_(void) RequestService() override { port_.service(); }

  private:
    PortMidi& port_; // the port removes this sink from its group before it goes
};

template <class T> T* pattern() {
    return reinterpret_cast<T*>(static_cast<ULONG_PTR>(0xA5A5A5A5A5A5A5A5));
}

} // namespace

PortMidi::PortMidi(REFCLSID port_class) : port_class_(port_class) {
    lock_.initialize();
    KeInitializeSpinLock(&pins_lock_);
    InitializeListHead(&pins_);
    KeInitializeDpc(&notify_dpc_, notify_all, this);
}

PortMidi::~PortMidi() {
    release_children();
    if (pin_counts_) ExFreePoolWithTag(pin_counts_, kObjectTag.value);
}

bool PortMidi::query_more(REFIID iid, PVOID* out) {
    if (!IsEqualGUIDAligned(iid, IID_IPort) && !IsEqualGUIDAligned(iid, IID_IPortDMus)) return false;
    *out = static_cast<IPortMidi*>(this); // the same slots (reference §2.1)
    return true;
}

/** Ties miniport and port together. On failure everything is given back. PASSIVE_LEVEL. */
STDMETHODIMP_(NTSTATUS)
PortMidi::Init(PDEVICE_OBJECT device, PIRP, PUNKNOWN miniport, PUNKNOWN adapter_unknown, PRESOURCELIST resources) {
    if (!at_passive("V01 IPort::Init above PASSIVE_LEVEL") || !miniport) return STATUS_INVALID_PARAMETER;
    Adapter* adapter = adapter_of(device);
    if (!adapter) {
        DbgPrint("portcls.sys: IPort::Init: %p is no device made by PcAddAdapterDevice\n", device);
        return STATUS_INVALID_PARAMETER;
    }
    if (initialized_ || miniport_) return STATUS_INVALID_DEVICE_STATE;
    device_ = device;
    auto midi = query<IMiniportMidi>(miniport, IID_IMiniportMidi);
    if (!midi) {
        DbgPrint(
            "portcls.sys: IPort::Init: the miniport does not answer IID_IMiniportMidi; IMiniportDMus miniports are "
            "not supported\n");
        return STATUS_NOT_SUPPORTED;
    }
    miniport_ = midi.detach();
    power_notify_ = query<IPowerNotify>(miniport, IID_IPowerNotify).detach();
    NTSTATUS status = initialize_miniport(adapter_unknown, resources);
    if (NT_SUCCESS(status)) status = read_description();
    if (NT_SUCCESS(status)) status = know_port(*adapter, this);
    if (!NT_SUCCESS(status)) {
        release_children();
        return status;
    }
    initialized_ = true;
    return STATUS_SUCCESS;
}

NTSTATUS PortMidi::initialize_miniport(PUNKNOWN adapter, PRESOURCELIST resources) {
    sink_ = new (kObjectTag) PortSink(*this);
    if (!sink_) return STATUS_INSUFFICIENT_RESOURCES;
    PSERVICEGROUP made = pattern<IServiceGroup>();
    in_init_ = true;
    trace::Call call(MPULAB_CALLBACK_Init);
    NTSTATUS status = call.leave(miniport_->Init(adapter, resources, this, &made));
    in_init_ = false;
    if (!NT_SUCCESS(status)) return status;
    if (made == pattern<IServiceGroup>()) {
        trace::finding(22, 0, 1, "V22 IMiniportMidi::Init succeeded and did not write *ServiceGroup");
        return STATUS_SUCCESS;
    }
    if (!made) return STATUS_SUCCESS;
    if (!group_)
        status = RegisterServiceGroup(made);
    else if (group_ != made)
        DbgPrint(
            "portcls.sys: IMiniportMidi::Init returned another service group than it had registered; the registered "
            "one is used\n");
    made->Release(); // the reference that came with the output parameter
    return status;
}

NTSTATUS PortMidi::read_description() {
    PPCFILTER_DESCRIPTOR descriptor = pattern<PCFILTER_DESCRIPTOR>();
    trace::Call call(MPULAB_CALLBACK_GetDescription);
    NTSTATUS status = call.leave(miniport_->GetDescription(&descriptor));
    if (!NT_SUCCESS(status)) return status;
    if (!descriptor || descriptor == pattern<PCFILTER_DESCRIPTOR>()) {
        trace::finding(22, 0, 1, "V22 IMiniport::GetDescription succeeded without a descriptor");
        return STATUS_INVALID_PARAMETER;
    }
    status = description_.build(descriptor);
    if (!NT_SUCCESS(status)) return status;
    pin_counts_ = static_cast<ULONG*>(allocate_zeroed(description_.pin_count() * sizeof(ULONG), kObjectTag.value));
    return pin_counts_ ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/** Nothing of the driver's runs any more when it returns. PASSIVE_LEVEL. */
void PortMidi::release_children() {
    PSERVICEGROUP group = group_;
    group_ = nullptr;
    if (group && sink_) group->RemoveMember(sink_);
    KeFlushQueuedDpcs();
    if (power_notify_) power_notify_->Release();
    power_notify_ = nullptr;
    if (IMiniportMidi* miniport = miniport_) {
        miniport_ = nullptr;
        trace::Call call(MPULAB_CALLBACK_MiniportRelease);
        call.leave(STATUS_SUCCESS, miniport->Release());
    }
    if (group) group->Release();
    if (sink_) sink_->Release();
    sink_ = nullptr;
}

void PortMidi::release_if_unused() {
    bool unused;
    {
        ControlGuard guard(lock_);
        unused = let_go_ && filters_ == 0 && initialized_;
        if (unused) initialized_ = false;
    }
    if (unused) release_children();
}

STDMETHODIMP_(NTSTATUS)
PortMidi::GetDeviceProperty(DEVICE_REGISTRY_PROPERTY property, ULONG length, PVOID buffer, PULONG result) {
    return device_ ? PcGetDeviceProperty(device_, property, length, buffer, result) : STATUS_INVALID_DEVICE_STATE;
}

STDMETHODIMP_(NTSTATUS)
PortMidi::NewRegistryKey(PREGISTRYKEY* out, PUNKNOWN outer, ULONG type, ACCESS_MASK access,
                         POBJECT_ATTRIBUTES attributes, ULONG options, PULONG disposition) {
    return PcNewRegistryKey(out, outer, type, access, device_, nullptr, attributes, options, disposition);
}

/** Up to DIRQL. NULL: Init's group and every stream's. */
STDMETHODIMP_(void) PortMidi::Notify(PSERVICEGROUP group) {
    if (group) {
        if (!is_service_group(group)) {
            trace::finding(15, reinterpret_cast<ULONG_PTR>(group), 0,
                           "V15 Notify with a freed or foreign service group");
            return;
        }
        group->RequestService();
        return;
    }
    if (in_init_ && !group_) trace::finding(17, 0, 1, "V17 Notify(NULL) before RegisterServiceGroup");
    KeInsertQueueDpc(&notify_dpc_, nullptr, nullptr);
}

VOID NTAPI PortMidi::notify_all(PKDPC, PVOID context, PVOID, PVOID) {
    auto& port = *static_cast<PortMidi*>(context);
    if (PSERVICEGROUP group = port.group_) group->RequestService();
    SpinLockGuard guard(port.pins_lock_);
    for (LIST_ENTRY* at = port.pins_.Flink; at != &port.pins_; at = at->Flink)
        if (PSERVICEGROUP group = CONTAINING_RECORD(at, Pin, port_link)->group()) group->RequestService();
}

/** Early inside IMiniportMidi::Init, so that interrupts find it. PASSIVE_LEVEL. */
STDMETHODIMP_(NTSTATUS) PortMidi::RegisterServiceGroup(PSERVICEGROUP group) {
    if (!at_passive("V01 IPortMidi::RegisterServiceGroup above PASSIVE_LEVEL") || !group || !sink_)
        return STATUS_INVALID_PARAMETER;
    if (group_) return group_ == group ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_STATE;
    NTSTATUS status = group->AddMember(sink_);
    if (!NT_SUCCESS(status)) return status;
    group->AddRef();
    group_ = group;
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) PortMidi::UnregisterSubdevice(PDEVICE_OBJECT device, PUNKNOWN unknown) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !unknown || !at_passive("V01 UnregisterSubdevice above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    auto port = query<ISubdevice>(unknown, IID_ISubdevice);
    return port ? unregister_subdevice(*adapter, port.get()) : STATUS_INVALID_PARAMETER;
}

STDMETHODIMP_(NTSTATUS)
PortMidi::UnregisterPhysicalConnection(PDEVICE_OBJECT device, PUNKNOWN from, ULONG from_pin, PUNKNOWN to,
                                       ULONG to_pin) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !from || !to || !at_passive("V01 UnregisterPhysicalConnection above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    return unregister_connection(*adapter, from, from_pin, to, to_pin);
}

// None can have been registered.
STDMETHODIMP_(NTSTATUS)
PortMidi::UnregisterPhysicalConnectionToExternal(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNICODE_STRING, ULONG) {
    return STATUS_NOT_FOUND;
}

STDMETHODIMP_(NTSTATUS)
PortMidi::UnregisterPhysicalConnectionFromExternal(PDEVICE_OBJECT, PUNICODE_STRING, ULONG, PUNKNOWN, ULONG) {
    return STATUS_NOT_FOUND;
}

void PortMidi::categories(const GUID*& list, ULONG& count) {
    list = description_.topology().Categories;
    count = description_.topology().CategoriesCount;
}

NTSTATUS PortMidi::create_filter(PDEVICE_OBJECT, PIRP irp) {
    {
        ControlGuard guard(lock_);
        if (removed_ || !initialized_) return STATUS_DEVICE_NOT_CONNECTED;
        ++filters_;
    }
    NTSTATUS status = Filter::create(*this, irp);
    if (!NT_SUCCESS(status)) filter_closed();
    return status;
}

void PortMidi::filter_closed() {
    {
        ControlGuard guard(lock_);
        --filters_;
    }
    release_if_unused();
}

void PortMidi::surprise_removed() {
    ControlGuard guard(lock_);
    removed_ = true;
    for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
        CONTAINING_RECORD(at, Pin, port_link)->stop();
}

void PortMidi::device_removed() {
    surprise_removed();
    {
        ControlGuard guard(lock_);
        let_go_ = true;
    }
    release_if_unused();
}

void PortMidi::power_changed(POWER_STATE state, bool going_down) {
    ControlGuard guard(lock_);
    if (going_down)
        for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
            CONTAINING_RECORD(at, Pin, port_link)->suspend();
    if (power_notify_) {
        trace::Call call(MPULAB_CALLBACK_PowerChangeNotify, state.DeviceState);
        power_notify_->PowerChangeNotify(state);
        call.leave();
    }
    for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
        CONTAINING_RECORD(at, Pin, port_link)->notify_power(state);
    if (!going_down)
        for (LIST_ENTRY* at = pins_.Flink; at != &pins_; at = at->Flink)
            CONTAINING_RECORD(at, Pin, port_link)->resume();
}

bool PortMidi::has_pins() {
    ControlGuard guard(lock_);
    return !IsListEmpty(&pins_);
}

NTSTATUS PortMidi::count_pin(ULONG pin_id) {
    ControlGuard guard(lock_);
    if (removed_) return STATUS_DEVICE_NOT_CONNECTED;
    if (pin_counts_[pin_id] >= description_.pin(pin_id).MaxGlobalInstanceCount) return STATUS_INSUFFICIENT_RESOURCES;
    ++pin_counts_[pin_id];
    return STATUS_SUCCESS;
}

void PortMidi::uncount_pin(ULONG pin_id) {
    ControlGuard guard(lock_);
    --pin_counts_[pin_id];
}

ULONG PortMidi::pins_open(ULONG pin_id) {
    ControlGuard guard(lock_);
    return pin_counts_[pin_id];
}

void PortMidi::link_pin(Pin& pin) {
    ControlGuard guard(lock_);
    SpinLockGuard spin(pins_lock_);
    InsertTailList(&pins_, &pin.port_link);
}

void PortMidi::unlink_pin(Pin& pin) {
    ControlGuard guard(lock_);
    SpinLockGuard spin(pins_lock_);
    RemoveEntryList(&pin.port_link);
}

void PortMidi::service() {
    if (IMiniportMidi* miniport = miniport_) {
        trace::Call call(MPULAB_CALLBACK_Service);
        miniport->Service();
        call.leave();
    }
}

} // namespace portcls

/** One reference. STATUS_NOT_SUPPORTED: a class that is not there, named in the log. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewPort(PPORT* out, REFCLSID id) {
    if (!portcls::at_passive("V01 PcNewPort above PASSIVE_LEVEL") || !out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    if (!IsEqualGUIDAligned(id, CLSID_PortMidi) && !IsEqualGUIDAligned(id, CLSID_PortDMus)) {
        DbgPrint("portcls.sys: PcNewPort: port class {%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X} is not there; "
                 "PortMidi and PortDMus are\n",
                 id.Data1, id.Data2, id.Data3, id.Data4[0], id.Data4[1], id.Data4[2], id.Data4[3], id.Data4[4],
                 id.Data4[5], id.Data4[6], id.Data4[7]);
        return STATUS_NOT_SUPPORTED;
    }
    *out = new (kObjectTag) portcls::PortMidi(id);
    return *out ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
