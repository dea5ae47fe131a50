// SPDX-License-Identifier: MIT
// What the filter looks like from outside: pins, ranges, categories.
#pragma once

#include "kernel_glue.h"

namespace {

enum Pin : ULONG { kPinRender, kPinWireOut, kPinCapture, kPinWireIn };

KSDATARANGE_MUSIC musicRange = {{{sizeof(KSDATARANGE_MUSIC),
                                  0,
                                  0,
                                  0,
                                  {STATICGUIDOF(KSDATAFORMAT_TYPE_MUSIC)},
                                  {STATICGUIDOF(KSDATAFORMAT_SUBTYPE_MIDI)},
                                  {STATICGUIDOF(KSDATAFORMAT_SPECIFIER_NONE)}}},
                                {STATICGUIDOF(KSMUSIC_TECHNOLOGY_PORT)},
                                0,
                                0,
                                0xFFFF};
KSDATARANGE wireRange = {{sizeof(KSDATARANGE),
                          0,
                          0,
                          0,
                          {STATICGUIDOF(KSDATAFORMAT_TYPE_MUSIC)},
                          {STATICGUIDOF(KSDATAFORMAT_SUBTYPE_MIDI_BUS)},
                          {STATICGUIDOF(KSDATAFORMAT_SPECIFIER_NONE)}}};

PKSDATARANGE streamRanges[] = {reinterpret_cast<PKSDATARANGE>(&musicRange)};
PKSDATARANGE wireRanges[] = {&wireRange};

const GUID audioCategory = {STATICGUIDOF(KSCATEGORY_AUDIO)};
const GUID midiPinName = {STATICGUIDOF(KSAUDFNAME_MIDI)};
const GUID categories[] = {
    {STATICGUIDOF(KSCATEGORY_AUDIO)}, {STATICGUIDOF(KSCATEGORY_RENDER)}, {STATICGUIDOF(KSCATEGORY_CAPTURE)}};

constexpr PCPIN_DESCRIPTOR streamPin(KSPIN_DATAFLOW flow) {
    return {
        1,
        1,
        0,
        nullptr,
        {0, nullptr, 0, nullptr, 1, streamRanges, flow, KSPIN_COMMUNICATION_SINK, &audioCategory, &midiPinName, {0}}};
}
constexpr PCPIN_DESCRIPTOR wirePin(KSPIN_DATAFLOW flow) {
    return {0,
            0,
            0,
            nullptr,
            {0, nullptr, 0, nullptr, 1, wireRanges, flow, KSPIN_COMMUNICATION_NONE, &audioCategory, nullptr, {0}}};
}

// In the order of Pin. A capture pin is a sink too: that word says who sends the requests.
constinit PCPIN_DESCRIPTOR pins[] = {streamPin(KSPIN_DATAFLOW_IN), wirePin(KSPIN_DATAFLOW_OUT),
                                     streamPin(KSPIN_DATAFLOW_OUT), wirePin(KSPIN_DATAFLOW_IN)};
PCCONNECTION_DESCRIPTOR connections[] = {{PCFILTER_NODE, kPinRender, PCFILTER_NODE, kPinWireOut},
                                         {PCFILTER_NODE, kPinWireIn, PCFILTER_NODE, kPinCapture}};
PCFILTER_DESCRIPTOR filter = {0,
                              nullptr,
                              sizeof(PCPIN_DESCRIPTOR),
                              SIZEOF_ARRAY(pins),
                              pins,
                              sizeof(PCNODE_DESCRIPTOR),
                              0,
                              nullptr,
                              SIZEOF_ARRAY(connections),
                              connections,
                              SIZEOF_ARRAY(categories),
                              categories};

bool isMidi(const KSDATAFORMAT* format) {
    return format != nullptr && format->FormatSize >= sizeof(KSDATAFORMAT) &&
           IsEqualGUIDAligned(format->MajorFormat, musicRange.DataRange.MajorFormat) &&
           IsEqualGUIDAligned(format->SubFormat, musicRange.DataRange.SubFormat) &&
           IsEqualGUIDAligned(format->Specifier, musicRange.DataRange.Specifier);
}

} // namespace
