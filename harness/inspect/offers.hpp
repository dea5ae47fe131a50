// SPDX-License-Identifier: MIT
// What a driver offered in a run: the subdevices it registered, as portcls.sys told the event log.
#pragma once

#include "events/event_log.hpp"

#include <array>
#include <string>
#include <vector>

namespace mpulab {

using Guid = std::array<uint8_t, 16>; // as Windows lays it out in memory

/// "{6994ad04-93ef-11d0-a3cc-00a0c9223196}".
std::string guid_text(const Guid& guid);
/// "KSCATEGORY_AUDIO"; the GUID itself when inspect/guid_names.def lacks it.
std::string guid_name(const Guid& guid);
/// From its text, in any case; all zero: it is none.
Guid guid_of(std::string_view text);

struct OfferedRange {
    Guid major{}, sub{}, specifier{};
    bool music = false; // it is a KSDATARANGE_MUSIC, which has:
    Guid technology{};
    uint32_t channels = 0, notes = 0, channel_mask = 0;

    bool is_midi() const; // MUSIC / MIDI: bytes in KSMUSICFORMAT records
    std::string text() const;
};

struct OfferedPin {
    enum Flow : uint8_t { In = 1, Out = 2 };                                               // KSPIN_DATAFLOW
    enum Communication : uint8_t { None = 0, Sink = 1, Source = 2, Both = 3, Bridge = 4 }; // KSPIN_COMMUNICATION

    uint32_t id = 0;
    uint8_t flow = 0;
    uint8_t communication = 0;
    uint32_t max_global = 0, max_filter = 0; // instances
    std::vector<OfferedRange> ranges;

    /// A client can stream plain MIDI through it.
    bool streams_midi() const;
    std::string text() const;
};

struct OfferedInterface {
    Guid category{};
    std::string link; // "\??\ACPI#PNPB006#0#{…}\UART"
};

struct OfferedSubdevice {
    uint32_t number = 0; // in the log
    std::string name;
    Guid port_class{};
    std::vector<OfferedInterface> interfaces;
    std::vector<OfferedPin> pins;
    bool gone = false; // taken away again before the run's end

    /// First pin a client can stream MIDI through in that direction; nullptr: there is none.
    const OfferedPin* midi_pin(OfferedPin::Flow flow) const;
};

/// In the order they were registered.
std::vector<OfferedSubdevice> read_offers(const EventLog& log);

} // namespace mpulab
