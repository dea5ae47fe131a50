// SPDX-License-Identifier: MIT
// The filter of the system's own UART miniports: streaming pins and the bridge pins of the cable behind them (reference
// portcls-midi.md §4). One per miniport, since IMusicTechnology::SetTechnology changes its data ranges.
#pragma once

#include "com.hpp"
#include "dmus.hpp"

namespace portcls {

class UartFilter {
  public:
    enum class Pins { RenderAndCapture, CaptureOnly };

    /** `dmus`: the streaming pins take DirectMusic data, too. */
    UartFilter(Pins pins, bool dmus);
    UartFilter(const UartFilter&) = delete;
    UartFilter& operator=(const UartFilter&) = delete;

    PPCFILTER_DESCRIPTOR descriptor() { return &descriptor_; }
    /** KSDATARANGE_MUSIC.Technology of every range. */
    void set_technology(const GUID& technology);
    bool is_render(ULONG pin) const { return render_ && pin == 0; }
    bool is_capture(ULONG pin) const { return pin == (render_ ? 2 : 0); }

  private:
    const bool render_;
    KSDATARANGE_MUSIC music_[2];
    KSDATARANGE bus_;
    PKSDATARANGE music_ranges_[2];
    PKSDATARANGE bus_ranges_[1];
    PCPIN_DESCRIPTOR pins_[4];
    PCCONNECTION_DESCRIPTOR connections_[2];
    PCFILTER_DESCRIPTOR descriptor_;
};

} // namespace portcls
