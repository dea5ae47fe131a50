// SPDX-License-Identifier: MIT
// Event tracing: what an administrator may want to see of a driver that is in service. Rare by design: nothing for a
// byte, nothing at DIRQL. ../README.md has the provider's GUID and each event's data.
#pragma once

#include "wdk.hpp"

namespace mpusynth {

enum class Event : USHORT {
    Reset = 1,     // a handshake ended: Answer, resets sent, last STATUS, ms waited
    Started,       // START_DEVICE: NTSTATUS
    Stopped,       // the card was let go of: 1 it was there, 0 it had gone
    StreamState,   // 1 capture, 0 render; KSSTATE
    BytesDropped,  // 1 capture, 0 render; how many since RUN
    InterruptDead, // last STATUS, ms waited: input is polled from here on
};

enum class Severity : UCHAR { Error = 2, Warning = 3, Information = 4 }; // winmeta.h's levels

/// From DriverEntry to DriverUnload. A system that has no room for one more provider gets no events. PASSIVE_LEVEL.
void open_events();
void close_events();

/// Four ULONGs of data, those that the event does not have are 0. <= DISPATCH_LEVEL.
void write_event(Event event, Severity severity, ULONG first, ULONG second = 0, ULONG third = 0, ULONG fourth = 0);

} // namespace mpusynth
