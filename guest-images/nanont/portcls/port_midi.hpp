// SPDX-License-Identifier: MIT
// The port object of CLSID_PortMidi and CLSID_PortDMus, one implementation as documented, for miniports with
// IMiniportMidi or IMiniportDMus (reference portcls-midi.md §2, above all §2.10).
#pragma once

#include "dmus.hpp"
#include "port.hpp"
#include "service_group.hpp"

namespace portcls {

class PortMidi final : public PortObject<IPortMidi> {
  public:
    explicit PortMidi(REFCLSID port_class);

    // IPortMidi and IPortDMus: the same slots (reference §2.1)
    STDMETHODIMP_(void) Notify(PSERVICEGROUP) override;
    STDMETHODIMP_(NTSTATUS) RegisterServiceGroup(PSERVICEGROUP) override;
    // Port
    NTSTATUS new_stream(const StreamRequest& request, Stream*& out) override;

    /** Calls IMiniportMidi::Service. DISPATCH_LEVEL. */
    void service();

  protected:
    bool query_more(REFIID iid, PVOID* out) override;
    NTSTATUS bind(PUNKNOWN miniport) override;
    NTSTATUS start(PUNKNOWN adapter, PRESOURCELIST resources) override;
    void stop_calls() override;
    void unbound() override;

  private:
    ~PortMidi() override { release_children(); }
    static VOID NTAPI notify_all(PKDPC, PVOID context, PVOID, PVOID);

    IMiniportMidi* midi_ = nullptr; // one of the two; miniport_ holds the reference
    IMiniportDMus* dmus_ = nullptr;
    PSERVICEGROUP group_ = nullptr; // Init's; read at any IRQL
    PSERVICEGROUP leaving_ = nullptr;
    IServiceSink* sink_ = nullptr;
    NotifyTally notified_all_; // Notify(NULL)
    KDPC notify_dpc_;          // Notify(NULL): every group, from DISPATCH_LEVEL
    bool in_init_ = false;
};

} // namespace portcls
