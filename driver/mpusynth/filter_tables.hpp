// SPDX-License-Identifier: MIT
#pragma once

#include "wdk.hpp"

namespace mpusynth {

/// Indices in the descriptor's pin array; pin 1 and 3 stand for the MIDI cables.
enum PinId : ULONG { kPinRender = 0, kPinBridgeOut = 1, kPinCapture = 2, kPinBridgeIn = 3 };

/// The filter as KS clients see it. Constant, resident, valid as long as the image is loaded.
extern const PCFILTER_DESCRIPTOR kFilterDescriptor;

} // namespace mpusynth
