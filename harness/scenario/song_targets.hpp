// SPDX-License-Identifier: MIT
// Which filter and which pins the song goes through: chosen from what the driver registered.
#pragma once

#include "inspect/offers.hpp"
#include "scenario/song_run.hpp"

#include <optional>

namespace mpulab {

struct SongTargets {
    std::optional<PinTarget> render;
    std::optional<PinTarget> capture;
    std::vector<std::string> notes; // what was chosen among several
    std::vector<SongTargets> more;  // of the devices behind the first, by unit
};

/// The first subdevice with a render pin for MIDI bytes; its capture pin, or else that of another subdevice. Either may
/// be missing.
SongTargets find_targets(const std::vector<OfferedSubdevice>& offers);

/// The same; throws Error when no pin of any subdevice streams MIDI bytes, saying what there was.
SongTargets choose_targets(const std::vector<OfferedSubdevice>& offers);

/// The same for each of `devices` devices by itself.
SongTargets choose_targets(const std::vector<OfferedSubdevice>& offers, size_t devices);

} // namespace mpulab
