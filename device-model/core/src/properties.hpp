// SPDX-License-Identifier: MIT
// What can be set about a card before it exists. mpulab_properties.def has the table; here it gets types.
#pragma once

#include "../../common/bytes.hpp"
#include "../../common/error_text.hpp"
#include "mpulab_core.h"
#include "timing.hpp"

namespace mpulab {

// As given: the place of a choice in its list, 0 or 1, or the number.
struct Settings {
#define MPULAB_CHOICE(field, name, value, allowed, help) int32_t field;
#define MPULAB_SWITCH(field, name, value, help) int32_t field;
#define MPULAB_NUMBER(field, name, value, low, high, help) int32_t field;
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
};

struct Properties {
    Settings settings; // what the rest follows from

    bool uart_only = false;
    Timing timing = kAuthentic;
    bool midi_clock_out = true;
    bool uart_reset_ack = false;   // reference §2.1: Roland gives none; MEGAMID and an Aztech driver want one
    uint16_t version = 0x1501;     // reference §0.4
    uint8_t status_unused = 0x3f;  // bits 5-0 of STATUS (reference §1.1)
    uint32_t tx_fifo_bytes = 256;  // reference §4
    uint32_t rx_fifo_bytes = 1745; // reference §4
    bool silence_on_reset = false; // reference §2.3
    bool sysex_delay = false;      // reference §4

    // Takes each name and value in turn; false: `error` names the property, the value seen and what is allowed.
    bool parse(const mpulab_core_property* properties, size_t count, ErrorText& error);

    // With a saved state, so that one meant for another card is refused by the property's name.
    void save(ByteWriter& out) const;
    bool check_saved(ByteReader& in, ErrorText& error) const;
};

} // namespace mpulab
