// SPDX-License-Identifier: MIT
#include "port_midi.hpp"

#include "pin.hpp"
#include "service_group.hpp"

#include <initializer_list>

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

} // namespace

PortMidi::PortMidi(REFCLSID port_class) : PortObject(port_class) {
    KeInitializeDpc(&notify_dpc_, notify_all, this);
}

bool PortMidi::query_more(REFIID iid, PVOID* out) {
    if (!IsEqualGUIDAligned(iid, IID_IPortDMus)) return PortObject::query_more(iid, out);
    *out = static_cast<IPortMidi*>(this);
    return true;
}

/** Which of the two a miniport that has both is taken by, the documentation does not say. */
NTSTATUS PortMidi::bind(PUNKNOWN miniport) {
    auto midi = query<IMiniportMidi>(miniport, IID_IMiniportMidi);
    auto dmus = query<IMiniportDMus>(miniport, IID_IMiniportDMus);
    if (midi && dmus) {
        if (trace::choose(NANONT_CHOICE_MINIPORT_QUERY) == 1)
            midi.reset();
        else
            dmus.reset();
    }
    if (midi) miniport_ = midi_ = midi.detach();
    if (dmus) miniport_ = dmus_ = dmus.detach();
    if (miniport_) return STATUS_SUCCESS;
    DbgPrint("portcls.sys: IPort::Init: the miniport answers neither IID_IMiniportMidi nor IID_IMiniportDMus\n");
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS PortMidi::start(PUNKNOWN adapter, PRESOURCELIST resources) {
    sink_ = new (kObjectTag) PortSink(*this);
    if (!sink_) return STATUS_INSUFFICIENT_RESOURCES;
    PSERVICEGROUP made = unwritten<IServiceGroup>();
    in_init_ = true;
    trace::Call call(MPULAB_CALLBACK_Init);
    // IPortDMus is IPortMidi under another name, but for RegisterServiceGroup's result, which it lacks and nobody
    // reads.
    auto* as_dmus = reinterpret_cast<PPORTDMUS>(static_cast<IPortMidi*>(this));
    NTSTATUS status = midi_ ? call.run(*midi_, &IMiniportMidi::Init, adapter, resources, this, &made)
                            : call.run(*dmus_, &IMiniportDMus::Init, adapter, resources, as_dmus, &made);
    in_init_ = false;
    if (!NT_SUCCESS(status)) return status;
    if (!trace::expect(22, made != unwritten<IServiceGroup>(), 0, 1,
                       "V22 Init succeeded and did not write *ServiceGroup"))
        return STATUS_SUCCESS;
    if (!made) return STATUS_SUCCESS;
    if (!group_)
        status = RegisterServiceGroup(made);
    else if (group_ != made)
        DbgPrint("portcls.sys: Init returned another service group than it had registered; the registered one is "
                 "used\n");
    made->Release(); // the reference that came with the output parameter
    return status;
}

void PortMidi::stop_calls() {
    leaving_ = group_;
    group_ = nullptr;
    if (leaving_ && sink_) leaving_->RemoveMember(sink_);
    KeFlushQueuedDpcs();
    midi_ = nullptr;
    dmus_ = nullptr;
}

void PortMidi::unbound() {
    if (leaving_) leaving_->Release();
    leaving_ = nullptr;
    if (sink_) sink_->Release();
    sink_ = nullptr;
}

NTSTATUS PortMidi::new_stream(const StreamRequest& request, Stream*& out) {
    if (midi_) return new_midi_stream(*midi_, group_, request, out);
    if (!IsEqualGUIDAligned(request.format.MajorFormat, KSDATAFORMAT_TYPE_MUSIC)) {
        DbgPrint("portcls.sys: pin %u is no music pin: wave sinks (DMUS_STREAM_WAVE_SINK) are not supported\n",
                 request.pin_id);
        return STATUS_NOT_SUPPORTED;
    }
    return new_dmus_stream(*dmus_, request, out);
}

/** Up to DIRQL. NULL: Init's group and every stream's. */
STDMETHODIMP_(void) PortMidi::Notify(PSERVICEGROUP group) {
    if (group) {
        if (!trace::expect(15, is_service_group(group), reinterpret_cast<ULONG_PTR>(group), 0,
                           "V15 Notify with a freed or foreign service group"))
            return;
        notify_group(group);
        return;
    }
    notified_all_.count();
    trace::expect(17, !in_init_ || group_, 0, 1, "V17 Notify(NULL) before RegisterServiceGroup");
    KeInsertQueueDpc(&notify_dpc_, nullptr, nullptr);
}

VOID NTAPI PortMidi::notify_all(PKDPC, PVOID context, PVOID, PVOID) {
    auto& port = *static_cast<PortMidi*>(context);
    if (PSERVICEGROUP group = port.group_) group->RequestService();
    SpinLockGuard guard(port.pins_lock_);
    for (LIST_ENTRY* at = port.pins_.Flink; at != &port.pins_; at = at->Flink)
        if (PSERVICEGROUP group = CONTAINING_RECORD(at, Pin, port_link)->group()) group->RequestService();
}

/** Early inside Init, so that interrupts find it. PASSIVE_LEVEL. */
STDMETHODIMP_(NTSTATUS) PortMidi::RegisterServiceGroup(PSERVICEGROUP group) {
    if (!at_passive("V01 RegisterServiceGroup above PASSIVE_LEVEL") || !group || !sink_)
        return STATUS_INVALID_PARAMETER;
    if (group_) return group_ == group ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_STATE;
    NTSTATUS status = group->AddMember(sink_);
    if (!NT_SUCCESS(status)) return status;
    group->AddRef();
    group_ = group;
    return STATUS_SUCCESS;
}

/** IMiniportDMus::Service is unused, says its documentation: streams get PutMessage(NULL) instead. */
void PortMidi::service() {
    if (IMiniportMidi* miniport = midi_) {
        trace::Call call(MPULAB_CALLBACK_Service);
        call.begin(*miniport, &IMiniportMidi::Service);
        call.leave();
    }
}

} // namespace portcls
