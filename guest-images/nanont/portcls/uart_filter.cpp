// SPDX-License-Identifier: MIT
#include "uart_filter.hpp"

namespace portcls {
namespace {

const GUID kCategories[] = {{STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}, {STATIC_KSCATEGORY_CAPTURE}};
const GUID kCaptureCategories[] = {{STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_CAPTURE}};

KSDATARANGE range_of(ULONG size, const GUID& sub_format) {
    return {size, 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC}, sub_format, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}};
}

PCPIN_DESCRIPTOR pin_of(ULONG instances, const PKSDATARANGE* ranges, ULONG count, KSPIN_DATAFLOW flow) {
    PCPIN_DESCRIPTOR pin = {};
    pin.MaxGlobalInstanceCount = pin.MaxFilterInstanceCount = instances;
    pin.KsPinDescriptor.DataRangesCount = count;
    pin.KsPinDescriptor.DataRanges = ranges;
    pin.KsPinDescriptor.DataFlow = flow;
    pin.KsPinDescriptor.Communication = instances ? KSPIN_COMMUNICATION_SINK : KSPIN_COMMUNICATION_NONE;
    pin.KsPinDescriptor.Category = &kCategories[0];
    return pin;
}

} // namespace

UartFilter::UartFilter(Pins pins, bool dmus)
    : render_(pins == Pins::RenderAndCapture),
      music_{{range_of(sizeof(KSDATARANGE_MUSIC), KSDATAFORMAT_SUBTYPE_MIDI), {}, 0, 0, 0xFFFF},
             {range_of(sizeof(KSDATARANGE_MUSIC), KSDATAFORMAT_SUBTYPE_DIRECTMUSIC), {}, 0, 0, 0xFFFF}},
      bus_(range_of(sizeof(KSDATARANGE), KSDATAFORMAT_SUBTYPE_MIDI_BUS)), music_ranges_{&music_[0].DataRange,
                                                                                        &music_[1].DataRange},
      bus_ranges_{&bus_}, pins_{}, connections_{}, descriptor_{} {
    set_technology(KSMUSIC_TECHNOLOGY_PORT);
    ULONG pin = 0, connection = 0;
    const ULONG ranges = dmus ? 2 : 1;
    if (render_) {
        pins_[0] = pin_of(1, music_ranges_, ranges, KSPIN_DATAFLOW_IN);
        pins_[1] = pin_of(0, bus_ranges_, 1, KSPIN_DATAFLOW_OUT);
        connections_[connection++] = {PCFILTER_NODE, 0, PCFILTER_NODE, 1};
        pin = 2;
    }
    pins_[pin] = pin_of(1, music_ranges_, ranges, KSPIN_DATAFLOW_OUT);
    pins_[pin + 1] = pin_of(0, bus_ranges_, 1, KSPIN_DATAFLOW_IN);
    connections_[connection++] = {PCFILTER_NODE, pin + 1, PCFILTER_NODE, pin};
    descriptor_.PinSize = sizeof(PCPIN_DESCRIPTOR);
    descriptor_.PinCount = pin + 2;
    descriptor_.Pins = pins_;
    descriptor_.NodeSize = sizeof(PCNODE_DESCRIPTOR);
    descriptor_.ConnectionCount = connection;
    descriptor_.Connections = connections_;
    descriptor_.CategoryCount = render_ ? SIZEOF_ARRAY(kCategories) : SIZEOF_ARRAY(kCaptureCategories);
    descriptor_.Categories = render_ ? kCategories : kCaptureCategories;
}

void UartFilter::set_technology(const GUID& technology) {
    for (KSDATARANGE_MUSIC& range : music_)
        range.Technology = technology;
}

} // namespace portcls
