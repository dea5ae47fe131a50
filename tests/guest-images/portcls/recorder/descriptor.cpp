// SPDX-License-Identifier: MIT
// The recorder's filter descriptor: data only.
#include "pins.hpp"

namespace {

KSDATARANGE_MUSIC midi_range = {{sizeof(KSDATARANGE_MUSIC),
                                 0,
                                 0,
                                 0,
                                 {STATIC_KSDATAFORMAT_TYPE_MUSIC},
                                 {STATIC_KSDATAFORMAT_SUBTYPE_MIDI},
                                 {STATIC_KSDATAFORMAT_SPECIFIER_NONE}},
                                {STATIC_KSMUSIC_TECHNOLOGY_PORT},
                                0,
                                0,
                                0xFFFF};
KSDATARANGE bus_range = {sizeof(KSDATARANGE),
                         0,
                         0,
                         0,
                         {STATIC_KSDATAFORMAT_TYPE_MUSIC},
                         {STATIC_KSDATAFORMAT_SUBTYPE_MIDI_BUS},
                         {STATIC_KSDATAFORMAT_SPECIFIER_NONE}};
const PKSDATARANGE midi_ranges[] = {reinterpret_cast<PKSDATARANGE>(&midi_range)};
const PKSDATARANGE bus_ranges[] = {&bus_range};
const GUID audio_category = {STATIC_KSCATEGORY_AUDIO};

#define PIN(most, most_per_filter, ranges, flow, communication)                                                        \
    {                                                                                                                  \
        most, most_per_filter, 0, nullptr, {                                                                           \
            0, nullptr, 0, nullptr, SIZEOF_ARRAY(ranges), ranges, flow, communication, &audio_category, nullptr, {     \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
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
};
const PCCONNECTION_DESCRIPTOR connections[] = {{PCFILTER_NODE, kPlainPin, PCFILTER_NODE, kBridgePin}};
PCFILTER_DESCRIPTOR descriptor = {0, nullptr, sizeof(PCPIN_DESCRIPTOR),  kPinCount,   pins, sizeof(PCNODE_DESCRIPTOR),
                                  0, nullptr, SIZEOF_ARRAY(connections), connections, 0,    nullptr};

} // namespace

PPCFILTER_DESCRIPTOR recorder_descriptor() {
    return &descriptor;
}
