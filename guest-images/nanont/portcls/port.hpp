// SPDX-License-Identifier: MIT
// What every port class shares: the miniport and its description, the filters and pins that are open, removal, power
// (reference portcls-midi.md §1, §2.10). PortObject makes a COM object of it; port_midi.hpp and port_topology.cpp add
// what their miniports want.
//
// Who holds whom: the miniport usually references its port, so the port's reference on the miniport is given back when
// the port has no *users* left: not registered with an adapter any more, and no filter handle open. That may be long
// after the device is gone (§1.5).
#pragma once

#include "interfaces.hpp"

#include "module/locks.hpp"

namespace portcls {

class Pin;
class Stream;
struct StreamRequest;

class Port {
  public:
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    // for filters and pins; PASSIVE_LEVEL
    const Description& filter_description() const { return description_; }
    IMiniport* miniport() const { return miniport_; }
    /** nullptr: the miniport has no say in how many instances there are. */
    IPinCount* pin_counter() const { return pin_count_; }
    IPinName* pin_names() const { return pin_name_; }
    EventList& events() { return events_; }
    PDEVICE_OBJECT device() const { return device_; }
    bool is_removed() const { return removed_; }
    bool is_powered() const { return powered_; }
    /** The COM object's own references. */
    virtual void hold() = 0;
    virtual void let_go() = 0;
    virtual ISubdevice* subdevice() = 0;
    /** Calls the miniport's NewStream. STATUS_INVALID_DEVICE_REQUEST: filters of this class have no streams. */
    virtual NTSTATUS new_stream(const StreamRequest&, Stream*&) { return STATUS_INVALID_DEVICE_REQUEST; }

    void filter_closed();
    /** STATUS_DEVICE_NOT_CONNECTED: the port is removed. pin_limit_status(): `limit` instances are open already. */
    NTSTATUS count_pin(ULONG pin_id, ULONG limit);
    void uncount_pin(ULONG pin_id);
    ULONG pins_open(ULONG pin_id);
    void link_pin(Pin& pin);
    void unlink_pin(Pin& pin);

  protected:
    explicit Port(REFCLSID port_class);
    virtual ~Port();

    /** Asks `miniport` for the interface this class works with; its pointer (one reference) into miniport_. */
    virtual NTSTATUS bind(PUNKNOWN miniport) = 0;
    /** Calls the miniport's Init. */
    virtual NTSTATUS start(PUNKNOWN adapter, PRESOURCELIST resources) = 0;
    /** The miniport is about to be released: nothing of ours may call it any more on return. */
    virtual void stop_calls() {}
    virtual void unbound() {}

    // what PortObject's methods do
    NTSTATUS initialize(PDEVICE_OBJECT device, PUNKNOWN miniport, PUNKNOWN adapter, PRESOURCELIST resources);
    NTSTATUS open_filter(PIRP irp);
    void remove_surprisingly();
    void remove();
    void change_power(POWER_STATE state, bool going_down);
    bool any_pins();
    void release_children();
    static NTSTATUS unregister_subdevice_of(PDEVICE_OBJECT device, PUNKNOWN unknown);
    static NTSTATUS unregister_connection_of(PDEVICE_OBJECT device, PUNKNOWN from, PUNICODE_STRING from_string,
                                             ULONG from_pin, PUNKNOWN to, PUNICODE_STRING to_string, ULONG to_pin);

    const GUID port_class_;
    PDEVICE_OBJECT device_ = nullptr;
    IMiniport* miniport_ = nullptr;
    Description description_;
    ControlLock lock_;     // the counts and the list, and who releases the children
    KSPIN_LOCK pins_lock_; // the list too, for DPCs
    LIST_ENTRY pins_;
    EventList events_;
    bool initialized_ = false;

  private:
    NTSTATUS read_description();
    void release_if_unused();

    IPowerNotify* power_notify_ = nullptr;
    IPinCount* pin_count_ = nullptr;
    IPinName* pin_name_ = nullptr;
    ULONG* pin_counts_ = nullptr;
    ULONG filters_ = 0;
    bool removed_ = false; // no hardware: nothing new is opened
    bool powered_ = true;  // the device is in D0
    bool let_go_ = false;  // the adapter, or the driver by UnregisterSubdevice, does not hold it any more
};

template <class Interface>
using PortBase =
    ComObject<Interface, IUnregisterSubdevice, IUnregisterPhysicalConnection, IPortClsVersion, IPortEvents, ISubdevice>;

/** The COM object of a port whose interface is `Interface`. */
template <class Interface> class PortObject : public PortBase<Interface>, public Port {
  public:
    // IPort
    STDMETHODIMP_(NTSTATUS)
    Init(PDEVICE_OBJECT device, PIRP, PUNKNOWN miniport, PUNKNOWN adapter, PRESOURCELIST resources) override {
        return initialize(device, miniport, adapter, resources);
    }
    STDMETHODIMP_(NTSTATUS)
    GetDeviceProperty(DEVICE_REGISTRY_PROPERTY property, ULONG length, PVOID buffer, PULONG result) override {
        if (!at_passive("V01 IPort::GetDeviceProperty above PASSIVE_LEVEL")) return STATUS_INVALID_DEVICE_REQUEST;
        return device_ ? PcGetDeviceProperty(device_, property, length, buffer, result) : STATUS_INVALID_DEVICE_STATE;
    }
    STDMETHODIMP_(NTSTATUS)
    NewRegistryKey(PREGISTRYKEY* out, PUNKNOWN outer, ULONG type, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                   ULONG options, PULONG disposition) override {
        if (!at_passive("V01 IPort::NewRegistryKey above PASSIVE_LEVEL")) return STATUS_INVALID_DEVICE_REQUEST;
        return PcNewRegistryKey(out, outer, type, access, device_, static_cast<ISubdevice*>(this), attributes, options,
                                disposition);
    }
    // IUnregisterSubdevice, IUnregisterPhysicalConnection
    STDMETHODIMP_(NTSTATUS) UnregisterSubdevice(PDEVICE_OBJECT device, PUNKNOWN unknown) override {
        return unregister_subdevice_of(device, unknown);
    }
    STDMETHODIMP_(NTSTATUS)
    UnregisterPhysicalConnection(PDEVICE_OBJECT device, PUNKNOWN from, ULONG from_pin, PUNKNOWN to,
                                 ULONG to_pin) override {
        return unregister_connection_of(device, from, nullptr, from_pin, to, nullptr, to_pin);
    }
    STDMETHODIMP_(NTSTATUS)
    UnregisterPhysicalConnectionToExternal(PDEVICE_OBJECT device, PUNKNOWN from, ULONG from_pin, PUNICODE_STRING to,
                                           ULONG to_pin) override {
        return unregister_connection_of(device, from, nullptr, from_pin, nullptr, to, to_pin);
    }
    STDMETHODIMP_(NTSTATUS)
    UnregisterPhysicalConnectionFromExternal(PDEVICE_OBJECT device, PUNICODE_STRING from, ULONG from_pin, PUNKNOWN to,
                                             ULONG to_pin) override {
        return unregister_connection_of(device, nullptr, from, from_pin, to, nullptr, to_pin);
    }
    // IPortClsVersion
    STDMETHODIMP_(DWORD) GetVersion() override { return kVersionWinServer2003_UAAQFE; } // the newest that has a name
    // IPortEvents
    STDMETHODIMP_(void) AddEventToEventList(PKSEVENT_ENTRY entry) override {
        at_passive("V01 AddEventToEventList above PASSIVE_LEVEL");
        events_.add(entry);
    }
    STDMETHODIMP_(void)
    GenerateEventList(GUID* set, ULONG id, BOOL of_pin, ULONG pin, BOOL of_node, ULONG node) override {
        events_.generate(set, id, of_pin, pin, of_node, node);
    }
    // ISubdevice
    bool is_initialized() override { return initialized_; }
    void categories(const GUID*& list, ULONG& count) override {
        list = description_.topology().Categories;
        count = description_.topology().CategoriesCount;
    }
    NTSTATUS create_filter(PDEVICE_OBJECT, PIRP irp) override { return open_filter(irp); }
    void surprise_removed() override { remove_surprisingly(); }
    void device_removed() override { remove(); }
    void power_changed(POWER_STATE state, bool going_down) override { change_power(state, going_down); }
    void pnp_stop() override {}
    bool has_pins() override { return any_pins(); }
    const GUID& port_class() const override { return port_class_; }
    const Description& description() const override { return description_; }
    // Port
    void hold() override { this->AddRef(); }
    void let_go() override { this->Release(); }
    ISubdevice* subdevice() override { return this; }

  protected:
    explicit PortObject(REFCLSID port_class) : Port(port_class) {}
    bool query_more(REFIID iid, PVOID* out) override {
        if (!IsEqualGUIDAligned(iid, IID_IPort)) return false;
        *out = static_cast<IPort*>(static_cast<Interface*>(this));
        return true;
    }
};

} // namespace portcls
