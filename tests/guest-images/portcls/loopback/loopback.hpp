// SPDX-License-Identifier: MIT
// loopback.sys: a virtual MIDI port driver without hardware, as the public ones are built. Applications ask its control
// device for ports; what a client writes to a port's render pin comes back on its capture pin.
#pragma once

#include "midi_pins.hpp"

// mingw-w64's portcls.h lacks it.
extern "C" NTSTATUS NTAPI PcGetPhysicalDeviceObject(PDEVICE_OBJECT device, PDEVICE_OBJECT* pdo);

namespace loopback {

inline constexpr ULONG kMostPorts = 8;
inline constexpr ULONG kPoolTag = 'poLM';

// IOCTLs of \\.\MpulabLoopback; a port's number is 0..99.
inline constexpr ULONG kAddPort = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_WRITE_ACCESS);
inline constexpr ULONG kRemovePort = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_WRITE_ACCESS);
inline constexpr ULONG kListPorts = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_OUT_DIRECT, FILE_READ_ACCESS);
/// Ends at the next change, with the number of ports there are then.
inline constexpr ULONG kWaitForChange = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_READ_ACCESS);
/// Information: the sum of the input's and of the buffer's bytes.
inline constexpr ULONG kSum = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_IN_DIRECT, FILE_READ_ACCESS);
/// The input backwards.
inline constexpr ULONG kReverse = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x805, METHOD_NEITHER, FILE_ANY_ACCESS);

// ports.cpp. PASSIVE_LEVEL.

void init_ports();
/// The adapter that ports are made on; nullptr: they are all taken away.
void set_adapter(PDEVICE_OBJECT adapter);
/// Inside StartDevice `irp` and `resources` are its own; else nullptr. STATUS_DEVICE_NOT_CONNECTED: no adapter is
/// started. STATUS_OBJECT_NAME_COLLISION, STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS add_port(ULONG number, PIRP irp, PRESOURCELIST resources);
/// STATUS_NOT_FOUND. Handles on the port live on and lead nowhere.
NTSTATUS remove_port(ULONG number);
/// Numbers of the ports that are there, in `numbers`; how many.
ULONG list_ports(ULONG (&numbers)[kMostPorts]);

// port.cpp

/// A miniport that gives back what it is given, with one reference.
PUNKNOWN new_loopback_miniport(ULONG number);

// control.cpp

NTSTATUS create_control_device(PDRIVER_OBJECT driver);
void delete_control_device();
bool is_control_device(PDEVICE_OBJECT device);
/// CREATE, CLEANUP, CLOSE and DEVICE_CONTROL of the control device; anything else is refused.
NTSTATUS dispatch_control(PIRP irp);
/// Requests that wait for it end.
void tell_change();

} // namespace loopback
