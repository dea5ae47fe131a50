// SPDX-License-Identifier: MIT
// The one file in which the GUIDs of portcls.h are defined, and which interface has which.
#include <initguid.h>

#include "dmus.hpp"
#include "interfaces.hpp"

namespace portcls {

template <> const IID& iid_of<IUnknown>() {
    return IID_IUnknown;
}
template <> const IID& iid_of<IResourceList>() {
    return IID_IResourceList;
}
template <> const IID& iid_of<IServiceSink>() {
    return IID_IServiceSink;
}
template <> const IID& iid_of<IServiceGroup>() {
    return IID_IServiceGroup;
}
template <> const IID& iid_of<IInterruptSync>() {
    return IID_IInterruptSync;
}
template <> const IID& iid_of<IPortMidi>() {
    return IID_IPortMidi;
}
template <> const IID& iid_of<IPortTopology>() {
    return IID_IPortTopology;
}
template <> const IID& iid_of<IPortClsVersion>() {
    return IID_IPortClsVersion;
}
template <> const IID& iid_of<IMiniportMidi>() {
    return IID_IMiniportMidi;
}
template <> const IID& iid_of<IMiniportMidiStream>() {
    return IID_IMiniportMidiStream;
}
template <> const IID& iid_of<IMiniportDMus>() {
    return IID_IMiniportDMus;
}
template <> const IID& iid_of<IMusicTechnology>() {
    return IID_IMusicTechnology;
}
template <> const IID& iid_of<IPowerNotify>() {
    return IID_IPowerNotify;
}
template <> const IID& iid_of<IAdapterPnpManagement>() {
    return IID_IAdapterPnpManagement;
}
template <> const IID& iid_of<IMiniportPnpNotify>() {
    return IID_IMiniportPnpNotify;
}
template <> const IID& iid_of<IRegistryKey>() {
    return IID_IRegistryKey;
}
template <> const IID& iid_of<IMXF>() {
    return IID_IMXF;
}
template <> const IID& iid_of<IAllocatorMXF>() {
    static constexpr GUID kId = {STATIC_IID_IAllocatorMXF}; // mingw's header declares the name and defines nothing
    return kId;
}
template <> const IID& iid_of<IMasterClock>() { // its id is in no public header: it is handed over, never asked for
    return IID_IUnknown;
}
template <> const IID& iid_of<IUnregisterSubdevice>() {
    return IID_IUnregisterSubdevice;
}
template <> const IID& iid_of<IUnregisterPhysicalConnection>() {
    return IID_IUnregisterPhysicalConnection;
}
template <> const IID& iid_of<IPortEvents>() {
    return IID_IPortEvents;
}
template <> const IID& iid_of<ISubdevice>() {
    return IID_ISubdevice;
}

} // namespace portcls
