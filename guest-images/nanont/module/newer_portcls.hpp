// SPDX-License-Identifier: MIT
// What the WDK's portcls.h has and mingw-w64's copy lacks (reference portcls-midi.md §A; Microsoft Learn: portcls.h).
// <initguid.h> comes before it where the ids are to be defined.
#pragma once

#include "ddk.hpp"

DEFINE_GUID(IID_IMusicTechnology, 0x80396c3c, 0xcbcb, 0x409b, 0x9f, 0x65, 0x4f, 0x1e, 0x74, 0x67, 0xcd, 0xaf);
DEFINE_GUID(IID_IPinName, 0x29cc9ab1, 0xe89d, 0x413c, 0xb6, 0xb2, 0xf6, 0xd5, 0x00, 0x05, 0xd0, 0x63);

DEFINE_GUID(IID_IAdapterPowerManagement2, 0xe0f92e5d, 0x67f5, 0x48ee, 0xb5, 0x7a, 0x7d, 0x1e, 0x90, 0xc5, 0xf4, 0x3d);
DEFINE_GUID(IID_IAdapterPowerManagement3, 0xa8c7303e, 0xf80c, 0x4bc9, 0xb2, 0xe3, 0xfb, 0x2d, 0x08, 0xbe, 0x92, 0x0f);
DEFINE_GUID(IID_IAdapterPnpManagement, 0x706f2368, 0x4086, 0x47f5, 0xb9, 0x13, 0x57, 0xb7, 0x6e, 0xed, 0x1a, 0x32);
DEFINE_GUID(IID_IMiniportPnpNotify, 0x6b735365, 0x9487, 0x464c, 0x93, 0xe3, 0xfa, 0x2c, 0x63, 0x91, 0xd5, 0xa4);

/** portcls.h of the WDK. Each version has the slots of the one before it. */
struct IAdapterPowerManagement2 : public IAdapterPowerManagement {
    STDMETHOD_(void, PowerChangeState2)(DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system) PURE;
};

enum PC_EXIT_LATENCY { PcExitLatencyInstant, PcExitLatencyFast, PcExitLatencyResponsive }; // 0, 10, 200 ms

struct IAdapterPowerManagement3 : public IAdapterPowerManagement2 {
    STDMETHOD_(void, PowerChangeState3)
    (DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system, PC_EXIT_LATENCY latency) PURE;
    STDMETHOD_(NTSTATUS, D3ExitLatencyChanged)(PC_EXIT_LATENCY latency) PURE;
};

enum PC_REBALANCE_TYPE { PcRebalanceNotSupported, PcRebalanceRemoveSubdevices };

/** An adapter that takes part in a rebalance ("Implement PnP Rebalance for PortCls Audio Drivers"). PASSIVE_LEVEL. */
struct IAdapterPnpManagement : public IUnknown {
    STDMETHOD_(PC_REBALANCE_TYPE, GetSupportedRebalanceType)() PURE;
    STDMETHOD_(void, PnpQueryStop)() PURE;
    STDMETHOD_(void, PnpCancelStop)() PURE;
    STDMETHOD_(void, PnpStop)() PURE;
};

/** A topology miniport that hears of a stop (WaveRT's too, which nanont has not). PASSIVE_LEVEL. */
struct IMiniportPnpNotify : public IUnknown {
    STDMETHOD_(void, PnpStop)() PURE;
};

/** portcls.h of the WDK: a miniport that names its pins answers KSPROPERTY_PIN_NAME itself. */
struct IPinName : public IUnknown {
    STDMETHOD_(NTSTATUS, GetPinName)(PIRP irp, PKSP_PIN pin, PVOID data) PURE;
};

PORTCLASSAPI NTSTATUS NTAPI PcRegisterAdapterPnpManagement(PUNKNOWN unknown, PDEVICE_OBJECT device);
PORTCLASSAPI NTSTATUS NTAPI PcUnregisterAdapterPnpManagement(PDEVICE_OBJECT device);
