// SPDX-License-Identifier: MIT
// PortMidi: the port object of CLSID_PortMidi and CLSID_PortDMus, for IMiniportMidi miniports (reference
// portcls-midi.md §2, above all §2.10).
//
// Who holds whom: the miniport usually references its port, so the port's reference on the miniport is given back when
// the port has no *users* left: not registered with an adapter any more, and no filter handle open. That may be long
// after the device is gone (§1.5).
#pragma once

#include "description.hpp"
#include "interfaces.hpp"

#include "module/locks.hpp"

namespace portcls {

class Pin;
class Filter;

using PortMidiBase = ComObject<IPortMidi, IUnregisterSubdevice, IUnregisterPhysicalConnection, ISubdevice>;

class PortMidi final : public PortMidiBase {
  public:
    explicit PortMidi(REFCLSID port_class);

    // IPort
    STDMETHODIMP_(NTSTATUS) Init(PDEVICE_OBJECT, PIRP, PUNKNOWN, PUNKNOWN, PRESOURCELIST) override;
    STDMETHODIMP_(NTSTATUS) GetDeviceProperty(DEVICE_REGISTRY_PROPERTY, ULONG, PVOID, PULONG) override;
    STDMETHODIMP_(NTSTATUS)
    NewRegistryKey(PREGISTRYKEY*, PUNKNOWN, ULONG, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, PULONG) override;
    // IPortMidi
    STDMETHODIMP_(void) Notify(PSERVICEGROUP) override;
    STDMETHODIMP_(NTSTATUS) RegisterServiceGroup(PSERVICEGROUP) override;
    // IUnregisterSubdevice, IUnregisterPhysicalConnection
    STDMETHODIMP_(NTSTATUS) UnregisterSubdevice(PDEVICE_OBJECT, PUNKNOWN) override;
    STDMETHODIMP_(NTSTATUS) UnregisterPhysicalConnection(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNKNOWN, ULONG) override;
    STDMETHODIMP_(NTSTATUS)
    UnregisterPhysicalConnectionToExternal(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNICODE_STRING, ULONG) override;
    STDMETHODIMP_(NTSTATUS)
    UnregisterPhysicalConnectionFromExternal(PDEVICE_OBJECT, PUNICODE_STRING, ULONG, PUNKNOWN, ULONG) override;
    // ISubdevice
    bool is_initialized() override { return initialized_; }
    void categories(const GUID*& list, ULONG& count) override;
    NTSTATUS create_filter(PDEVICE_OBJECT device, PIRP irp) override;
    void surprise_removed() override;
    void device_removed() override;
    void power_changed(POWER_STATE state, bool going_down) override;
    bool has_pins() override;
    const GUID& port_class() const override { return port_class_; }
    const Description& description() const override { return description_; }

    // for filters and pins; PASSIVE_LEVEL
    IMiniportMidi* miniport() const { return miniport_; }
    PDEVICE_OBJECT device() const { return device_; }
    bool is_removed() const { return removed_; }
    void filter_closed();
    /** STATUS_INSUFFICIENT_RESOURCES: the pin has all its global instances. */
    NTSTATUS count_pin(ULONG pin_id);
    void uncount_pin(ULONG pin_id);
    ULONG pins_open(ULONG pin_id);
    void link_pin(Pin& pin);
    void unlink_pin(Pin& pin);
    /** Calls IMiniportMidi::Service. DISPATCH_LEVEL. */
    void service();

  protected:
    bool query_more(REFIID iid, PVOID* out) override;

  private:
    ~PortMidi() override;
    NTSTATUS initialize_miniport(PUNKNOWN adapter, PRESOURCELIST resources);
    NTSTATUS read_description();
    void release_children();
    void release_if_unused();
    static VOID NTAPI notify_all(PKDPC, PVOID context, PVOID, PVOID);

    const GUID port_class_;
    PDEVICE_OBJECT device_ = nullptr;
    IMiniportMidi* miniport_ = nullptr;
    IPowerNotify* power_notify_ = nullptr;
    PSERVICEGROUP group_ = nullptr; // Init's; read at any IRQL
    IServiceSink* sink_ = nullptr;
    Description description_;
    KDPC notify_dpc_;      // Notify(NULL): every group, from DISPATCH_LEVEL
    ControlLock lock_;     // the counts and the list, and who releases the children
    KSPIN_LOCK pins_lock_; // the list too, for DPCs
    LIST_ENTRY pins_;
    ULONG* pin_counts_ = nullptr;
    ULONG filters_ = 0;
    bool initialized_ = false, in_init_ = false;
    bool removed_ = false; // no hardware: nothing new is opened
    bool let_go_ = false;  // the adapter, or the driver by UnregisterSubdevice, does not hold it any more
};

} // namespace portcls
