// SPDX-License-Identifier: MIT
// The data ranges of a MIDI filter's pins, and a pin descriptor made of them (reference portcls-midi.md §4). Data only.
#pragma once

#include "module/ddk.hpp"

inline KSDATARANGE_MUSIC midi_range = {{sizeof(KSDATARANGE_MUSIC),
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
inline KSDATARANGE bus_range = {sizeof(KSDATARANGE),
                                0,
                                0,
                                0,
                                {STATIC_KSDATAFORMAT_TYPE_MUSIC},
                                {STATIC_KSDATAFORMAT_SUBTYPE_MIDI_BUS},
                                {STATIC_KSDATAFORMAT_SPECIFIER_NONE}};
inline const PKSDATARANGE midi_ranges[] = {reinterpret_cast<PKSDATARANGE>(&midi_range)};
inline const PKSDATARANGE bus_ranges[] = {&bus_range};
inline const GUID audio_category = {STATIC_KSCATEGORY_AUDIO};

#define PIN(most, most_per_filter, ranges, flow, communication)                                                        \
    {                                                                                                                  \
        most, most_per_filter, 0, nullptr, {                                                                           \
            0, nullptr, 0, nullptr, SIZEOF_ARRAY(ranges), ranges, flow, communication, &audio_category, nullptr, {     \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
