// SPDX-License-Identifier: MIT
#pragma once

#include "wdk.hpp"

namespace mpusynth {

/// What the PnP manager assigned to this card.
struct CardResources {
    PUCHAR base;        // translated first port; the card needs mpu401::kPortCount from here
    bool has_interrupt; // false: firmware gave the card none; input is polled then
};

/// Reads the translated resources: one port range of at least two ports below 10000h, at most one interrupt, no DMA
/// channel. STATUS_DEVICE_CONFIGURATION_ERROR (and a line that says what was seen) for everything else, a NULL list
/// too. PASSIVE_LEVEL.
NTSTATUS read_card_resources(PRESOURCELIST list, CardResources& resources);

} // namespace mpusynth
