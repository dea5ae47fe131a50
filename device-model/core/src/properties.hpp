// SPDX-License-Identifier: MIT
// What can be set about a card before it exists. README.md has the table for people.
#pragma once

#include "../../common/error_text.hpp"
#include "mpulab_core.h"
#include "timing.hpp"

namespace mpulab {

struct Properties {
    TimingKind timing_kind = TimingKind::Authentic;
    Timing timing = kAuthentic;
    bool uart_reset_ack = false;   // reference §2.1: Roland gives none; MEGAMID and an Aztech driver want one
    uint8_t status_unused = 0x3f;  // bits 5-0 of STATUS (reference §1.1)
    uint32_t tx_fifo_bytes = 256;  // reference §4
    uint32_t rx_fifo_bytes = 1745; // reference §4

    // Takes each name and value in turn; false: `error` names the property, the value seen and what is allowed.
    bool parse(const mpulab_core_property* properties, size_t count, ErrorText& error);
};

} // namespace mpulab
