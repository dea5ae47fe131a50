// SPDX-License-Identifier: MIT
// The recorder's filter descriptor: data only.
#include "pins.hpp"

#include "../support/ranges.hpp"

namespace {

#define RENDER PIN(1, 1, midi_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK)
#define CAPTURE PIN(1, 1, midi_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK)

const PCPIN_DESCRIPTOR pins[kPinCount] = {
    RENDER,  PIN(0, 0, bus_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE),
    CAPTURE, RENDER,
    RENDER,  RENDER,
    RENDER,  RENDER,
    RENDER,  RENDER,
    RENDER,  RENDER,
    CAPTURE, PIN(2, 1, midi_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK),
    RENDER,  RENDER,
    CAPTURE, CAPTURE,
    RENDER,  RENDER,
    RENDER,  RENDER,
    RENDER,  CAPTURE,
    RENDER,
};
const PCCONNECTION_DESCRIPTOR connections[] = {{PCFILTER_NODE, kPlainPin, PCFILTER_NODE, kBridgePin}};
PCFILTER_DESCRIPTOR descriptor = {0, nullptr, sizeof(PCPIN_DESCRIPTOR),  kPinCount,   pins, sizeof(PCNODE_DESCRIPTOR),
                                  0, nullptr, SIZEOF_ARRAY(connections), connections, 0,    nullptr};

} // namespace

PPCFILTER_DESCRIPTOR recorder_descriptor() {
    return &descriptor;
}
