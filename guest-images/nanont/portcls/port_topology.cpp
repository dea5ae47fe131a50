// SPDX-License-Identifier: MIT
// The port object of CLSID_PortTopology, for IMiniportTopology: a filter without streams, whose nodes, pins and
// properties are those of the miniport's description (Microsoft Learn: IPortTopology, IMiniportTopology).
#include "new_port.hpp"
#include "port.hpp"

#include <mpulab_codes.h>

namespace portcls {
namespace {

class PortTopology final : public PortObject<IPortTopology> {
  public:
    explicit PortTopology(REFCLSID port_class) : PortObject(port_class) {}

  protected:
    NTSTATUS bind(PUNKNOWN miniport) override {
        miniport_ = topology_ = query<IMiniportTopology>(miniport, IID_IMiniportTopology).detach();
        if (miniport_) return STATUS_SUCCESS;
        DbgPrint("portcls.sys: IPort::Init: the miniport does not answer IID_IMiniportTopology\n");
        return STATUS_NOT_SUPPORTED;
    }
    NTSTATUS start(PUNKNOWN adapter, PRESOURCELIST resources) override {
        trace::Call call(MPULAB_CALLBACK_Init);
        return call.run(*topology_, &IMiniportTopology::Init, adapter, resources, this);
    }
    void stop_calls() override { topology_ = nullptr; }

    void pnp_stop() override {
        if (!topology_) return;
        auto notify = query<IMiniportPnpNotify>(topology_, IID_IMiniportPnpNotify);
        if (!notify) return;
        trace::Call call(MPULAB_CALLBACK_PnpNotify, MPULAB_PNP_STOP);
        call.begin(*notify.get(), &IMiniportPnpNotify::PnpStop);
        call.leave();
    }

  private:
    ~PortTopology() override { release_children(); }

    IMiniportTopology* topology_ = nullptr; // miniport_ holds the reference
};

} // namespace

PPORT new_topology_port(REFCLSID port_class) {
    return new (kObjectTag) PortTopology(port_class);
}

} // namespace portcls
