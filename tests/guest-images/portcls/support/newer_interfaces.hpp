// SPDX-License-Identifier: MIT
// Interfaces of the WDK's portcls.h that mingw-w64's copy lacks, as a driver declares them (reference portcls-midi.md
// §A; Microsoft Learn: portcls.h). <initguid.h> comes before it where the ids are to be defined.
#pragma once

#include "module/ddk.hpp"

DEFINE_GUID(IID_IAdapterPowerManagement2, 0xe0f92e5d, 0x67f5, 0x48ee, 0xb5, 0x7a, 0x7d, 0x1e, 0x90, 0xc5, 0xf4, 0x3d);
DEFINE_GUID(IID_IAdapterPowerManagement3, 0xa8c7303e, 0xf80c, 0x4bc9, 0xb2, 0xe3, 0xfb, 0x2d, 0x08, 0xbe, 0x92, 0x0f);
DEFINE_GUID(IID_IAdapterPnpManagement, 0x706f2368, 0x4086, 0x47f5, 0xb9, 0x13, 0x57, 0xb7, 0x6e, 0xed, 0x1a, 0x32);
DEFINE_GUID(IID_IMiniportPnpNotify, 0x6b735365, 0x9487, 0x464c, 0x93, 0xe3, 0xfa, 0x2c, 0x63, 0x91, 0xd5, 0xa4);

enum PC_EXIT_LATENCY { PcExitLatencyInstant, PcExitLatencyFast, PcExitLatencyResponsive };
enum PC_REBALANCE_TYPE { PcRebalanceNotSupported, PcRebalanceRemoveSubdevices };

struct IAdapterPowerManagement3 : public IAdapterPowerManagement {
    STDMETHOD_(void, PowerChangeState2)(DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system) PURE;
    STDMETHOD_(void, PowerChangeState3)
    (DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system, PC_EXIT_LATENCY latency) PURE;
    STDMETHOD_(NTSTATUS, D3ExitLatencyChanged)(PC_EXIT_LATENCY latency) PURE;
};

struct IAdapterPnpManagement : public IUnknown {
    STDMETHOD_(PC_REBALANCE_TYPE, GetSupportedRebalanceType)() PURE;
    STDMETHOD_(void, PnpQueryStop)() PURE;
    STDMETHOD_(void, PnpCancelStop)() PURE;
    STDMETHOD_(void, PnpStop)() PURE;
};

struct IMiniportPnpNotify : public IUnknown {
    STDMETHOD_(void, PnpStop)() PURE;
};

extern "C" NTSTATUS NTAPI PcRegisterAdapterPnpManagement(PUNKNOWN unknown, PDEVICE_OBJECT device);
extern "C" NTSTATUS NTAPI PcUnregisterAdapterPnpManagement(PDEVICE_OBJECT device);
