// SPDX-License-Identifier: MIT
// One adapter: the FDO that PcAddAdapterDevice makes, what is registered on it, and the driver's StartDevice.
// The device extension begins with the KS device header (KsDispatchIrp wants it there) and a pointer to the adapter;
// slots 4..7 and all behind PORT_CLASS_DEVICE_EXTENSION_SIZE are the driver's (reference portcls-midi.md §1.1).
#pragma once

#include "interfaces.hpp"

#include "module/locks.hpp"

namespace portcls {

inline constexpr ULONG kAdapterMagic = 'daMP';
inline constexpr ULONG kMaxCategories = 16;

struct Adapter;

/** A registered filter: its name, its port, its device interfaces. */
struct Subdevice {
    LIST_ENTRY link;
    Adapter* adapter;
    UNICODE_STRING name; // our copy, zero-terminated
    PVOID given_name;    // the driver's string, which lives as long as the device object (V60); NULL: told already
    ISubdevice* port;    // one reference
    ULONG number;        // in the event log
    UNICODE_STRING links[kMaxCategories];
    GUID categories[kMaxCategories]; // of each link
    ULONG link_count;
};

/** One end of a physical connection: a pin of a subdevice of this adapter, or of another one's, by its link. */
struct ConnectionEnd {
    PUNKNOWN port; // NULL: `external`
    PUNICODE_STRING external;
    ULONG pin;
};

/** PcRegisterPhysicalConnection and its two variants (connection.cpp). */
struct PhysicalConnection {
    struct End {
        ISubdevice* port;        // not referenced: taken away with the subdevice; NULL: `external`
        UNICODE_STRING external; // our copy
        ULONG pin;
    };
    LIST_ENTRY link;
    End from, to;
};

/** A port that IPort::Init tied to this adapter; it is told when the device goes (also when it was never registered).
 */
struct KnownPort {
    LIST_ENTRY link;
    ISubdevice* port; // one reference
};

struct Adapter {
    ULONG magic;
    PDEVICE_OBJECT fdo, pdo, lower;
    PCPFNSTARTDEVICE start;
    ULONG max_objects;
    ULONG object_count;
    ControlLock lock; // the lists below
    LIST_ENTRY subdevices;
    LIST_ENTRY connections;
    LIST_ENTRY ports;
    bool started, gone;              // gone: surprise removal or removal has begun
    bool remove_pending;             // a removal was granted, and may yet be cancelled: nobody opens anything
    IAdapterPowerManagement* power;  // one reference; to call it: HeldPower
    ULONG power_version;             // 1..3: which IAdapterPowerManagement it is
    ControlLock power_lock;          // both
    IAdapterPnpManagement* pnp;      // one reference
    DEVICE_POWER_STATE d_state;      // as the last SET_POWER left it; D0 from START_DEVICE on
    SYSTEM_POWER_STATE system_state; // as the last SET_POWER left it
    PC_EXIT_LATENCY exit_latency;    // what the adapter was told of leaving D3
    LIST_ENTRY timeouts;             // io_timeout.cpp
    KTIMER timeout_timer;
    KDPC timeout_dpc;
    KSPIN_LOCK timeout_lock;
};

struct Extension {
    KSDEVICE_HEADER header;
    Adapter* adapter;
    PVOID ours[2];
    PVOID drivers[4];
};
static_assert(FIELD_OFFSET(Extension, drivers) == 4 * sizeof(PVOID));

inline Extension& extension_of(PDEVICE_OBJECT device) {
    return *static_cast<Extension*>(device->DeviceExtension);
}

/** V69: what PortCls keeps for itself of a device extension and does not use is 0, and must stay so. */
void check_extension(PDEVICE_OBJECT fdo);

/** NULL: not a device of ours, or removed. */
Adapter* adapter_of(PDEVICE_OBJECT device);

/** Remembers a port from its IPort::Init on. */
NTSTATUS know_port(Adapter& adapter, ISubdevice* port);

/** Takes everything registered away: interfaces, create items, connections; tells each port. PASSIVE_LEVEL. */
void release_subdevices(Adapter& adapter);

/** The registry key of the device interface that `port` was registered with. STATUS_INVALID_DEVICE_STATE: it is not
 * registered. PASSIVE_LEVEL. */
NTSTATUS open_interface_key(Adapter& adapter, ISubdevice* port, ACCESS_MASK access, PHANDLE key);

/** Switches all device interfaces off (surprise removal, stop). */
void disable_interfaces(Adapter& adapter);

/** Forgets one port's subdevice and its connections; STATUS_NOT_FOUND: it was not registered. */
NTSTATUS unregister_subdevice(Adapter& adapter, ISubdevice* port);

/** NULL: the port is not registered. adapter.lock is held. */
Subdevice* find_subdevice(Adapter& adapter, ISubdevice* port);

/** Forgets the connections of one port; how many there were. adapter.lock is held. */
ULONG drop_connections(Adapter& adapter, ISubdevice* port);

/** STATUS_NOT_FOUND: there is none between these ends. */
NTSTATUS unregister_connection(Adapter& adapter, const ConnectionEnd& from, const ConnectionEnd& to);

/** Where a pin of `port` is wired to: KSPIN_PHYSICALCONNECTION for KSPROPERTY_PIN_PHYSICALCONNECTION. */
NTSTATUS answer_physical_connection(Adapter& adapter, ISubdevice* port, ULONG pin, PIRP irp, PVOID data);

void initialize_timeouts(Adapter& adapter);
void stop_timeouts(Adapter& adapter);

NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information = 0);
NTSTATUS dispatch_pnp(Adapter& adapter, PIRP irp);
NTSTATUS dispatch_power(Adapter& adapter, PIRP irp);
/** Lets go of the driver's power management, if there is one. PASSIVE_LEVEL. */
void release_power_management(Adapter& adapter);
/** The device is to be used: brings it to D0 and waits (reference portcls-midi.md §1.4). STATUS_DEVICE_NOT_READY: the
 * system sleeps. PASSIVE_LEVEL. */
NTSTATUS bring_to_d0(Adapter& adapter);

} // namespace portcls
