// SPDX-License-Identifier: MIT
// The pins of dmus.sys; ../dmus_test.py knows the same numbers.
#pragma once

#include "module/ddk.hpp"

#include <dmusicks.h>

// dmusicks.h of the WDK has these, mingw-w64's has not.
inline constexpr USHORT DMUS_KEF_EVENT_INCOMPLETE = 1;
inline constexpr USHORT DMUS_KEF_PACKAGE_EVENT = 2;
DEFINE_GUID(IID_IMXF, 0xc096df9e, 0xfb09, 0x11d1, 0x81, 0xb0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xc1);

enum DMusPin : ULONG {
    kPlayPin = 0,      // renders to the card
    kBridgeOutPin = 1, // cannot be opened
    kRawPin = 2,       // captures from the card, uncooked
    kBridgeInPin = 3,
    kPrintPin = 4,        // prints what it is given
    kKeepPin = 5,         // never gives an event back: V20
    kTwicePin = 6,        // gives each event back twice: V19
    kRefusePin = 7,       // PutMessage: STATUS_IO_DEVICE_ERROR
    kHoardPin = 8,        // gives events back after 30 ms
    kAheadPin = 9,        // as kPrintPin, with a SchedulePreFetch of 20 ms
    kCookedPin = 10,      // captures messages with time stamps of its own, in every shape
    kWrongPin = 11,       // captures, and does what a driver must not do
    kUnconnectedPin = 12, // ConnectOutput fails
    kPinCount
};

PPCFILTER_DESCRIPTOR dmus_descriptor();
