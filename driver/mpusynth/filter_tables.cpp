// SPDX-License-Identifier: MIT
// Pins, connections and categories of the filter: data only (reference portcls-midi.md §4).
//
//   client ──► 0 render ──► 1 bridge ──► MIDI OUT
//   client ◄── 2 capture ◄── 3 bridge ◄── MIDI IN
#include "filter_tables.hpp"

#include "properties.hpp"

namespace mpusynth {
namespace {

template <class T, ULONG kCount> constexpr ULONG count_of(const T (&)[kCount]) {
    return kCount;
}

/// What a client streams: MIDI bytes in KSMUSICFORMAT records, for a device that is a plain port.
KSDATARANGE_MUSIC g_stream_range = {
    {{sizeof(KSDATARANGE_MUSIC),
      0,
      0,
      0,
      {STATICGUIDOF(KSDATAFORMAT_TYPE_MUSIC)},
      {STATICGUIDOF(KSDATAFORMAT_SUBTYPE_MIDI)},
      {STATICGUIDOF(KSDATAFORMAT_SPECIFIER_NONE)}}},
    {STATICGUIDOF(KSMUSIC_TECHNOLOGY_PORT)},
    0,     // channels: no limit is claimed
    0,     // notes: the same
    0xffff // all sixteen MIDI channels
};

/// What runs on the cable.
// clang-format off
KSDATARANGE g_cable_range = {
    {sizeof(KSDATARANGE), 0, 0, 0,
     {STATICGUIDOF(KSDATAFORMAT_TYPE_MUSIC)},
     {STATICGUIDOF(KSDATAFORMAT_SUBTYPE_MIDI_BUS)},
     {STATICGUIDOF(KSDATAFORMAT_SPECIFIER_NONE)}}};
// clang-format on

const PKSDATARANGE kStreamRanges[] = {reinterpret_cast<PKSDATARANGE>(&g_stream_range)};
const PKSDATARANGE kCableRanges[] = {&g_cable_range};

/// A pin that one client can open. Communication is SINK for capture too: it says that IRPs come to us.
constexpr PCPIN_DESCRIPTOR stream_pin(KSPIN_DATAFLOW flow) {
    PCPIN_DESCRIPTOR pin = {};
    pin.MaxGlobalInstanceCount = 1;
    pin.MaxFilterInstanceCount = 1;
    pin.KsPinDescriptor.DataRangesCount = count_of(kStreamRanges);
    pin.KsPinDescriptor.DataRanges = kStreamRanges;
    pin.KsPinDescriptor.DataFlow = flow;
    pin.KsPinDescriptor.Communication = KSPIN_COMMUNICATION_SINK;
    pin.KsPinDescriptor.Category = &KSCATEGORY_AUDIO;
    pin.KsPinDescriptor.Name = &KSAUDFNAME_MIDI;
    return pin;
}

/// A pin nobody can open: where the cable is.
constexpr PCPIN_DESCRIPTOR cable_pin(KSPIN_DATAFLOW flow) {
    PCPIN_DESCRIPTOR pin = {};
    pin.KsPinDescriptor.DataRangesCount = count_of(kCableRanges);
    pin.KsPinDescriptor.DataRanges = kCableRanges;
    pin.KsPinDescriptor.DataFlow = flow;
    pin.KsPinDescriptor.Communication = KSPIN_COMMUNICATION_NONE;
    pin.KsPinDescriptor.Category = &KSCATEGORY_AUDIO;
    return pin;
}

constexpr PCPIN_DESCRIPTOR kPins[] = {
    stream_pin(KSPIN_DATAFLOW_IN),  // kPinRender
    cable_pin(KSPIN_DATAFLOW_OUT),  // kPinBridgeOut
    stream_pin(KSPIN_DATAFLOW_OUT), // kPinCapture
    cable_pin(KSPIN_DATAFLOW_IN),   // kPinBridgeIn
};

constexpr PCCONNECTION_DESCRIPTOR kConnections[] = {
    {PCFILTER_NODE, kPinRender, PCFILTER_NODE, kPinBridgeOut},
    {PCFILTER_NODE, kPinBridgeIn, PCFILTER_NODE, kPinCapture},
};

constexpr GUID kCategories[] = {
    {STATICGUIDOF(KSCATEGORY_AUDIO)}, {STATICGUIDOF(KSCATEGORY_RENDER)}, {STATICGUIDOF(KSCATEGORY_CAPTURE)}};

} // namespace

const PCFILTER_DESCRIPTOR kFilterDescriptor = {
    0, // version
    &kFilterProperties,
    sizeof(PCPIN_DESCRIPTOR),
    count_of(kPins),
    kPins,
    sizeof(PCNODE_DESCRIPTOR),
    0,
    nullptr, // a MIDI port has no nodes
    count_of(kConnections),
    kConnections,
    count_of(kCategories),
    kCategories,
};

} // namespace mpusynth
