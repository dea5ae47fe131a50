// SPDX-License-Identifier: MIT
// The bytes of a place in a run, each with its record.
#pragma once

#include "common/bytes.hpp"
#include "events/event_log.hpp"

#include <set>

namespace mpulab {

struct ByteStream {
    Bytes bytes;
    std::vector<uint64_t> records; // of each byte
};

/// What MIDI OUT (kind WIRE_OUT) or MIDI IN (WIRE_IN) of a card carried. Stop and clocks that are the card's own are
/// left out.
ByteStream wire_bytes(const EventLog& log, uint16_t kind, uint32_t unit);

/// What completed reads gave to clients; `steps`: only reads that these score steps began, empty: all.
ByteStream captured_bytes(const EventLog& log, const std::set<uint64_t>& steps = {});

} // namespace mpulab
