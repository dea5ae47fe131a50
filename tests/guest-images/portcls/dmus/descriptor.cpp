// SPDX-License-Identifier: MIT
// The filter descriptor of dmus.sys: data only.
#include "pins.hpp"

#include "../support/ranges.hpp"

namespace {

#define RENDER PIN(1, 1, midi_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK)
#define CAPTURE PIN(1, 1, midi_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK)

const PCPIN_DESCRIPTOR pins[kPinCount] = {
    RENDER,  PIN(0, 0, bus_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE),
    CAPTURE, PIN(0, 0, bus_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE),
    RENDER,  RENDER,
    RENDER,  RENDER,
    RENDER,  RENDER,
    CAPTURE, CAPTURE,
    CAPTURE,
};
const PCCONNECTION_DESCRIPTOR connections[] = {{PCFILTER_NODE, kPlayPin, PCFILTER_NODE, kBridgeOutPin},
                                               {PCFILTER_NODE, kBridgeInPin, PCFILTER_NODE, kRawPin}};
PCFILTER_DESCRIPTOR descriptor = {0, nullptr, sizeof(PCPIN_DESCRIPTOR),  kPinCount,   pins, sizeof(PCNODE_DESCRIPTOR),
                                  0, nullptr, SIZEOF_ARRAY(connections), connections, 0,    nullptr};

} // namespace

PPCFILTER_DESCRIPTOR dmus_descriptor() {
    return &descriptor;
}
