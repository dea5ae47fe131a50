// SPDX-License-Identifier: MIT
// The filter descriptor of a MIDI port as most drivers have it: a render pin, a capture pin, and the bridge pin behind
// each. Data only.
#pragma once

#include "module/ddk.hpp"

enum MidiPin : ULONG { kRenderPin, kRenderBridge, kCapturePin, kCaptureBridge, kMidiPins };

/// Each call site's own tables: a driver has one.
inline PPCFILTER_DESCRIPTOR midi_pins() {
    static KSDATARANGE_MUSIC midi_range = {{sizeof(KSDATARANGE_MUSIC),
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
    static KSDATARANGE bus_range = {sizeof(KSDATARANGE),
                                    0,
                                    0,
                                    0,
                                    {STATIC_KSDATAFORMAT_TYPE_MUSIC},
                                    {STATIC_KSDATAFORMAT_SUBTYPE_MIDI_BUS},
                                    {STATIC_KSDATAFORMAT_SPECIFIER_NONE}};
    static const PKSDATARANGE midi_ranges[] = {reinterpret_cast<PKSDATARANGE>(&midi_range)};
    static const PKSDATARANGE bus_ranges[] = {&bus_range};
    static const GUID audio = {STATIC_KSCATEGORY_AUDIO};
    static const PCPIN_DESCRIPTOR pins[kMidiPins] = {
        {1,
         1,
         0,
         nullptr,
         {0, nullptr, 0, nullptr, 1, midi_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &audio, nullptr, {0}}},
        {0,
         0,
         0,
         nullptr,
         {0, nullptr, 0, nullptr, 1, bus_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &audio, nullptr, {0}}},
        {1,
         1,
         0,
         nullptr,
         {0, nullptr, 0, nullptr, 1, midi_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK, &audio, nullptr, {0}}},
        {0,
         0,
         0,
         nullptr,
         {0, nullptr, 0, nullptr, 1, bus_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &audio, nullptr, {0}}},
    };
    static const PCCONNECTION_DESCRIPTOR connections[] = {{PCFILTER_NODE, kRenderPin, PCFILTER_NODE, kRenderBridge},
                                                          {PCFILTER_NODE, kCaptureBridge, PCFILTER_NODE, kCapturePin}};
    static PCFILTER_DESCRIPTOR descriptor = {
        0, nullptr, sizeof(PCPIN_DESCRIPTOR), kMidiPins, pins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr, 2, connections,
        0, nullptr};
    return &descriptor;
}
